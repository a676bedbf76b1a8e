// Executions that still have to reach the server, kept over a closed tab and a lost connection.

/** One report of an execution, as POST /track takes it. */
export interface TrackedExecution {
  execution_id: string;
  user_id: string;
  workflow_id: string;
  workflow_name?: string;
  status: "started" | "completed" | "failed" | "cancelled";
  trigger?: "manual" | "scheduled" | "api" | "chained";
  start_time: string;
  end_time?: string;
  duration_ms?: number;
  error_message?: string;
}

const PREFIX = "workflow-usage.queue.";

/**
 * A bounded queue in the browser's storage, oldest first.
 *
 * Each report has a key of its own, so that two tabs never overwrite each other's. Where storage is
 * forbidden or full, reports are kept in memory as long as the page lives.
 */
export class ExecutionQueue {
  readonly #storage: Storage | null;
  readonly #bound: number;
  readonly #memory = new Map<string, TrackedExecution>();
  #sequence = 0;
  /** How many reports had to be given up because the queue was full. */
  dropped = 0;

  constructor(storage: Storage | null, bound = 1000) {
    this.#storage = storage;
    this.#bound = bound;
  }

  add(execution: TrackedExecution): string {
    this.#sequence += 1;
    const order = `${String(Date.now()).padStart(15, "0")}.${String(this.#sequence).padStart(6, "0")}`;
    const key = `${PREFIX}${order}.${execution.execution_id}.${execution.status}`;
    try {
      if (!this.#storage) throw new Error("no storage");
      this.#storage.setItem(key, JSON.stringify(execution));
    } catch {
      this.#memory.set(key, execution);
    }
    const keys = this.#keys();
    for (const oldest of keys.slice(0, Math.max(0, keys.length - this.#bound))) {
      this.remove([oldest]);
      this.dropped += 1;
    }
    return key;
  }

  /** The oldest reports, with the key by which each is removed. */
  oldest(limit: number): [string, TrackedExecution][] {
    const found: [string, TrackedExecution][] = [];
    for (const key of this.#keys()) {
      if (found.length === limit) break;
      const execution = this.#read(key);
      if (execution) found.push([key, execution]);
      else this.remove([key]);
    }
    return found;
  }

  remove(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#memory.delete(key);
      this.#storage?.removeItem(key);
    }
  }

  get size(): number {
    return this.#keys().length;
  }

  #keys(): string[] {
    const stored = this.#storage
      ? Array.from({ length: this.#storage.length }, (_, i) => this.#storage?.key(i) ?? "")
      : [];
    return [...stored.filter((key) => key.startsWith(PREFIX)), ...this.#memory.keys()].sort();
  }

  #read(key: string): TrackedExecution | null {
    const held = this.#memory.get(key);
    if (held) return held;
    try {
      return JSON.parse(this.#storage?.getItem(key) ?? "") as TrackedExecution;
    } catch {
      return null;
    }
  }
}

/** The browser's storage, or null where it is forbidden. */
export function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
