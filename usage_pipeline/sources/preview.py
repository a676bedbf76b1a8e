"""The first rows of a source as they would be loaded, and those that would be rejected.

Nothing is loaded. `usage-pipeline sources check` shows it.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from usage_pipeline.sources.source import Source

_SHOWN: Final = 5


@dataclass
class Preview:
    """Some days of a source, the newest first.

    Attributes:
        days: the days that were read.
        accepted: how many rows of them would be loaded.
        rejected: how many would be rejected.
        executions: the first rows that would be loaded.
        rejections: the first rows that would be rejected.
        warnings: what of the input should be looked at.
    """

    days: list[date] = field(default_factory=list)
    accepted: int = 0
    rejected: int = 0
    executions: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[dict[str, Any]] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)


def preview(source: Source, first: date, last: date) -> Preview:
    """Read days of a source, the last one first, until there are five rows to show.

    Raises:
        InputError: the source cannot be read.
    """
    shown = Preview()
    for day in reversed(source.days(first, last)):
        shown.days.append(day)
        for batch in source.read_day(day):
            shown.accepted += batch.accepted.num_rows
            shown.rejected += batch.rejected.num_rows
            shown.executions += batch.accepted.slice(0, _SHOWN).to_pylist()
            shown.rejections += batch.rejected.slice(0, _SHOWN).to_pylist()
        for record in source.inputs(day):
            shown.warnings |= dict.fromkeys(record.get("warnings", ()))
        if len(shown.executions) >= _SHOWN:
            break
    shown.executions, shown.rejections = shown.executions[:_SHOWN], shown.rejections[:_SHOWN]
    return shown
