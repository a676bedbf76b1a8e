import { render, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { UsageApi } from "../src/api/client";
import { ExecutionQueue, type TrackedExecution } from "../src/tracking/queue";
import { ExecutionTracker } from "../src/tracking/tracker";
import { WorkflowUsageTracker } from "../src/widgets/WorkflowUsageTracker";
import { Around, problem, serverOf } from "./server";

const ACCEPTED = { accepted: 1, rejected: 0, items: [] };

function report(id: string): TrackedExecution {
  return { execution_id: id, user_id: "u1", workflow_id: "w1", status: "started", start_time: "2026-06-28T10:00:00Z" };
}

function sent(calls: { path: string; body: unknown }[]): TrackedExecution[] {
  return calls
    .filter((call) => call.path === "/track")
    .flatMap((call) => (call.body as { executions: TrackedExecution[] }).executions);
}

describe("the queue", () => {
  it("gives up the oldest reports when it is full, and counts them", () => {
    const queue = new ExecutionQueue(window.localStorage, 3);
    for (const id of ["a", "b", "c", "d", "e"]) queue.add(report(id));
    expect(queue.oldest(10).map(([, execution]) => execution.execution_id)).toEqual(["c", "d", "e"]);
    expect(queue.dropped).toBe(2);
  });

  it("is the same for the next page, and passes over what it cannot read", () => {
    new ExecutionQueue(window.localStorage).add(report("a"));
    window.localStorage.setItem("workflow-usage.queue.0", "{not json");
    const next = new ExecutionQueue(window.localStorage);
    expect(next.oldest(10).map(([, execution]) => execution.execution_id)).toEqual(["a"]);
  });

  it("keeps reports in memory where storage is forbidden", () => {
    const queue = new ExecutionQueue(null);
    queue.add(report("a"));
    expect(queue.size).toBe(1);
  });
});

describe("the tracker", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date("2026-06-28T10:00:00Z"), shouldAdvanceTime: true });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("reports start and end of one execution with its duration in milliseconds", async () => {
    const { api, calls } = serverOf({ "POST /track": ACCEPTED });
    const tracker = new ExecutionTracker(api, "u1");
    const execution = tracker.start({ workflowId: "w1", workflowName: "Report" });
    vi.setSystemTime(new Date("2026-06-28T10:00:02.500Z"));
    execution.end("completed");
    execution.end("failed");
    await waitFor(() => expect(sent(calls)).toHaveLength(2));
    const [start, end] = sent(calls);
    expect(start).toMatchObject({ status: "started", user_id: "u1", workflow_id: "w1", workflow_name: "Report" });
    expect(end).toMatchObject({ status: "completed", execution_id: start?.execution_id, start_time: start?.start_time });
    expect(end?.duration_ms).toBeGreaterThanOrEqual(2500);
    await waitFor(() => expect(new ExecutionQueue(window.localStorage).size).toBe(0));
  });

  it("reports a failure with its message and passes the error on", async () => {
    const { api, calls } = serverOf({ "POST /track": ACCEPTED });
    const tracker = new ExecutionTracker(api, "u1");
    await expect(tracker.track({ workflowId: "w1" }, () => Promise.reject(new Error("no paper")))).rejects.toThrow("no paper");
    await waitFor(() => expect(sent(calls).at(-1)).toMatchObject({ status: "failed", error_message: "no paper" }));
  });

  it("keeps reports while offline and sends them when the server is back", async () => {
    let isOffline = true;
    const { api, calls } = serverOf({ "POST /track": () => (isOffline ? problem(503, "Full.", { "Retry-After": "7" }) : ACCEPTED) });
    new ExecutionTracker(api, "u1").start({ workflowId: "w1" });
    await waitFor(() => expect(calls).toHaveLength(1));
    expect(new ExecutionQueue(window.localStorage).size).toBe(1);
    isOffline = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    await waitFor(() => expect(new ExecutionQueue(window.localStorage).size).toBe(0));
  });

  it("gives up a report that is malformed and says so, and no other", async () => {
    const { api } = serverOf({ "POST /track": problem(422, "workflow_id is not an id.") });
    const rejected = vi.fn();
    new ExecutionTracker(api, "u1", { onRejected: rejected }).start({ workflowId: "" });
    await waitFor(() => expect(rejected).toHaveBeenCalledWith(expect.objectContaining({ status: "started" }), "workflow_id is not an id."));
    expect(new ExecutionQueue(window.localStorage).size).toBe(0);
  });

  it("sends what is left by beacon when the page closes, cancelled, and keeps it for the next page", () => {
    const sendBeacon = vi.fn<(address: string, body: Blob) => boolean>(() => true);
    vi.stubGlobal("navigator", { sendBeacon });
    const api = new UsageApi("https://usage.example.org", null, () => new Promise(() => undefined));
    const tracker = new ExecutionTracker(api, "u1");
    const detach = tracker.attach();
    tracker.start({ workflowId: "w1" });
    window.dispatchEvent(new Event("pagehide"));
    expect(sendBeacon).toHaveBeenCalledOnce();
    expect(sendBeacon.mock.calls[0]?.[0]).toBe("https://usage.example.org/api/v1/workflow-usage/track");
    const statuses = new ExecutionQueue(window.localStorage).oldest(10).map(([, execution]) => execution.status);
    expect(statuses).toEqual(["started", "cancelled"]);
    detach();
  });

  it("sends with the access key, which a beacon cannot carry, by a request that outlives the page", () => {
    const fetcher = vi.fn<(address: string, init?: RequestInit) => Promise<Response>>(() => new Promise(() => undefined));
    const tracker = new ExecutionTracker(new UsageApi("", "secret", fetcher), "u1", { whenPageCloses: "keep" });
    tracker.start({ workflowId: "w1" });
    tracker.pageCloses(false);
    const last = fetcher.mock.calls.at(-1)?.[1];
    expect(last?.keepalive).toBe(true);
    expect(last?.headers).toMatchObject({ Authorization: "Bearer secret" });
    expect(JSON.parse(String(last?.body)).executions.map((one: TrackedExecution) => one.status)).toEqual(["started"]);
  });
});

describe("WorkflowUsageTracker", () => {
  it("starts with the widget and ends with its status, once", async () => {
    const { api, calls } = serverOf({ "POST /track": ACCEPTED });
    const shown = (status: "started" | "failed") => (
      <Around api={api}>
        <WorkflowUsageTracker workflowId="w1" status={status} errorMessage="no paper" />
      </Around>
    );
    const { rerender, unmount } = render(shown("started"));
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
    rerender(shown("failed"));
    unmount();
    await waitFor(() => expect(sent(calls).map((one) => one.status)).toEqual(["started", "failed"]));
    expect(sent(calls)[1]?.error_message).toBe("no paper");
  });

  it("cancels what is taken away before its end", async () => {
    const { api, calls } = serverOf({ "POST /track": ACCEPTED });
    const { unmount } = render(<Around api={api}><WorkflowUsageTracker workflowId="w1" /></Around>);
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
    unmount();
    await waitFor(() => expect(sent(calls).map((one) => one.status)).toEqual(["started", "cancelled"]));
  });
});
