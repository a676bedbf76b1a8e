// Calls to the HTTP API: addresses, access key, problems as sentences. Knows no page and no widget.

const PREFIX = "/api/v1/workflow-usage";

export type Query = Record<string, string | number | null | undefined>;
export type Fetch = (address: string, init?: RequestInit) => Promise<Response>;

/** An answer that is not a success, with the API's own sentence. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = "ApiProblem";
  }
}

/** A path with its query, without parameters that are null or undefined. */
export function withQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

/** What went wrong, as one sentence for a person. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(0, "The server cannot be reached. Check the connection and try again.");
}

async function problemOf(answer: Response): Promise<ApiProblem> {
  const wait = Number(answer.headers.get("Retry-After"));
  let message = `The server answered ${answer.status}.`;
  try {
    const body = (await answer.json()) as { detail?: unknown; title?: unknown };
    if (typeof body.detail === "string") message = body.detail;
    else if (typeof body.title === "string") message = body.title;
  } catch {
    // Not a problem document (a proxy's page): the status says enough.
  }
  return new ApiProblem(answer.status, message, Number.isFinite(wait) && wait > 0 ? wait : null);
}

/** One API with one way in. */
export class UsageApi {
  readonly #base: string;
  readonly #accessKey: string | null;
  readonly #fetch: Fetch;

  constructor(baseUrl = "", accessKey: string | null = null, fetcher: Fetch = (a, i) => fetch(a, i)) {
    this.#base = baseUrl.replace(/\/+$/, "") + PREFIX;
    this.#accessKey = accessKey;
    this.#fetch = fetcher;
  }

  get accessKey(): string | null {
    return this.#accessKey;
  }

  address(path: string): string {
    return this.#base + path;
  }

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.send<T>("GET", path, undefined, signal ? { signal } : {});
  }

  async send<T>(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<T> {
    const answer = await this.request(method, path, body, init);
    if (!answer.ok) throw await problemOf(answer);
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  }

  /** The bare answer, whatever its status. */
  request(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this.#accessKey) headers["Authorization"] = `Bearer ${this.#accessKey}`;
    return this.#fetch(this.address(path), {
      ...init,
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
