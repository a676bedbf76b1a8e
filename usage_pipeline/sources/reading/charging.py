"""Charges each rejected row to exactly one day, so that the account of every day adds up.

A row belongs to its own execution date where that can be read, else to that of the nearest row
before it in its file, else to the first one after. All rows of a day's own file belong to its day.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.errors import InputError
from usage_pipeline.sources.conform.canonical import REJECTED_SCHEMA
from usage_pipeline.sources.conform.executions import Conformed
from usage_pipeline.sources.formats.rows import IntArray, RawRows

_NO_DAY: Final = np.iinfo(np.int32).min
# So many rows without one start that can be read are a wrong mapping, not dirty data.
_WAITING_ROWS = 100_000

_Days = npt.NDArray[np.int32]


class Charging:
    """The rejected rows of one file, from its first row to its last."""

    def __init__(self, source: str, file: str, day: date | None = None) -> None:
        """Start with a file.

        Args:
            source: the source's name.
            file: the file's name.
            day: the day the file is of, if it is of one.
        """
        self._source = source
        self._file = file
        self._day = None if day is None else (day - date(1970, 1, 1)).days
        self._last = _NO_DAY
        self._waiting: list[pa.Table] = []

    def charge(self, rows: RawRows, conformed: Conformed) -> pa.Table:
        """The rejected rows among some rows of the file, in `REJECTED_SCHEMA`.

        Rows whose day only later rows tell come with those.

        Raises:
            InputError: very many rows have come so far, all without a start that can be read.
        """
        malformed = rows.malformed
        days = self._dates_of_rows(rows.numbers, malformed.numbers, conformed.days)
        places = conformed.rejected
        own, broken = days[: len(rows.numbers)][places], days[len(rows.numbers) :]
        if not len(places) and not malformed.numbers:
            return self._settled([])
        numbers = np.concatenate([rows.numbers[places], np.array(malformed.numbers, np.int64)])
        table = self._table(
            np.concatenate([own, broken]),
            numbers,
            [conformed.reasons, pa.array(malformed.reasons, pa.string())],
            [rows.originals(pa.array(places)), pa.array(malformed.originals, pa.string())],
        )
        return self._settled([table.take(pa.array(np.argsort(numbers, kind="stable")))])

    def finish(self) -> None:
        """Check at the end of the file that every row was charged.

        Raises:
            InputError: there are rows, and none has a start that can be read.
        """
        if self._waiting:
            first = self._waiting[0].select(["location", "reason"]).slice(0, 1).to_pylist()[0]
            raise InputError(
                f"No row of {self._file} has a start_time that can be read, so none belongs to a "
                f"day; {first['location']}: {' '.join(first['reason'].split())}."
            )

    def _dates_of_rows(self, numbers: IntArray, broken: Sequence[int], days: pa.Array) -> _Days:
        """The day of each row, of those with columns first; also of rows that tell none."""
        dates = pc.fill_null(days.cast(pa.int32()), _NO_DAY).to_numpy()
        dates = np.concatenate([dates, np.full(len(broken), _NO_DAY, np.int32)])
        if self._day is not None:
            return np.full(len(dates), self._day, np.int32)
        if not len(dates):
            return dates
        order = np.argsort(np.concatenate([numbers, np.array(broken, np.int64)]), kind="stable")
        in_order = dates[order]
        latest = np.maximum.accumulate(np.where(in_order == _NO_DAY, -1, np.arange(len(dates))))
        filled = np.where(latest < 0, self._last, in_order[latest])
        if self._last == _NO_DAY and filled[-1] != _NO_DAY:
            first = in_order[in_order != _NO_DAY][0]
            filled = np.where(filled == _NO_DAY, first, filled)
            self._waiting = [_with_days(table, first) for table in self._waiting]
        self._last = filled[-1]
        result = np.empty_like(dates)
        result[order] = filled
        return result

    def _settled(self, tables: list[pa.Table]) -> pa.Table:
        self._waiting += tables
        if self._day is None and self._last == _NO_DAY:
            if sum(table.num_rows for table in self._waiting) > _WAITING_ROWS:
                self.finish()
            return REJECTED_SCHEMA.empty_table()
        settled, self._waiting = self._waiting, []
        return pa.concat_tables([REJECTED_SCHEMA.empty_table(), *settled])

    def _table(
        self,
        days: _Days,
        numbers: IntArray,
        reasons: list[pa.Array],
        originals: list[pa.Array],
    ) -> pa.Table:
        count = len(numbers)
        location = pc.binary_join_element_wise(
            f"{self._file}:row ", pa.array(numbers).cast(pa.string()), ""
        )
        columns = [
            pa.array(days, pa.int32()).cast(pa.date32()),
            pa.repeat(pa.scalar(self._source), count),
            location,
            pa.chunked_array(reasons, pa.string()),
            pa.chunked_array(originals, pa.string()),
        ]
        return pa.table(columns, schema=REJECTED_SCHEMA)


def _with_days(table: pa.Table, day: np.int32) -> pa.Table:
    days = pa.repeat(pa.scalar(int(day), pa.int32()).cast(pa.date32()), table.num_rows)
    return table.set_column(0, REJECTED_SCHEMA.field(0), days)
