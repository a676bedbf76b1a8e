// The access key, kept until the tab is closed.

const KEY = "workflow-usage.access-key";

export function storedAccessKey(): string | null {
  try {
    return window.sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function storeAccessKey(key: string | null): void {
  try {
    if (key === null) window.sessionStorage.removeItem(KEY);
    else window.sessionStorage.setItem(KEY, key);
  } catch {
    // Storage is forbidden: the key holds until the page is loaded again.
  }
}
