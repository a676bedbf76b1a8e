"""The interface of all sources, as loading uses it.

A complete delivery says everything its source knows of a day, and replaces the day. A partial one
adds and updates; what it does not mention stays.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal, Protocol

import pyarrow as pa

from usage_pipeline.sources.conform.canonical import ReadBatch

Replaces = Literal["day", "executions", "nothing"]
"""The part of a day that a delivery replaces: all that its source said of the day, the executions
that it mentions, or nothing: then its copies merge with what is there."""


class Source(Protocol):
    """A source of executions, split by day."""

    @property
    def name(self) -> str:
        """The source's name."""

    @property
    def replaces(self) -> Replaces:
        """The part of a day that its delivery replaces."""

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

    def former_ids(self, rows: pa.Table) -> pa.Array:
        """The ids that executions had before schema 0014, for days that were retired before.

        Args:
            rows: executions in the canonical schema.
        """
