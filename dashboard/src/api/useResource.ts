// What a component shows of one address: loading, a problem, or the answer. One page at a time of a list.
import { useEffect, useState } from "react";

import { useUsage } from "../widgets/context";
import { onChange } from "./changes";
import { asProblem, withQuery, type ApiProblem, type Query, type UsageApi } from "./client";
import type { Page } from "./types";

export interface Resource<T> {
  data: T | null;
  problem: ApiProblem | null;
  loading: boolean;
  reload: () => void;
  /** Shows something at once that the server is about to be told. */
  replace: (data: T) => void;
}

interface Answer<T> {
  address: string;
  data: T | null;
  problem: ApiProblem | null;
}

type Read<T> = (api: UsageApi, address: string, signal: AbortSignal) => Promise<T>;

function readOnce<T>(api: UsageApi, address: string, signal: AbortSignal): Promise<T> {
  return api.get<T>(address, signal);
}

async function readEveryPage<T>(api: UsageApi, address: string, signal: AbortSignal): Promise<Page<T>> {
  const first = await api.get<Page<T>>(address, signal);
  const items = [...first.items];
  for (let next = first.next_cursor; next; ) {
    const page: Page<T> = await api.get(`${address}&${new URLSearchParams({ cursor: next })}`, signal);
    items.push(...page.items);
    next = page.next_cursor;
  }
  return { ...first, items, next_cursor: null };
}

/** Reads an address; null reads nothing. What was there stays visible while it is read again. */
export function useResource<T>(path: string | null, query?: Query): Resource<T> {
  return useRead<T>(path === null ? null : withQuery(path, query), readOnce);
}

/** A whole list, for one that is known to be short enough. */
export function useWholeList<T>(path: string | null, pageSize: number): Resource<Page<T>> {
  return useRead<Page<T>>(path === null ? null : withQuery(path, { limit: pageSize }), readEveryPage);
}

function useRead<T>(address: string | null, read: Read<T>): Resource<T> {
  const { api } = useUsage();
  const [answer, setAnswer] = useState<Answer<T> | null>(null);
  const [round, setRound] = useState(0);

  useEffect(() => {
    if (address === null) return;
    const stopper = new AbortController();
    read(api, address, stopper.signal).then(
      (data) => setAnswer({ address, data, problem: null }),
      (error: unknown) => {
        if (!stopper.signal.aborted) setAnswer({ address, data: null, problem: asProblem(error) });
      },
    );
    return () => stopper.abort();
  }, [api, address, read, round]);

  const reload = () => setRound((before) => before + 1);
  useEffect(() => {
    if (address === null) return;
    return onChange(address, () => setRound((before) => before + 1));
  }, [address]);

  const current = answer?.address === address ? answer : null;
  return {
    data: current?.data ?? null,
    problem: current?.problem ?? null,
    loading: address !== null && current === null,
    reload,
    replace: (data) => address !== null && setAnswer({ address, data, problem: null }),
  };
}

export interface PagedList<T> extends Resource<Page<T>> {
  pageNumber: number;
  showNext: (() => void) | null;
  showPrevious: (() => void) | null;
}

/** A list one page at a time, so that a long one is never in the document at once. */
export function usePagedList<T>(path: string | null, query: Query = {}, limit = 25): PagedList<T> {
  const list = path === null ? null : withQuery(path, query);
  // The cursors that led here belong to one list: another list begins at its first page.
  const [trail, setTrail] = useState<{ list: string | null; cursors: string[] }>({ list, cursors: [] });
  const cursors = trail.list === list ? trail.cursors : [];
  const page = useResource<Page<T>>(path, { ...query, limit, cursor: cursors.at(-1) });
  // While a search is typed the rows before stay, so that the page does not jump at every letter.
  const searched = path === null ? null : withQuery(path, { ...query, search: null });
  const [held, setHeld] = useState<{ searched: string | null; data: Page<T> } | null>(null);
  if (page.data && cursors.length === 0 && held?.data !== page.data) setHeld({ searched, data: page.data });
  const earlier = page.loading && cursors.length === 0 && held?.searched === searched ? held.data : null;
  const data = page.data ?? earlier;
  const next = page.data?.next_cursor ?? null;
  return {
    ...page,
    data,
    pageNumber: cursors.length + 1,
    showNext: next === null ? null : () => setTrail({ list, cursors: [...cursors, next] }),
    showPrevious: cursors.length === 0 ? null : () => setTrail({ list, cursors: cursors.slice(0, -1) }),
  };
}
