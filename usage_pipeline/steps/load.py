"""Loading days: opens the sources, reads the input once, and hands each day to the warehouse.

The assets and the CLI share these functions. What a source is stands in `sources/`; how a day is
swapped in stands in `warehouse/executions/day_load.py`.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from usage_pipeline.errors import (
    InputError,
    UsageError,
    WarehouseUnavailableError,
    WrongUsageError,
)
from usage_pipeline.execution_dates import days_between
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig, read_sources_file
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.sources.reading.spool_folder import spool_folder
from usage_pipeline.sources.reading.streams import Limits
from usage_pipeline.sources.source import Source
from usage_pipeline.terms import CLOCK_TOLERANCE
from usage_pipeline.warehouse import failed_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, DayLoad, load_day
from usage_pipeline.warehouse.executions.tracked import (
    TRACKED,
    TrackedSource,
    forget_users,
    tracked_days,
)
from usage_pipeline.warehouse.ledger import raw_states
from usage_pipeline.warehouse.roles import Role

_log = logging.getLogger(__name__)
# A row from the future would move the as-of date of every mart; clocks may differ a little.


@dataclass(frozen=True)
class DayResult:
    """What loading one day came to; counts are sums over its sources."""

    day: date
    read: int
    loaded: int
    rejected: int
    duplicates: int
    replaced: int
    late: int
    sources: tuple[str, ...]

    @classmethod
    def of(cls, load: DayLoad) -> "DayResult":
        """Sum the sources of a day's load."""
        names = ("read", "loaded", "rejected", "duplicates", "replaced", "late")
        counts = {name: load.total(name) for name in names}
        return cls(load.day, **counts, sources=tuple(source.source for source in load.sources))

    def __str__(self) -> str:
        text = f"{self.day}: {self.loaded:,} loaded"
        for name in ("rejected", "duplicates", "replaced", "late"):
            if getattr(self, name):
                text += f", {getattr(self, name):,} {name}"
        return text


def expected_sources(settings: Settings, day: date) -> list[SourceConfig]:
    """The configured sources that expect executions on `day`.

    Raises:
        UsageError: the sources file cannot be read.
    """
    if not settings.sources_path.exists():
        return []
    return [config for config in read_sources_file(settings.sources_path) if config.expects(day)]


def expected_days(
    settings: Settings, first: date, last: date, tracked_since: date | None = None
) -> list[date]:
    """The days from `first` to `last` for which a source expects executions.

    Args:
        settings: where the sources are declared.
        first: the first day.
        last: the last day.
        tracked_since: the first day of tracked executions, which need no declaration.

    Raises:
        UsageError: the sources file cannot be read.
    """
    is_declared = settings.sources_path.exists()
    configs = read_sources_file(settings.sources_path) if is_declared else []
    days = days_between(first, last)
    return [
        day
        for day in days
        if (tracked_since is not None and day >= tracked_since)
        or any(config.expects(day) for config in configs)
    ]


def newest_expected_day(settings: Settings, last: date) -> date | None:
    """The newest day up to `last` that a configured source expects; None when none does.

    Raises:
        UsageError: the sources file cannot be read.
    """
    if not settings.sources_path.exists():
        return None
    configs = read_sources_file(settings.sources_path)
    ends = [min(config.until or last, last) for config in configs]
    days = [day for config, day in zip(configs, ends, strict=True) if config.expects(day)]
    return max(days, default=None)


@dataclass(frozen=True)
class DaysLoaded:
    """What loading several days came to.

    Attributes:
        results: the days that are loaded.
        failed: the days that could not be, with the reasons; nothing of them was changed.
    """

    results: list[DayResult]
    failed: dict[date, str]


def load_configured_days(
    warehouse: Warehouse, settings: Settings, days: Sequence[date], *, only_tracked: bool = False
) -> DaysLoaded:
    """Load days from the sources of the sources file, and what was tracked on them.

    A day that no source expects stays as it was loaded by hand; one that was never loaded is
    left out. A day that cannot be loaded holds up no other: it is noted in the warehouse, until a
    load of it works.

    Args:
        warehouse: where to load.
        settings: where the sources are declared.
        days: the days, in order.
        only_tracked: leave what other sources said of the days as it is.

    Raises:
        InputError: not one of the days could be loaded, or is.
    """
    warehouse = warehouse.acting_as(Role.LOADER)
    tracked = _tracked(warehouse, settings)
    expecting = {day: [] if only_tracked else expected_sources(settings, day) for day in days}
    configs = {config.name: config for found in expecting.values() for config in found}
    results: list[DayResult] = []
    failed: dict[date, str] = {}
    try:
        with _opened(settings, list(configs.values()), days[0], days[-1]) as sources:
            for day in days:
                given = [sources[config.name] for config in expecting[day]]
                if tracked is not None and tracked.expects(day):
                    given.append(tracked)
                result = _load_or_note(warehouse, settings, day, given, failed)
                results += [] if result is None else [result]
    except InputError as error:
        # An input of many days that cannot be read at all.
        _note(warehouse, {day: str(error) for day in days if expecting[day]})
        raise
    if failed and not results:
        raise InputError("; ".join(dict.fromkeys(failed.values())))
    if not results:
        span = str(days[0]) if len(days) == 1 else f"No day from {days[0]} to {days[-1]}"
        raise InputError(
            f"{span} is {'not ' if len(days) == 1 else ''}loaded, and no source in "
            f"{settings.sources_path} expects it: load it with usage-pipeline load, or declare its "
            "source."
        )
    return DaysLoaded(results, failed)


def loaded_as_they_are(warehouse: Warehouse, days: Sequence[date]) -> DaysLoaded:
    """The days as they are loaded; nothing is read, nothing changed."""
    kept = (_kept(warehouse, day) for day in days)
    return DaysLoaded([result for result in kept if result is not None], {})


def load_inputs(
    warehouse: Warehouse,
    settings: Settings,
    config: SourceConfig,
    first: date | None = None,
    last: date | None = None,
    *,
    empty_days: bool = False,
) -> Iterator[DayResult]:
    """Load every day found in one input, or those from `first` to `last`, in order.

    Args:
        warehouse: where to load.
        settings: the zone, the limits, and the first day there is.
        config: the input.
        first: the first day to load.
        last: the last day to load.
        empty_days: load a day from `first` to `last` that the input has no row of as an empty day.

    Raises:
        InputError: the input cannot be read, or holds no execution in those days.
        WrongUsageError: empty days of a span that is open, not over, or of files by day.
    """
    warehouse = warehouse.acting_as(Role.LOADER)
    span_days = _whole_span(settings, config, first, last) if empty_days else []
    with _opened(settings, [config], first, last) as sources:
        source = sources[config.name]
        found = source.days(first, last)
        days = span_days or found
        if not days:
            span = f" from {first or 'the start'} to {last or 'the end'}" if first or last else ""
            raise InputError(
                f"{config.path} holds no executions{span}: nothing was loaded. If nobody ran "
                "anything, name the days with --from, --to and --empty-days."
            )
        if days[0] < settings.start_date:
            raise InputError(
                f"The input starts on {days[0]}, before USAGE_START_DATE ({settings.start_date}): "
                "set that earlier, or load from a later day with --from."
            )
        for day in days:
            given = _input(source, day) if day in found else DayInput(config.name, ())
            yield _load(warehouse, settings, day, [given])


def _whole_span(
    settings: Settings, config: SourceConfig, first: date | None, last: date | None
) -> list[date]:
    if first is None or last is None:
        raise WrongUsageError("--empty-days needs --from and --to: it fills the days between them.")
    if config.by_day:
        raise WrongUsageError(
            f"{config.path} has files for each day: one that is not there is missing, not empty."
        )
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    if last >= today:
        raise WrongUsageError(f"{last} is not over yet: give a --to before {today}.")
    return days_between(first, last)


def _load_or_note(
    warehouse: Warehouse,
    settings: Settings,
    day: date,
    sources: Sequence[Source],
    failed: dict[date, str],
) -> DayResult | None:
    """Load a day, or keep it as it is and add to `failed` why it could not be loaded."""
    if not sources:
        return _kept(warehouse, day)
    try:
        result = _load(warehouse, settings, day, [_input(source, day) for source in sources])
    except WarehouseUnavailableError:
        raise
    except UsageError as error:
        _log.warning("%s is not loaded: %s", day, error)
        failed[day] = str(error)
        _note(warehouse, {day: str(error)})
        return None
    if any(source.name != TRACKED for source in sources) or not expected_sources(settings, day):
        with warehouse.connect() as connection:
            failed_days.clear(connection, day)
    return result


def _tracked(warehouse: Warehouse, settings: Settings) -> TrackedSource | None:
    """The source of what was tracked, without the names of forgotten users."""
    found = tracked_days(warehouse, settings.tracked_days_kept)
    if found is None:
        return None
    with warehouse.connect() as connection:
        forget_users(connection)
    return TrackedSource(warehouse, found.first)


def _note(warehouse: Warehouse, reasons: Mapping[date, str]) -> None:
    with warehouse.connect() as connection:
        for day, reason in reasons.items():
            failed_days.note(connection, day, reason)


def _input(source: Source, day: date) -> DayInput:
    return DayInput(source.name, source.read_day(day), source.inputs(day))


def _load(
    warehouse: Warehouse, settings: Settings, day: date, given: Sequence[DayInput]
) -> DayResult:
    load = load_day(warehouse, day, given, rejected_kept=settings.rejected_rows_kept)
    result = DayResult.of(load)
    _log.info("%s", result)
    return result


def _kept(warehouse: Warehouse, day: date) -> DayResult | None:
    with warehouse.connect() as connection:
        states = raw_states(connection, day, day)
    if not states:
        _log.warning("%s is not loaded and no source expects it: left out", day)
        return None
    state = states[0]
    return DayResult(day, state.read, state.loaded, state.rejected, state.duplicates, 0, 0, ())


@contextmanager
def _opened(
    settings: Settings, configs: Sequence[SourceConfig], first: date | None, last: date | None
) -> Iterator[dict[str, Source]]:
    """Read each input once, split by day into a folder that goes away with the block."""
    limits = Limits(
        file_bytes=settings.max_file_bytes,
        unpacked_ratio=settings.max_unpacked_ratio,
        field_bytes=settings.max_field_bytes,
        row_bytes=settings.max_row_bytes,
    )
    with spool_folder(settings.home) as folder:
        yield {
            config.name: open_source(
                config,
                folder / str(number),
                settings.timezone,
                first=first,
                last=last,
                latest=datetime.now(UTC) + CLOCK_TOLERANCE,
                limits=limits,
            )
            for number, config in enumerate(configs)
        }
