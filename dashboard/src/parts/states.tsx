// The three things a widget shows when it has no numbers to show.
import type { ReactNode } from "react";

import type { Resource } from "../api/useResource";

export function Loading({ what, lines = 3 }: { what: string; lines?: number }) {
  return (
    <div className="uw-loading" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className="uw-loading__line" />
      ))}
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return (
    <p className="uw-empty" role="status">
      {children}
    </p>
  );
}

export function Problem({ message, onRetry }: { message: string; onRetry?: () => void }) {
  return (
    <div className="uw-problem" role="alert">
      <p>{message}</p>
      {onRetry && (
        <button type="button" className="uw-button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Loading, a problem, or what there is. */
export function Shown<T>(props: {
  resource: Resource<T>;
  what: string;
  lines?: number;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  children: (data: T) => ReactNode;
}) {
  const { resource, what, lines = 3, isEmpty, empty, children } = props;
  if (resource.data === null) {
    if (resource.problem) return <Problem message={resource.problem.message} onRetry={resource.reload} />;
    return <Loading what={what} lines={lines} />;
  }
  if (isEmpty?.(resource.data)) return <Empty>{empty}</Empty>;
  return <>{children(resource.data)}</>;
}
