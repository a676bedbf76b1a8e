"""Pages of answers, four ways, and their rows as batches in bounded memory.

No pager trusts a server: one that answers the same page again is an error, not an endless loop or
a silent end. The module of each system knows what a row means.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

import numpy as np
import pyarrow as pa

from usage_pipeline.sources.formats.json_columns import column_at, text_column
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.systems.http import Answer, System
from usage_pipeline.sources.systems.span import Span

Row = Mapping[str, Any]
Page = Sequence[Row]
_BATCH_ROWS: Final = 8_192
# How often a list is read from its beginning because it shrank while it was read.
_RESTARTS: Final = 3


def by_link(system: System, path: str, parameters: Mapping[str, Any]) -> Iterator[Answer]:
    """The pages that `Link` headers chain.

    Raises:
        InputError: a link leads back, or to another host.
    """
    answer = system.get(path, parameters)
    addresses = set[str]()
    yield answer
    while answer.next_link is not None:
        if answer.next_link in addresses:
            raise system.error("names a page as the next one that was read before")
        addresses.add(answer.next_link)
        answer = system.get(answer.next_link)
        yield answer


def by_cursor(
    system: System, page: Callable[[str | None], tuple[Page, str | None]]
) -> Iterator[Page]:
    """The pages that cursors chain, until one has none.

    Args:
        system: who is asked.
        page: asks with a cursor, at first with None; gives the rows and the next cursor.

    Raises:
        InputError: a cursor comes again, or brings the page that was there before.
    """
    cursor: str | None = None
    cursors = set[str]()
    before: Page = ()
    while True:
        rows, following = page(cursor)
        if before and list(rows) == list(before):
            raise system.error("answers another cursor with the same page: it cannot be read")
        yield rows
        if not following:
            return
        if following in cursors:
            raise system.error("answers with a cursor that was used before: it cannot be read")
        cursors.add(following)
        cursor, before = following, rows


def by_offset(
    system: System, page: Callable[[int], Page], key: Callable[[Row], Any]
) -> Iterator[Page]:
    """The pages by offset, by as many rows as came, until one is empty.

    Each page is asked to begin with the last row of the page before: if it does not, the list
    shrank meanwhile, and is read again from its beginning. Rows may come twice.

    Args:
        system: who is asked.
        page: asks with an offset, in an order to whose end new rows are added.
        key: what tells rows apart.

    Raises:
        InputError: the list changes all the time, or an offset counts for nothing.
    """
    offset, restarts = 0, 0
    last: Any = None
    while True:
        rows = page(max(offset - 1, 0))
        if offset and (not rows or key(rows[0]) != last):
            restarts += 1
            if restarts > _RESTARTS:
                raise system.error("gives other rows each time that it is asked: load again later")
            offset = 0
            continue
        fresh = rows[1:] if offset else rows
        if not fresh:
            return
        yield fresh
        offset, last = offset + len(fresh), key(rows[-1])


def by_last_id(
    system: System, page: Callable[[Any], Page], key: Callable[[Row], Any]
) -> Iterator[Page]:
    """The pages that follow the last id of the page before, until one is empty.

    Args:
        system: who is asked.
        page: asks for the rows after an id, at first with None.
        key: the id of a row.

    Raises:
        InputError: an id counts for nothing.
    """
    last: Any = None
    while rows := page(last):
        if last is not None and key(rows[-1]) == last:
            raise system.error("answers with rows that were read before: it cannot be read")
        yield rows
        last = key(rows[-1])


def within(span: Span, rows: Iterable[Row], start: Callable[[Row], Any]) -> Iterator[Row]:
    """The rows that start in a span: servers ignore filters that they do not know.

    A row whose start cannot be read passes: it is rejected later with a reason.
    """
    for row in rows:
        at = instant(start(row))
        if at is None or span.start <= at < span.end:
            yield row


def instant(text: Any) -> datetime | None:
    """A time of ISO 8601 with an offset, None where it is not one."""
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None


def batches(
    rows: Iterable[Row],
    fields: Mapping[str, Callable[[Row], Any]],
    mapped: Iterable[str] = (),
) -> Iterator[RawRows]:
    """Rows as batches of columns; the first one has none, so that columns are checked in any case.

    Args:
        rows: objects of JSON.
        fields: what each column takes from a row.
        mapped: further columns that the source maps: members, or paths with dots into them.
    """
    further = [name for name in mapped if name not in fields]
    yield _batch((), fields, further, 0)
    before = 0
    for batch in in_batches(rows):
        yield _batch(batch, fields, further, before)
        before += len(batch)


def in_batches(rows: Iterable[Row]) -> Iterator[Page]:
    """Rows in lists that fit into memory."""
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH_ROWS)):
        yield batch


def _batch(
    rows: Page, fields: Mapping[str, Callable[[Row], Any]], further: Iterable[str], before: int
) -> RawRows:
    columns = {name: text_column([of(row) for row in rows]) for name, of in fields.items()}
    for name in further:
        column = column_at(rows, name)
        columns[name] = pa.nulls(len(rows), pa.string()) if column is None else column
    numbers = np.arange(len(rows), dtype=np.int64) + before + 1
    return RawRows(numbers, columns, marked=True)
