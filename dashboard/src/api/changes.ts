// Tells every widget on the page that something was changed, so that none shows the old state.

const CHANGED = "usage-changed";
const changes = new EventTarget();

/** Says that what lies under a path has changed. */
export function announceChange(path: string): void {
  changes.dispatchEvent(new CustomEvent(CHANGED, { detail: path }));
}

/** Calls back when something under the path changed; returns how to stop. */
export function onChange(path: string, callback: () => void): () => void {
  const listen = (event: Event) => {
    if (path.startsWith((event as CustomEvent<string>).detail)) callback();
  };
  changes.addEventListener(CHANGED, listen);
  return () => changes.removeEventListener(CHANGED, listen);
}
