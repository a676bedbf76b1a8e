// What is worth telling a user, the best first, with the numbers behind it; each can be dismissed and taken back.
import { useState } from "react";

import { announceChange } from "../api/changes";
import { asProblem } from "../api/client";
import { userPath } from "../api/paths";
import type { Insight } from "../api/types";
import { usePagedList } from "../api/useResource";
import { Pager } from "../parts/Pager";
import { Panel, type HeadingLevel } from "../parts/Panel";
import { Empty, Problem, Shown } from "../parts/states";
import { useUsage } from "./context";
import { useFavourites, type Favourites } from "./favourites";
import { InsightRow, words } from "./InsightRow";

export interface UsageInsightsProps {
  userId?: string;
  headingLevel?: HeadingLevel;
  pageSize?: number;
  /** Does what an insight proposes; return true if it is done, else the widget does what it can itself. */
  onAction?: (insight: Insight) => boolean;
}

export function UsageInsights({ userId, headingLevel = 2, pageSize = 5, onAction }: UsageInsightsProps) {
  const usage = useUsage();
  const user = userId ?? usage.userId;
  const path = user === null ? null : userPath(user, "/insights");
  const list = usePagedList<Insight>(path, { state: "open" }, pageSize);
  const favourites = useFavourites(user);
  const [dismissed, setDismissed] = useState<Insight | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const change = async (send: () => Promise<unknown>): Promise<boolean> => {
    try {
      await send();
      setProblem(null);
      return true;
    } catch (error) {
      setProblem(asProblem(error).message);
      return false;
    } finally {
      if (path !== null) announceChange(path);
    }
  };
  const decide = (insight: Insight, decision: "dismiss" | "reopen") =>
    change(() => usage.api.send("POST", `${path}/${encodeURIComponent(insight.insight_id)}/${decision}`));
  const dismiss = async (insight: Insight) => {
    if (await decide(insight, "dismiss")) setDismissed(insight);
  };
  const undo = async (insight: Insight) => {
    if (await decide(insight, "reopen")) setDismissed(null);
  };
  const add = async (to: string, body: unknown) => {
    await change(() => usage.api.send("POST", to, body));
    announceChange(to);
  };
  const act = (insight: Insight) => {
    if (onAction?.(insight) || user === null) return;
    const sequence = sequenceOf(insight);
    if (insight.action === "add_to_favorites" && insight.workflow_id !== null) {
      void favourites.add({ workflow_id: insight.workflow_id, workflow_name: insight.workflow_name });
    } else if (sequence) {
      const name = `Sequence of ${insight.opened_date ?? "today"}`;
      void add(userPath(user, "/templates"), { sequence_id: sequence, name }).then(() =>
        announceChange(`/sequences/${encodeURIComponent(user)}`),
      );
    } else if (insight.workflow_id) usage.onOpenWorkflow?.(insight.workflow_id);
  };

  return (
    <Panel title="Insights" level={headingLevel} className="uw-insights">
      {(problem ?? favourites.problem) && <Problem message={problem ?? favourites.problem ?? ""} />}
      {dismissed && (
        <p className="uw-notice" role="status">
          Dismissed.{" "}
          <button
            key={dismissed.insight_id}
            // The button that was pressed is gone; who uses the keyboard goes on from here.
            ref={focusOnce}
            type="button"
            className="uw-button uw-button--quiet"
            onClick={() => void undo(dismissed)}
          >
            Undo
          </button>
        </p>
      )}
      {user === null ? (
        <Empty>Choose a user to see their insights.</Empty>
      ) : (
        <Shown
          resource={list}
          what="insights"
          isEmpty={(page) => page.items.length === 0}
          empty="Nothing needs your attention."
        >
          {(page) => (
            <ul className="uw-rows">
              {page.items.map((insight) => (
                <InsightRow
                  key={insight.insight_id}
                  insight={insight}
                  proposal={proposalOf(insight, Boolean(onAction), Boolean(usage.onOpenWorkflow))}
                  onTakeBack={takeBackOf(insight, favourites)}
                  onAction={act}
                  onDismiss={(one) => void dismiss(one)}
                />
              ))}
            </ul>
          )}
        </Shown>
      )}
      <Pager list={list} what="insights" />
    </Panel>
  );
}

function focusOnce(button: HTMLButtonElement | null): void {
  button?.focus({ preventScroll: true });
}

/** The sequence that an insight proposes to save. */
function sequenceOf(insight: Insight): string | null {
  const id = insight.evidence["sequence_id"];
  return insight.action === "save_as_template" && typeof id === "string" ? id : null;
}

/** How to take back that a workflow is a favourite, where an insight proposes to make it one and it is. */
function takeBackOf(insight: Insight, favourites: Favourites): (() => void) | null {
  const { action, workflow_id: id } = insight;
  if (action !== "add_to_favorites" || id === null || !favourites.has(id)) return null;
  return () => void favourites.remove(id);
}

/** What the button says; null where pressing it would do nothing. It promises only what is done. */
function proposalOf(insight: Insight, hostActs: boolean, hostOpens: boolean): string | null {
  const isOwn = (insight.action === "add_to_favorites" && insight.workflow_id !== null) || sequenceOf(insight) !== null;
  if (hostActs || isOwn) return words(insight.action);
  if (insight.workflow_id === null || !hostOpens) return null;
  return insight.action.startsWith("view_") ? words(insight.action) : "Open workflow";
}
