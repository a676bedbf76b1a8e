// Starts and ends executions. Knows nothing of React.
import type { UsageApi } from "../api/client";
import { ExecutionQueue, browserStorage, type TrackedExecution } from "./queue";
import { ExecutionSender, type SenderEvents } from "./sender";

export type FinalStatus = "completed" | "failed" | "cancelled";

export interface ExecutionStart {
  workflowId: string;
  workflowName?: string | undefined;
  trigger?: TrackedExecution["trigger"] | undefined;
}

export interface TrackerOptions {
  onRejected?: SenderEvents["onRejected"];
  /** What a closed page means for an execution that still runs in it. `keep` leaves it open: it runs elsewhere. */
  whenPageCloses?: "cancelled" | "keep";
  storage?: Storage | null;
}

/** An execution that has begun. */
export interface RunningExecution {
  readonly executionId: string;
  /** Ends it; only the first end counts. */
  end(status: FinalStatus, errorMessage?: string): void;
}

function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  // Pages that are not served over HTTPS have no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class ExecutionTracker {
  readonly #userId: string;
  readonly #queue: ExecutionQueue;
  readonly #sender: ExecutionSender;
  readonly #running = new Set<RunningExecution>();
  readonly #whenPageCloses: "cancelled" | "keep";
  #onRejected: SenderEvents["onRejected"];

  constructor(api: UsageApi, userId: string, options: TrackerOptions = {}) {
    this.#userId = userId;
    this.#queue = new ExecutionQueue(options.storage === undefined ? browserStorage() : options.storage);
    this.#onRejected = options.onRejected;
    this.#sender = new ExecutionSender(api, this.#queue, {
      onRejected: (execution, reason) => this.#onRejected?.(execution, reason),
    });
    this.#whenPageCloses = options.whenPageCloses ?? "cancelled";
  }

  /** Listens to the page until the returned function is called. */
  attach(): () => void {
    const online = () => void this.#sender.flush();
    // On a phone a hidden page may be ended without another word.
    const hide = () => {
      if (document.visibilityState === "hidden") this.#sender.flushAtTheEnd();
    };
    const leave = (event: PageTransitionEvent) => this.pageCloses(event.persisted);
    window.addEventListener("online", online);
    window.addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", hide);
    void this.#sender.flush();
    return () => {
      window.removeEventListener("online", online);
      window.removeEventListener("pagehide", leave);
      document.removeEventListener("visibilitychange", hide);
      this.#sender.stop();
    };
  }

  /** Whom to tell of a report that the server refused for good. */
  reportRejections(listener: SenderEvents["onRejected"]): void {
    this.#onRejected = listener;
  }

  start(start: ExecutionStart): RunningExecution {
    const startedAt = new Date();
    const report: Omit<TrackedExecution, "status"> = {
      execution_id: newId(),
      user_id: this.#userId,
      workflow_id: start.workflowId,
      start_time: startedAt.toISOString(),
      trigger: start.trigger ?? "manual",
      ...(start.workflowName === undefined ? {} : { workflow_name: start.workflowName }),
    };
    const running: RunningExecution = {
      executionId: report.execution_id,
      end: (status, errorMessage) => {
        if (!this.#running.delete(running)) return;
        const endedAt = new Date(Math.max(Date.now(), startedAt.getTime()));
        this.#report({
          ...report,
          status,
          end_time: endedAt.toISOString(),
          duration_ms: endedAt.getTime() - startedAt.getTime(),
          ...(errorMessage === undefined ? {} : { error_message: errorMessage }),
        });
      },
    };
    this.#running.add(running);
    this.#report({ ...report, status: "started" });
    return running;
  }

  /** Runs something as an execution: completed when it returns, failed when it throws. */
  async track<T>(start: ExecutionStart, run: () => T | Promise<T>): Promise<T> {
    const execution = this.start(start);
    try {
      const result = await run();
      execution.end("completed");
      return result;
    } catch (error) {
      execution.end("failed", error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** What happens at `pagehide`: a page that may come back keeps its executions running. */
  pageCloses(mayComeBack: boolean): void {
    if (!mayComeBack && this.#whenPageCloses === "cancelled") {
      for (const execution of [...this.#running]) execution.end("cancelled");
    }
    this.#sender.flushAtTheEnd();
  }

  #report(execution: TrackedExecution): void {
    this.#queue.add(execution);
    void this.#sender.flush();
  }
}
