// Which page is shown: kept in the address, so that it can be bookmarked and the Back button works.
import { useSyncExternalStore } from "react";

export type Route =
  | { page: "me" }
  | { page: "organisation" }
  | { page: "workflow"; workflowId: string }
  | { page: "unknown" };

const MOVED = "usage-moved";

// Where the dashboard lies on its host: "" or a path like "/usage", before every page's own.
let base = "";

/** Says where the dashboard lies: the path of its own folder, with or without a slash at the end. */
export function placeAt(folder: string): void {
  base = folder.replace(/\/+$/, "");
}

export function basePath(): string {
  return base;
}

/** A part of an address as text; null where somebody cut it off in the middle of a letter. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

export function routeOf(pathname: string): Route {
  const [page = "", id, ...rest] = pathname.replace(/^\/+|\/+$/g, "").split("/");
  if (rest.length > 0) return { page: "unknown" };
  if ((page === "" || page === "me") && !id) return { page: "me" };
  if (page === "organisation" && !id) return { page };
  if (page === "workflow" && id) {
    const workflowId = decoded(id);
    return workflowId === null ? { page: "unknown" } : { page, workflowId };
  }
  return { page: "unknown" };
}

export function workflowHref(workflowId: string): string {
  return `${base}/workflow/${encodeURIComponent(workflowId)}${window.location.search}`;
}

/** Goes to another page, keeping the user that is looked at. */
export function go(pathname: string): void {
  window.history.pushState(null, "", pathname.includes("?") ? pathname : pathname + window.location.search);
  window.dispatchEvent(new Event(MOVED));
  window.scrollTo({ top: 0 });
  // The link that was followed is gone with its page: reading goes on where the new one begins.
  document.getElementById("content")?.focus({ preventScroll: true });
}

/** Looks at another user on the same page. */
export function lookAt(userId: string): void {
  window.history.pushState(null, "", `${window.location.pathname}?${new URLSearchParams({ user: userId })}`);
  window.dispatchEvent(new Event(MOVED));
}

function listen(callback: () => void): () => void {
  window.addEventListener("popstate", callback);
  window.addEventListener(MOVED, callback);
  return () => {
    window.removeEventListener("popstate", callback);
    window.removeEventListener(MOVED, callback);
  };
}

/** The address as it is now. */
export function useLocation(): { route: Route; userId: string | null } {
  const address = useSyncExternalStore(listen, () => window.location.pathname + window.location.search);
  const [pathname = "/", search = ""] = address.split("?");
  return { route: routeOf(pathname.slice(base.length)), userId: new URLSearchParams(search).get("user") };
}
