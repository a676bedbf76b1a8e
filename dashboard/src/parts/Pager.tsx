// Steps through a list that comes in pages.
import type { PagedList } from "../api/useResource";

export function Pager<T>({ list, what }: { list: PagedList<T>; what: string }) {
  if (!list.showNext && !list.showPrevious) return null;
  return (
    <nav className="uw-pager" aria-label={`Pages of ${what}`}>
      <button type="button" className="uw-button" disabled={!list.showPrevious} onClick={() => list.showPrevious?.()}>
        Previous
      </button>
      <span aria-live="polite">Page {list.pageNumber}</span>
      <button type="button" className="uw-button" disabled={!list.showNext} onClick={() => list.showNext?.()}>
        Next
      </button>
    </nav>
  );
}
