"""Opens a source: one pass over its input, split by day into a folder, read day by day from there.

Reading a file once for each of its days would be quadratic. A source with `{day}` in its path has
files for each day already: only those of the day that is asked for are read. The folder goes with
the load, or with the next one after a kill.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
from filelock import FileLock, Timeout

from usage_pipeline.errors import InputError, WrongUsageError
from usage_pipeline.execution_dates import check_zone
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.conform.canonical import CANONICAL_SCHEMA, REJECTED_SCHEMA, ReadBatch
from usage_pipeline.sources.conform.executions import Rules
from usage_pipeline.sources.reading.day_files import DayFiles
from usage_pipeline.sources.reading.files import FileReading, is_input
from usage_pipeline.sources.reading.limits import Limits
from usage_pipeline.sources.reading.locations import (
    InputFile,
    days_with_files,
    files_of,
    files_of_day,
)
from usage_pipeline.sources.source import Replaces, Source
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.polled import PolledSource

_PREFIX = "spool-"


@contextmanager
def spool_folder(home: Path) -> Iterator[Path]:
    """A fresh folder under `home` for the length of the block.

    Folders of loads that were killed are removed first: each load holds a lock on its own, which
    ends with its process.
    """
    home.mkdir(parents=True, exist_ok=True)
    _remove_orphans(home)
    folder = home / f"{_PREFIX}{uuid4().hex[:12]}"
    # The lock comes first, so that a folder is never there without one.
    with _lock_of(folder):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            _remove(folder)


def _remove_orphans(home: Path) -> None:
    for folder in home.glob(f"{_PREFIX}*"):
        if folder.is_dir():
            try:
                with _lock_of(folder).acquire(timeout=0):
                    _remove(folder)
            except Timeout:
                continue


def _lock_of(folder: Path) -> FileLock:
    return FileLock(str(folder.with_suffix(".lock")))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(".lock").unlink(missing_ok=True)


def open_source(
    config: SourceConfig,
    folder: Path,
    zone: str,
    *,
    first: date | None = None,
    last: date | None = None,
    latest: datetime | None = None,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
) -> Source:
    """Open a source. Files without `{day}` in their path are all read and checked here.

    Args:
        config: what it is.
        folder: where rows wait until their day is read; it is made, and the caller removes it.
        zone: the warehouse's zone, which execution dates are of.
        first: the first day that will be asked for; earlier rows are left out.
        last: the last day that will be asked for; later rows are left out.
        latest: rows that start or end after this are rejected.
        limits: how much an input may hold.
        environment: the variables that a declaration takes its secrets from.

    Raises:
        InputError: the input is not there, or cannot be read.
        UsageError: there is no such zone.
        WrongUsageError: a system is asked for days without a first or a last one.
    """
    check_zone(zone)
    rules = Rules(config, zone, latest, None, limits or Limits())
    if config.is_polled:
        if first is None or last is None:
            raise WrongUsageError(
                f"The source {config.name!r} is asked for days: name them with --from and --to."
            )
        credentials = Credentials(config.name, environment or {})
        return PolledSource(rules, folder, first, last, credentials)
    if config.by_day:
        return DailySource(rules, folder)
    files = files_of(config, lambda path: is_input(config, path))
    return spool_by_day(rules, files, folder, first=first, last=last)


def spool_by_day(
    rules: Rules,
    files: Iterable[InputFile],
    folder: Path,
    *,
    first: date | None = None,
    last: date | None = None,
) -> "SpooledSource":
    """Read files once and split their rows by day.

    Args:
        rules: the source, and how its rows become executions.
        files: what to read.
        folder: where the rows go; it is made.
        first: leave out the rows of earlier days.
        last: leave out the rows of later days.

    Raises:
        InputError: one of the files cannot be read; what was written must not be used.
    """
    day_files = DayFiles(folder, first, last)
    inputs: dict[date, list[dict[str, Any]]] = {}
    for file in files:
        reading = FileReading(file, rules)
        days: set[date] = set()
        for batch in reading:
            days |= day_files.add("accepted", batch.accepted)
            days |= day_files.add("rejected", batch.rejected)
        for day in days if rules.day is None else {rules.day}:
            inputs.setdefault(day, []).append(reading.record)
    day_files.flush()
    return SpooledSource(rules.config, day_files, inputs)


class SpooledSource:
    """A source whose rows wait on disk, by day."""

    def __init__(
        self,
        config: SourceConfig,
        day_files: DayFiles,
        inputs: dict[date, list[dict[str, Any]]],
    ) -> None:
        """Wrap what `spool_by_day` wrote."""
        self._config = config
        self._files = day_files
        self._inputs = inputs

    @property
    def name(self) -> str:
        """The source's name."""
        return self._config.name

    @property
    def replaces(self) -> Replaces:
        """The part of a day that its delivery replaces."""
        return self._config.replaces

    def former_ids(self, rows: pa.Table) -> pa.Array:
        """The ids that executions had before schema 0014."""
        return self._config.former_ids(rows)

    def days(self, first: date | None = None, last: date | None = None) -> list[date]:
        """The days found, in order; also those of which every row was rejected."""
        return _between(self._files.days_found, first, last)

    def read_day(self, day: date) -> Iterator[ReadBatch]:
        """The rows of a day.

        Raises:
            InputError: the input has no row of the day; the message says which days it has.
        """
        self._check(day)
        return self._batches(day)

    def inputs(self, day: date) -> list[dict[str, Any]]:
        """The files with rows of a day: file, size in bytes, sha256.

        Raises:
            InputError: there is no row of the day.
        """
        self._check(day)
        return self._inputs.get(day, [])

    def _batches(self, day: date) -> Iterator[ReadBatch]:
        for table in self._files.read(day, "accepted"):
            yield ReadBatch(table, REJECTED_SCHEMA.empty_table())
        for table in self._files.read(day, "rejected"):
            yield ReadBatch(CANONICAL_SCHEMA.empty_table(), table)

    def _check(self, day: date) -> None:
        days = self._files.days_found
        if day in days or day in self._inputs:
            return
        if self._config.quiet_days and days and min(days) <= day <= max(days):
            return
        what_there_is = (
            f"its {len(days)} days are from {min(days)} to {max(days)}"
            if days
            else "it has no rows at all"
        )
        raise InputError(
            f"The source {self.name!r} has no row of {day} in {', '.join(self._config.paths)}: "
            f"{what_there_is}."
        )


class DailySource:
    """A source with files of its own for each day, read when the day is."""

    def __init__(self, rules: Rules, folder: Path) -> None:
        """Wrap a source with `{day}` in its path; nothing is read yet."""
        self._rules = rules
        self._folder = folder
        self._opened: dict[date, SpooledSource] = {}

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
        """The days that have a file, in order.

        Raises:
            InputError: the place of the files cannot be listed.
        """
        return _between(days_with_files(self._rules.config), first, last)

    def read_day(self, day: date) -> Iterator[ReadBatch]:
        """The rows of the day's files.

        Raises:
            InputError: the day has no file, or it cannot be read; the message names its path.
        """
        return self._of(day).read_day(day)

    def inputs(self, day: date) -> list[dict[str, Any]]:
        """The files of a day: file, size in bytes, sha256.

        Raises:
            InputError: as `read_day`.
        """
        return self._of(day).inputs(day)

    def _of(self, day: date) -> SpooledSource:
        if day not in self._opened:
            config = self._rules.config
            files = files_of_day(config, lambda path: is_input(config, path), day)
            rules = replace(self._rules, day=day)
            self._opened[day] = spool_by_day(rules, files, self._folder / f"{day}")
        return self._opened[day]


def _between(days: Iterable[date], first: date | None, last: date | None) -> list[date]:
    return sorted(day for day in days if (first or date.min) <= day <= (last or date.max))
