// Gives the widgets under it one API and one user.
import { useEffect, useMemo, useState, type ReactNode } from "react";

import { UsageApi } from "../api/client";
import type { Definitions } from "../api/types";
import { UsageContext, type Usage } from "./context";

export interface UsageProviderProps {
  /** Where the API is, such as `https://usage.example.org`; the page's own server if left out. */
  baseUrl?: string;
  /** An access key or the user's JSON web token. */
  accessKey?: string | null;
  userId?: string | null;
  /** An API made elsewhere, instead of the two above. */
  api?: UsageApi;
  onRunWorkflow?: (workflowId: string) => void;
  onOpenWorkflow?: (workflowId: string) => void;
  workflowHref?: (workflowId: string) => string;
  children: ReactNode;
}

const NO_DEFINITIONS: Omit<Definitions, "as_of"> = { items: {}, time_zone: "UTC" };

export function UsageProvider(props: UsageProviderProps) {
  const { baseUrl = "", accessKey = null, userId = null, onRunWorkflow, onOpenWorkflow, workflowHref } = props;
  const given = props.api;
  const api = useMemo(() => given ?? new UsageApi(baseUrl, accessKey), [given, baseUrl, accessKey]);
  const [definitions, setDefinitions] = useState(NO_DEFINITIONS);

  useEffect(() => {
    const stopper = new AbortController();
    api.get<Definitions>("/definitions", stopper.signal).then(
      setDefinitions,
      // Without definitions the numbers still stand; the widgets report what keeps them from loading.
      () => undefined,
    );
    return () => stopper.abort();
  }, [api]);

  const usage = useMemo<Usage>(
    () => ({ api, userId, onRunWorkflow, onOpenWorkflow, workflowHref, definitions: definitions.items, timeZone: definitions.time_zone }),
    [api, userId, onRunWorkflow, onOpenWorkflow, workflowHref, definitions],
  );
  return <UsageContext.Provider value={usage}>{props.children}</UsageContext.Provider>;
}
