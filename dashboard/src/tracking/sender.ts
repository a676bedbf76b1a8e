// Sends what is queued: in batches, again after a failure, and at the last moment of a page.
import { ApiProblem, type UsageApi } from "../api/client";
import type { ExecutionQueue, TrackedExecution } from "./queue";

const BATCH = 100;
// Browsers refuse beacons and kept-alive requests of more than 64 KiB in all.
const LAST_BATCH = 50;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 300_000;

export interface SenderEvents {
  /** The server refused a report for good; sending it again would not help. */
  onRejected?: ((execution: TrackedExecution, reason: string) => void) | undefined;
}

interface TrackAnswer {
  items?: { index: number; status: string; reason?: string }[];
}

export class ExecutionSender {
  readonly #api: UsageApi;
  readonly #queue: ExecutionQueue;
  readonly #events: SenderEvents;
  #isSending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = FIRST_WAIT_MS;

  constructor(api: UsageApi, queue: ExecutionQueue, events: SenderEvents = {}) {
    this.#api = api;
    this.#queue = queue;
    this.#events = events;
  }

  /** Sends everything, also what is added meanwhile; what fails is tried again later by itself. */
  async flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    clearTimeout(this.#timer);
    try {
      for (let batch = this.#queue.oldest(BATCH); batch.length > 0; batch = this.#queue.oldest(BATCH)) {
        await this.#send(batch);
        this.#wait = FIRST_WAIT_MS;
      }
    } catch (error) {
      this.#tryLater(error instanceof ApiProblem ? error.retryAfterSeconds : null);
    } finally {
      this.#isSending = false;
    }
  }

  /**
   * Sends at the end of a page, where nobody can wait for the answer. The reports stay queued: the
   * next page sends them again, and the server takes copies of one execution as one.
   */
  flushAtTheEnd(): void {
    const batch = this.#queue.oldest(LAST_BATCH).map(([, execution]) => execution);
    if (batch.length === 0) return;
    const body = { executions: batch };
    if (this.#api.accessKey) {
      // A beacon cannot carry the access key; a request that outlives the page can.
      this.#api.request("POST", "/track", body, { keepalive: true }).catch(() => undefined);
      return;
    }
    navigator.sendBeacon(
      this.#api.address("/track"),
      new Blob([JSON.stringify(body)], { type: "application/json" }),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #send(batch: [string, TrackedExecution][]): Promise<void> {
    const keys = batch.map(([key]) => key);
    try {
      const answer = await this.#api.send<TrackAnswer>("POST", "/track", {
        executions: batch.map(([, execution]) => execution),
      });
      for (const item of answer.items ?? []) {
        const execution = batch[item.index]?.[1];
        if (item.status === "rejected" && execution) this.#events.onRejected?.(execution, item.reason ?? "");
      }
    } catch (error) {
      if (!(error instanceof ApiProblem) || !isForGood(error.status)) throw error;
      for (const [, execution] of batch) this.#events.onRejected?.(execution, error.message);
    }
    this.#queue.remove(keys);
  }

  #tryLater(retryAfterSeconds: number | null): void {
    const wait = retryAfterSeconds === null ? this.#wait : retryAfterSeconds * 1000;
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => void this.flush(), wait);
  }
}

/** Whether the same report would be refused again: it is malformed, not merely unwelcome now. */
function isForGood(status: number): boolean {
  return status === 400 || status === 413 || status === 422;
}
