// A user's favourites: read, changed at once on the screen, and put back if the server refuses.
import { useState } from "react";

import { announceChange } from "../api/changes";
import { asProblem } from "../api/client";
import { userPath } from "../api/paths";
import type { Favourite, Page, WorkflowName } from "../api/types";
import { useWholeList, type Resource } from "../api/useResource";
import { useUsage } from "./context";

export interface Favourites {
  resource: Resource<Page<Favourite>>;
  items: Favourite[];
  problem: string | null;
  has: (workflowId: string) => boolean;
  add: (workflow: WorkflowName) => Promise<void>;
  remove: (workflowId: string) => Promise<void>;
  change: (workflowId: string, change: { custom_name: string | null; category: string | null }) => Promise<void>;
  order: (workflowIds: string[]) => Promise<void>;
}

// The server takes 1,000 favourites at most.
const PAGE = 200;

/** The same things with one of them moved to another place. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const others = items.filter((_, index) => index !== from);
  const item = items[from];
  if (item !== undefined) others.splice(to, 0, item);
  return others;
}

export function useFavourites(userId: string | null): Favourites {
  const { api } = useUsage();
  const path = userId === null ? null : userPath(userId, "/favorites");
  const resource = useWholeList<Favourite>(path, PAGE);
  const [problem, setProblem] = useState<string | null>(null);
  const items = resource.data?.items ?? [];

  const save = async (shown: Favourite[] | null, send: () => Promise<unknown>) => {
    if (shown && resource.data) resource.replace({ ...resource.data, items: shown });
    try {
      await send();
      setProblem(null);
    } catch (error) {
      setProblem(asProblem(error).message);
    }
    // What the server now says is right, whether it took the change or not.
    if (path !== null) announceChange(path);
  };
  const one = (workflowId: string) => `${path}/${encodeURIComponent(workflowId)}`;

  return {
    resource,
    items,
    problem,
    has: (workflowId) => items.some((item) => item.workflow_id === workflowId),
    add: (workflow) => save(null, () => api.send("POST", `${path}`, { workflow_id: workflow.workflow_id })),
    remove: (workflowId) =>
      save(
        items.filter((item) => item.workflow_id !== workflowId),
        () => api.send("DELETE", one(workflowId)),
      ),
    change: (workflowId, change) =>
      save(
        items.map((item) => (item.workflow_id === workflowId ? { ...item, ...change } : item)),
        () => api.send("PATCH", one(workflowId), change),
      ),
    order: (workflowIds) =>
      save(
        workflowIds.flatMap((id) => items.find((item) => item.workflow_id === id) ?? []),
        () => api.send("PUT", `${path}/order`, { workflow_ids: workflowIds }),
      ),
  };
}
