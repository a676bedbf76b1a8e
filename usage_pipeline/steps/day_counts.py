"""Results of loading days: for each day its counts, or why it is not loaded.

Counts and words only; `load` does the loading.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self, assert_never

from usage_pipeline.mining.insights.wording import counted
from usage_pipeline.warehouse.executions.day_load import DayLoad

_FURTHER_COUNTS = (
    "rejected", "duplicates", "replaced", "late", "kept", "corrected", "conflicts",
)  # fmt: skip


def count_of_rows(count: int, name: str) -> str:
    """A count of `DayCounts` in words: `3 rejected`, `1 duplicate`."""
    is_noun = name in ("duplicates", "conflicts")
    return counted(count, name.removesuffix("s")) if is_noun else f"{count:,} {name}"


@dataclass(frozen=True)
class DayCounts:
    """Where the rows of a day went; counts are sums over its sources."""

    day: date
    read: int
    loaded: int
    rejected: int
    duplicates: int
    replaced: int = 0
    late: int = 0
    kept: int = 0
    corrected: int = 0
    conflicts: int = 0
    missing: int = 0
    sources: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    changed_days: tuple[date, ...] = ()

    @property
    def executions(self) -> int:
        """Executions that the day holds of its sources, retired ones included."""
        return self.loaded + self.kept

    def __str__(self) -> str:
        text = f"{self.day}: {self.loaded:,} loaded"
        for name in _FURTHER_COUNTS:
            if getattr(self, name):
                text += f", {count_of_rows(getattr(self, name), name)}"
        if self.changed_days:
            text += f"; {', '.join(map(str, self.changed_days))} changed with it"
        return text


class Loaded(DayCounts):
    """A day that was loaded now."""

    @classmethod
    def of(cls, load: DayLoad, warnings: Iterable[str]) -> Self:
        """Sum the sources of a day's load; `warnings` say what of its inputs to look at."""
        names = ("read", "loaded", "missing", *_FURTHER_COUNTS)
        return cls(
            load.day,
            **{name: load.total(name) for name in names},
            sources=tuple(source.source for source in load.sources),
            warnings=tuple(warnings),
            changed_days=load.changed_days,
        )


class Kept(DayCounts):
    """A day that stays as it was loaded before: nothing of it was read now."""


@dataclass(frozen=True)
class Failed:
    """A day that could not be loaded, with the reason; nothing of it was changed."""

    day: date
    reason: str


@dataclass(frozen=True)
class NotExpected:
    """A day that no source expects and that was never loaded."""

    day: date


DayOutcome = Loaded | Kept | Failed | NotExpected


@dataclass(frozen=True)
class DaysLoaded:
    """The result of loading several days.

    Attributes:
        results: the days that are loaded.
        failed: the days that could not be, with the reasons; nothing of them was changed.
    """

    results: list[DayCounts]
    failed: dict[date, str]

    @classmethod
    def of(cls, outcomes: Iterator[DayOutcome]) -> Self:
        """Sort outcomes."""
        days = cls([], {})
        for outcome in outcomes:
            match outcome:
                case Loaded() | Kept():
                    days.results.append(outcome)
                case Failed(day, reason):
                    days.failed[day] = reason
                case NotExpected():
                    pass
                case _:
                    assert_never(outcome)
        return days
