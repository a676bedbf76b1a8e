"""Rows on disk, split by day: written in any order of days, read one day at a time.

One Arrow file a day and kind of row. It grows by segments, each a stream of its own, so that no
file stays open however many days there are.
"""

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pyarrow as pa

from usage_pipeline.errors import UsageError

_EPOCH: Final = date(1970, 1, 1)
_BATCH_ROWS = 65_536
# Rows wait in memory until there are so many bytes of them: fewer and longer segments.
_WAITING_BYTES = 48 << 20

Kind = Literal["accepted", "rejected"]


class DayFiles:
    """The rows of many days in a folder."""

    def __init__(self, folder: Path, first: date | None, last: date | None) -> None:
        """Start empty.

        Args:
            folder: where to write, in a new folder of its own; it is made.
            first: rows of earlier days are counted and dropped.
            last: rows of later days are counted and dropped.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        self._first = first or date.min
        self._last = last or date.max
        self._waiting: dict[tuple[date, Kind], list[pa.Table]] = {}
        self._waiting_bytes = 0
        self.days_found: set[date] = set()

    def add(self, kind: Kind, table: pa.Table) -> set[date]:
        """Add rows of any days; the days they are of."""
        days = set()
        for day, rows in _by_day(table):
            days.add(day)
            if self._first <= day <= self._last:
                self._waiting.setdefault((day, kind), []).append(rows)
        self.days_found |= days
        self._waiting_bytes += table.nbytes
        if self._waiting_bytes > _WAITING_BYTES:
            self.flush()
        return days

    def flush(self) -> None:
        """Write what waits in memory.

        Raises:
            UsageError: the folder cannot be written to, such as when the disk is full.
        """
        try:
            self._write()
        except OSError as error:
            raise UsageError(
                f"The folder in which rows wait, {self._folder.parent}, cannot be written to "
                f"({error.strerror or error}): make room there, or choose another with USAGE_HOME."
            ) from error

    def _write(self) -> None:
        for (day, kind), tables in self._waiting.items():
            table = pa.concat_tables(tables).combine_chunks()
            with (
                self._path(day, kind).open("ab") as file,
                pa.ipc.new_stream(file, table.schema) as writer,
            ):
                writer.write_table(table, max_chunksize=_BATCH_ROWS)
        self._waiting.clear()
        self._waiting_bytes = 0

    def read(self, day: date, kind: Kind) -> Iterator[pa.Table]:
        """The rows of a day, in the order in which they were added."""
        path = self._path(day, kind)
        if not path.exists():
            return
        with path.open("rb") as file:
            size = path.stat().st_size
            while file.tell() < size:
                with pa.ipc.open_stream(file) as reader:
                    for batch in reader:
                        yield pa.Table.from_batches([batch])

    def _path(self, day: date, kind: Kind) -> Path:
        return self._folder / f"{day}.{kind}.arrow"


def _by_day(table: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    if not table.num_rows:
        return
    days = table["execution_date"].cast(pa.int32()).to_numpy()
    if np.any(days[1:] < days[:-1]):
        order = np.argsort(days, kind="stable")
        table, days = table.take(pa.array(order)), days[order]
    starts = [0, *(np.flatnonzero(days[1:] != days[:-1]) + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], len(days)], strict=True):
        yield _EPOCH + timedelta(days=int(days[start])), table.slice(start, end - start)
