// A server of a few lines for the tests of the widgets; the tests in a browser use the real API.
import type { ReactNode } from "react";
import { vi } from "vitest";

import { UsageApi, type Fetch } from "../src/api/client";
import { UsageProvider } from "../src/widgets/UsageProvider";

export interface Call {
  method: string;
  path: string;
  body: unknown;
  init: RequestInit;
}

type Answer = unknown | ((call: Call) => Response | unknown);

/** Answers by "METHOD /path" without the query; everything else is a 404. */
export function serverOf(answers: Record<string, Answer>): { api: UsageApi; calls: Call[]; fetcher: Fetch } {
  const calls: Call[] = [];
  const fetcher: Fetch = vi.fn(async (address: string, init: RequestInit = {}) => {
    const path = address.replace(/^.*\/api\/v1\/workflow-usage/, "");
    const call: Call = {
      method: init.method ?? "GET",
      path,
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
      init,
    };
    calls.push(call);
    const given = answers[`${call.method} ${path.split("?")[0]}`];
    const answer = typeof given === "function" ? (given as (call: Call) => unknown)(call) : given;
    if (answer instanceof Response) return answer;
    if (answer === undefined) return problem(404, "There is nothing here.");
    return new Response(JSON.stringify(answer), { status: 200 });
  });
  return { api: new UsageApi("", null, fetcher), calls, fetcher };
}

export function problem(status: number, detail: string, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ title: "Problem", detail, status }), { status, headers });
}

export function page<T>(items: T[], next_cursor: string | null = null) {
  return { as_of: "2026-06-28", items, next_cursor };
}

export function Around(props: {
  api: UsageApi;
  children: ReactNode;
  userId?: string | null;
  onRunWorkflow?: (id: string) => void;
  onOpenWorkflow?: (id: string) => void;
}) {
  const { api, children, userId = "u1", ...others } = props;
  return (
    <UsageProvider api={api} userId={userId} {...others}>
      {children}
    </UsageProvider>
  );
}
