"""What a warehouse holds after deliveries of days, slowly: all that was said is merged anew.

Copies are rows of `tests.executions.execution`; no two copies of one execution have the same
`updated_at`. One source; conflicts of users are not part of it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Copy = dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """What a source says of a day: everything it knows, or what is new and changed."""

    day: date
    everything: bool
    copies: tuple[Copy, ...]


@dataclass(frozen=True)
class Retirement:
    """A day becomes aggregates."""

    day: date


@dataclass(frozen=True)
class Merged:
    """One execution as it counts."""

    day: date
    start_time: datetime
    status: str


@dataclass
class Holdings:
    """All copies by the day that they claim, and the executions that are counted and gone."""

    said: dict[date, list[Copy]] = field(default_factory=lambda: defaultdict(list))
    counted: dict[str, Merged] = field(default_factory=dict)

    def take(self, event: Delivery | Retirement) -> None:
        """Let an event happen."""
        if isinstance(event, Retirement):
            self.counted |= {name: one for name, one in self.live().items() if one.day == event.day}
            return
        own = {name for name, one in self.counted.items() if one.day == event.day}
        whole = event.everything and own <= {copy["source_id"] for copy in event.copies}
        if whole:
            for name in own:
                del self.counted[name]
        stays = self.said[event.day]
        if whole:
            stays = [copy for copy in stays if copy["source_id"] in self.counted]
        self.said[event.day] = stays + [
            copy for copy in event.copies if copy["source_id"] not in self.counted
        ]

    def live(self) -> dict[str, Merged]:
        """The executions that are there one by one, by the source's id."""
        copies: dict[str, list[Copy]] = defaultdict(list)
        for said in self.said.values():
            for copy in said:
                copies[copy["source_id"]].append(copy)
        return {name: _merged(of) for name, of in copies.items() if name not in self.counted}


def _merged(copies: Iterable[Copy]) -> Merged:
    """The terminal copy updated last; it started when the first of all copies did."""
    copies = list(copies)
    winner = max(copies, key=lambda copy: (copy["status"] != "started", copy["updated_at"]))
    start = min(copy["start_time"] for copy in copies)
    return Merged(start.date(), start, winner["status"])
