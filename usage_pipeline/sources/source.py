"""What the loading asks of a source, whatever it is."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Protocol

from usage_pipeline.sources.conform.canonical import ReadBatch


class Source(Protocol):
    """A source of executions, split by day."""

    @property
    def name(self) -> str:
        """The source's name: what is loaded of a day is replaced by what it says now."""

    def days(self, first: date | None = None, last: date | None = None) -> list[date]:
        """The days that are there, in order.

        Args:
            first: leave out the days before.
            last: leave out the days after.
        """

    def read_day(self, day: date) -> Iterator[ReadBatch]:
        """The rows of a day, each in exactly one table of one batch.

        Raises:
            InputError: the input of the day is not there, or cannot be read. That is known when
                this returns, before the first batch.
        """

    def inputs(self, day: date) -> list[dict[str, Any]]:
        """The files a day was read from: file, size in bytes, sha256.

        Raises:
            InputError: as `read_day`.
        """
