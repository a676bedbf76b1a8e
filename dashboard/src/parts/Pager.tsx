// Steps through a list that comes in pages.
import type { PagedList } from "../api/useResource";

export function Pager<T>({ list, what }: { list: PagedList<T>; what: string }) {
  // While the first page is on its way the rows that still stand say whether there are more.
  if (!list.showNext && !list.showPrevious && !list.data?.next_cursor) return null;
  return (
    <nav className="uw-pager" aria-label={`Pages of ${what}`}>
      {/* Not `disabled`: the focus would be lost while the next page is on its way. */}
      <button type="button" className="uw-button" aria-disabled={!list.showPrevious} onClick={() => list.showPrevious?.()}>
        Previous
      </button>
      <span aria-live="polite">Page {list.pageNumber}</span>
      <button type="button" className="uw-button" aria-disabled={!list.showNext} onClick={() => list.showNext?.()}>
        Next
      </button>
    </nav>
  );
}
