"""The span that a system is asked for, and the one call that reads any of them.

A module of a system is one function: a span in, rows out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from usage_pipeline.execution_dates import day_bounds
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.systems.credentials import Credentials


@dataclass(frozen=True)
class Span:
    """The days that a system is asked for.

    Attributes:
        start: the first instant.
        end: the first instant after them.
    """

    start: datetime
    end: datetime

    @classmethod
    def of(cls, first: date, last: date, zone: str) -> "Span":
        """The span of some days of a zone."""
        return cls(day_bounds(first, zone)[0], day_bounds(last, zone)[1])


class Reader(Protocol):
    """Asks a system."""

    def __call__(
        self, config: SourceConfig, span: Span, credentials: Credentials
    ) -> Iterator[RawRows]:
        """The executions that start in a span, numbered from 1; rows outside of it do no harm.

        Raises:
            InputError: the system cannot be asked, in one sentence.
        """
