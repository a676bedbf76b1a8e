// Tracks one execution for as long as it is shown: it starts with the widget and ends with its status.
import { createContext, useContext, useEffect, useMemo, useRef, type ReactNode } from "react";

import { ExecutionTracker, type FinalStatus, type RunningExecution, type TrackerOptions } from "../tracking/tracker";
import { useUsage } from "./context";

const TrackerContext = createContext<ExecutionTracker | null>(null);

export interface WorkflowUsageTrackerProps {
  /** The workflow that runs now; without one nothing starts and only `useExecutionTracker` is provided. */
  workflowId?: string;
  workflowName?: string;
  trigger?: "manual" | "scheduled" | "api" | "chained";
  /** `started` while it runs, then how it ended. Taken away before its end, it is cancelled. */
  status?: "started" | FinalStatus;
  errorMessage?: string;
  userId?: string;
  whenPageCloses?: TrackerOptions["whenPageCloses"];
  onRejected?: TrackerOptions["onRejected"];
  children?: ReactNode;
}

export function WorkflowUsageTracker(props: WorkflowUsageTrackerProps) {
  const usage = useUsage();
  const { workflowId, workflowName, trigger, status = "started", errorMessage, whenPageCloses, onRejected } = props;
  const userId = props.userId ?? usage.userId;
  const tracker = useMemo(
    () =>
      userId === null
        ? null
        : new ExecutionTracker(usage.api, userId, whenPageCloses === undefined ? {} : { whenPageCloses }),
    [usage.api, userId, whenPageCloses],
  );
  useEffect(() => tracker?.attach(), [tracker]);
  useEffect(() => tracker?.reportRejections(onRejected), [tracker, onRejected]);

  const running = useRef<RunningExecution | null>(null);
  useEffect(() => {
    if (!tracker || workflowId === undefined) return;
    const execution = tracker.start({ workflowId, workflowName, trigger });
    running.current = execution;
    return () => execution.end("cancelled");
    // A new name does not make a new execution.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [tracker, workflowId, trigger]);
  useEffect(() => {
    if (status !== "started") running.current?.end(status, errorMessage);
  }, [status, errorMessage]);

  return <TrackerContext.Provider value={tracker}>{props.children ?? null}</TrackerContext.Provider>;
}

/** The tracker around a component: `track({ workflowId }, () => run())`; null while no user is known. */
export function useExecutionTracker(): ExecutionTracker | null {
  return useContext(TrackerContext);
}
