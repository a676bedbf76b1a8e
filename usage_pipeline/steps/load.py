"""The first step of a night: reads the sources' inputs once and hands each day to the warehouse.

`sources/` knows the sources; `warehouse/executions/day_load.py` swaps a day in.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.declared import DeclaredSources
from usage_pipeline.sources.reading.spool import open_source, spool_folder
from usage_pipeline.sources.source import Source
from usage_pipeline.steps.day_counts import (
    DayOutcome,
    DaysLoaded,
    Failed,
    Kept,
    Loaded,
    NotExpected,
)
from usage_pipeline.terms import CLOCK_TOLERANCE
from usage_pipeline.warehouse import failed_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.executions.tracked import (
    TrackedSource,
    forget_users,
    tracked_days,
)
from usage_pipeline.warehouse.ledger import raw_states
from usage_pipeline.warehouse.roles import Role

_log = logging.getLogger(__name__)


class DayLoader:
    """Loads days one after the other from sources that are open.

    A day that cannot be loaded holds up no other: it is noted in the warehouse, until a load of it
    works.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        expecting: Mapping[date, Sequence[Source]],
        complete: Callable[[date], bool] = lambda _: True,
        *,
        replace_retired: bool = False,
    ) -> None:
        """Load into a warehouse as its loader.

        Args:
            warehouse: where.
            expecting: the sources that each day is read from.
            complete: whether a load of a day from those sources makes up for one that failed.
            replace_retired: count a retired day anew though a delivery lacks executions of it.
        """
        self._warehouse = warehouse
        self._expecting = expecting
        self._complete = complete
        self._replace_retired = replace_retired

    def load(self, day: date) -> DayOutcome:
        """Load a day, or say why not.

        Raises:
            WarehouseUnavailableError: the warehouse went away, which holds up every day.
        """
        sources = self._expecting.get(day, ())
        if not sources:
            return self.keep(day)
        try:
            inputs, missing = _inputs_that_answer(sources, day)
            loaded = self.load_inputs(day, inputs)
        except WarehouseUnavailableError:
            raise
        except UsageError as error:
            _log.warning("%s is not loaded: %s", day, error)
            note_failures(self._warehouse, {day: str(error)})
            return Failed(day, str(error))
        if missing:
            _log.warning("%s lacks a part: %s", day, missing)
            note_failures(self._warehouse, {day: missing})
        elif self._complete(day):
            with self._warehouse.connect() as connection:
                failed_days.clear(connection, day)
        return loaded

    def load_inputs(self, day: date, inputs: Sequence[DayInput]) -> Loaded:
        """Load a day from what its sources give.

        Raises:
            UsageError: the input cannot be read; nothing of the day was changed.
        """
        load = load_day(self._warehouse, day, inputs, replace_retired=self._replace_retired)
        records = [record for each in inputs for record in each.inputs]
        warnings = [text for record in records for text in record.get("warnings", ())]
        loaded = Loaded.of(load, warnings)
        for text in warnings:
            _log.warning("%s: %s", day, text)
        _log.info("%s", loaded)
        if loaded.missing:
            _log.warning(
                "%s is retired, and this delivery lacks %s of the executions that it has counted, "
                "which stay: new ones were added. If the delivery is right, load it with "
                "--replace-retired",
                day,
                f"{loaded.missing:,}",
            )
        return loaded

    def keep(self, day: date) -> Kept | NotExpected:
        """Leave a day as it is loaded; nothing is read, nothing changed."""
        with self._warehouse.connect() as connection:
            states = raw_states(connection, day, day)
        if not states:
            _log.warning("%s is not loaded and no source expects it: left out", day)
            return NotExpected(day)
        state = states[0]
        return Kept(
            day, state.read, state.loaded, state.rejected, state.duplicates, kept=state.kept
        )


def load_configured_days(
    warehouse: Warehouse, settings: Settings, days: Sequence[date], *, only_tracked: bool = False
) -> DaysLoaded:
    """Load days from the sources of the sources file, and what was tracked on them.

    A day that no source expects stays as it was loaded by hand; one that was never loaded is
    left out.

    Args:
        warehouse: where to load.
        settings: where the sources are declared.
        days: the days, in order.
        only_tracked: leave what other sources said of the days as it is.

    Raises:
        InputError: not one of the days could be loaded, or is.
    """
    warehouse = warehouse.acting_as(Role.LOADER)
    declared = DeclaredSources.read(settings.sources_path)
    expected = {day: [] if only_tracked else declared.expecting(day) for day in days}
    configs = {config.name: config for each in expected.values() for config in each}
    tracked = _tracked(warehouse, settings)
    try:
        with _opened(settings, list(configs.values()), days[0], days[-1]) as sources:
            loader = DayLoader(
                warehouse,
                {
                    day: [sources[config.name] for config in expected[day]]
                    + ([tracked] if tracked is not None and tracked.expects(day) else [])
                    for day in days
                },
                complete=lambda day: bool(expected[day]) or not declared.expecting(day),
            )
            loaded = DaysLoaded.of(loader.load(day) for day in days)
    except InputError as error:
        # An input of many days that cannot be read at all.
        note_failures(warehouse, {day: str(error) for day in days if expected[day]})
        raise
    if loaded.failed and not loaded.results:
        raise InputError("; ".join(dict.fromkeys(loaded.failed.values())))
    if not loaded.results:
        span = str(days[0]) if len(days) == 1 else f"No day from {days[0]} to {days[-1]}"
        raise InputError(
            f"{span} is {'not ' if len(days) == 1 else ''}loaded, and no source in "
            f"{settings.sources_path} expects it: load it with usage-pipeline load, or declare its "
            "source."
        )
    return loaded


def keep_days(warehouse: Warehouse, days: Sequence[date]) -> DaysLoaded:
    """The days as they are loaded; nothing is read, nothing changed."""
    loader = DayLoader(warehouse, {})
    return DaysLoaded.of(loader.keep(day) for day in days)


def load_inputs(
    warehouse: Warehouse,
    settings: Settings,
    config: SourceConfig,
    first: date | None = None,
    last: date | None = None,
    *,
    empty_days: bool = False,
    replace_retired: bool = False,
) -> Iterator[Loaded]:
    """Load every day found in one input, or those from `first` to `last`, in order.

    Args:
        warehouse: where to load.
        settings: the zone, the limits, and the first day there is.
        config: the input.
        first: the first day to load.
        last: the last day to load.
        empty_days: load a day from `first` to `last` that the input has no row of as an empty day.
        replace_retired: count a retired day anew though the input lacks executions of it.

    Raises:
        InputError: the input cannot be read, or holds no execution in those days.
        WrongUsageError: empty days of a span that is open, not over, or of files by day.
    """
    loader = DayLoader(warehouse.acting_as(Role.LOADER), {}, replace_retired=replace_retired)
    whole_span = _whole_span(settings, config, first, last) if empty_days else []
    with _opened(settings, [config], first, last) as sources:
        source = sources[config.name]
        days_with_rows = source.days(first, last)
        days = whole_span or days_with_rows
        if not days:
            span = f" from {first or 'the start'} to {last or 'the end'}" if first or last else ""
            raise InputError(
                f"{config.origin} holds no executions{span}: nothing was loaded. If nobody ran "
                "anything, name the days with --from, --to and --empty-days."
            )
        if days[0] < settings.start_date:
            raise InputError(
                f"The input starts on {days[0]}, before USAGE_START_DATE ({settings.start_date}): "
                "set that earlier, or load from a later day with --from."
            )
        for day in days:
            delivery = (
                day_input(source, day)
                if day in days_with_rows
                else DayInput(config.name, (), replaces=source.replaces)
            )
            yield loader.load_inputs(day, [delivery])


def day_input(source: Source, day: date) -> DayInput:
    """The delivery of a source for a day."""
    return DayInput(
        source.name, source.read_day(day), source.inputs(day), source.replaces, source.former_ids
    )


def _inputs_that_answer(sources: Sequence[Source], day: date) -> tuple[list[DayInput], str]:
    """The deliveries of all sources for a day, and why some that only add to it gave none.

    Raises:
        UsageError: one that says everything of the day cannot be read, or none can.
    """
    inputs: list[DayInput] = []
    failures: list[UsageError] = []
    for source in sources:
        try:
            inputs.append(day_input(source, day))
        except InputError as error:
            if source.replaces != "nothing":
                raise
            failures.append(error)
    if failures and not inputs:
        raise failures[0]
    return inputs, "; ".join(map(str, failures))


def note_failures(warehouse: Warehouse, reasons: Mapping[date, str]) -> None:
    """Note in the warehouse that days could not be loaded, and why."""
    with warehouse.connect() as connection:
        for day, reason in reasons.items():
            failed_days.note(connection, day, reason)


def _whole_span(
    settings: Settings, config: SourceConfig, first: date | None, last: date | None
) -> list[date]:
    if first is None or last is None:
        raise WrongUsageError("--empty-days needs --from and --to: it fills the days between them.")
    if config.by_day:
        raise WrongUsageError(
            f"{config.origin} has files for each day: one that is not there is missing, not empty."
        )
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    if last >= today:
        raise WrongUsageError(f"{last} is not over yet: give a --to before {today}.")
    return days_between(first, last)


def _tracked(warehouse: Warehouse, settings: Settings) -> TrackedSource | None:
    """The source of what was tracked, without the names of forgotten users."""
    days = tracked_days(warehouse, settings.tracked_days_kept)
    if days is None:
        return None
    with warehouse.connect() as connection:
        forget_users(connection)
    return TrackedSource(warehouse, days.first)


@contextmanager
def _opened(
    settings: Settings, configs: Sequence[SourceConfig], first: date | None, last: date | None
) -> Iterator[dict[str, Source]]:
    """Read each input once, split by day into a folder that goes away with the block."""
    with spool_folder(settings.home) as folder:
        yield {
            config.name: open_source(
                config,
                folder / str(number),
                settings.timezone,
                first=first,
                last=last,
                latest=datetime.now(UTC) + CLOCK_TOLERANCE,
                limits=settings.limits,
                environment=os.environ,
            )
            for number, config in enumerate(configs)
        }
