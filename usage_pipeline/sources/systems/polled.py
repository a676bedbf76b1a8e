"""A system as a source: asked when its first day is read, its rows split by day on disk.

Whatever a reader gives goes the way of the rows of files: bind, conform, charge.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from usage_pipeline.errors import InputError
from usage_pipeline.execution_dates import days_between
from usage_pipeline.sources.conform.binding import bind, check_bound
from usage_pipeline.sources.conform.canonical import CANONICAL_SCHEMA, REJECTED_SCHEMA, ReadBatch
from usage_pipeline.sources.conform.executions import Rules, conform, noted
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.reading.charging import Charging
from usage_pipeline.sources.reading.day_files import DayFiles
from usage_pipeline.sources.source import Replaces
from usage_pipeline.sources.systems.airflow import read_airflow
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.dagster import read_dagster
from usage_pipeline.sources.systems.github import read_github
from usage_pipeline.sources.systems.n8n import read_n8n
from usage_pipeline.sources.systems.prefect import read_prefect
from usage_pipeline.sources.systems.span import Reader, Span
from usage_pipeline.sources.systems.sql import read_query

_READERS: Final[dict[str, Reader]] = {
    "github_actions": read_github,
    "airflow": read_airflow,
    "prefect": read_prefect,
    "dagster": read_dagster,
    "n8n": read_n8n,
    "sql": read_query,
}


class PolledSource:
    """A source that is a system."""

    def __init__(
        self, rules: Rules, folder: Path, first: date, last: date, credentials: Credentials
    ) -> None:
        """Wrap a declaration; nothing is asked yet.

        Args:
            rules: the source, and how its rows become executions.
            folder: where rows wait until their day is read.
            first: the first day that may be asked for.
            last: the last day.
            credentials: the source's secrets.
        """
        config = rules.config
        self._rules = rules
        self._folder = folder
        self._first = max(first, config.since or first)
        self._last = min(last, config.until or last)
        self._credentials = credentials
        self._answers: dict[tuple[date, date], _Answer | InputError] = {}

    @property
    def name(self) -> str:
        """The source's name."""
        return self._rules.config.name

    @property
    def replaces(self) -> Replaces:
        """The part of a day that its delivery replaces."""
        return self._rules.config.replaces

    def former_ids(self, rows: pa.Table) -> pa.Array:
        """The ids that executions had before schema 0014."""
        return self._rules.config.former_ids(rows)

    def days(self, first: date | None = None, last: date | None = None) -> list[date]:
        """The days that can be asked for, in order: one without executions is an empty day."""
        return days_between(
            max(first or self._first, self._first), min(last or self._last, self._last)
        )

    def read_day(self, day: date) -> Iterator[ReadBatch]:
        """The rows of a day.

        Raises:
            InputError: the system cannot be asked.
        """
        return self._answer(day).read(day)

    def inputs(self, day: date) -> list[dict[str, Any]]:
        """The questions that were asked, for the ledger.

        Raises:
            InputError: as `read_day`.
        """
        return [self._answer(day).record]

    def _answer(self, day: date) -> "_Answer":
        # A query is of one day; an API is asked once for all of the days, page by page.
        is_query = self._rules.config.kind == "sql"
        first, last = (day, day) if is_query else (self._first, self._last)
        if (first, last) not in self._answers:
            try:
                self._answers[first, last] = self._ask(first, last)
            except InputError as error:
                # The other days need not wait for a system that is away.
                self._answers[first, last] = error
        answer = self._answers[first, last]
        if isinstance(answer, InputError):
            raise answer
        return answer

    def _ask(self, first: date, last: date) -> "_Answer":
        config = self._rules.config
        span = Span.of(first, last, self._rules.zone)
        answer = _Answer(DayFiles(self._folder, first, last), {"system": config.kind, "rows": 0})
        charging = Charging(self.name, self.name, first if first == last else None)
        rows = _READERS[config.kind](config, span, self._credentials)
        notes: Counter[str] = Counter()
        for number, batch in enumerate(rows):
            answer.take(batch, self._rules, charging, notes, is_first=number == 0)
        charging.finish()
        answer.files.flush()
        if notes:
            answer.record["warnings"] = list(noted(self.name, notes))
        return answer


class _Answer:
    """The answer of a system, split by day."""

    def __init__(self, files: DayFiles, record: dict[str, Any]) -> None:
        self.files = files
        self.record = record

    def take(
        self,
        rows: RawRows,
        rules: Rules,
        charging: Charging,
        notes: Counter[str],
        *,
        is_first: bool,
    ) -> None:
        names = list(rows.columns)
        bound = bind(rules.config, names)
        if is_first:
            check_bound(rules.config, f"The source {rules.config.name!r}", names, bound, True)
        columns = {field: rows.columns[name] for field, name in bound.items()}
        conformed = conform(rows, columns, rules)
        notes.update(conformed.notes)
        self.files.add("accepted", conformed.accepted)
        self.files.add("rejected", charging.charge(rows, conformed))
        self.record["rows"] += len(rows.numbers) + len(rows.malformed.numbers)

    def read(self, day: date) -> Iterator[ReadBatch]:
        for table in self.files.read(day, "accepted"):
            yield ReadBatch(table, REJECTED_SCHEMA.empty_table())
        for table in self.files.read(day, "rejected"):
            yield ReadBatch(CANONICAL_SCHEMA.empty_table(), table)
