"""The sources that the sources file declares, and which of them expect executions on a day.

How a declaration is read stands in `config`; nothing here opens an input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from usage_pipeline.errors import UsageError
from usage_pipeline.execution_dates import days_between
from usage_pipeline.sources.config import SourceConfig, read_sources_file


@dataclass(frozen=True)
class DeclaredSources:
    """The declared sources.

    Attributes:
        path: the sources file, whether or not it exists.
        configs: what it declares; empty without the file.
    """

    path: Path
    configs: Sequence[SourceConfig]

    @classmethod
    def read(cls, path: Path) -> "DeclaredSources":
        """Read the sources file; a file that is not there declares nothing.

        Raises:
            UsageError: the file cannot be read.
        """
        return cls(path, read_sources_file(path) if path.exists() else [])

    @classmethod
    def readable(cls, path: Path) -> "DeclaredSources":
        """The same for whoever must not fail: a file that cannot be read fails the load, not this.

        Args:
            path: the sources file; it declares nothing while it cannot be read.
        """
        try:
            return cls.read(path)
        except UsageError:
            return cls(path, [])

    def expecting(self, day: date) -> list[SourceConfig]:
        """The sources that expect executions on `day`."""
        return [config for config in self.configs if config.expects(day)]

    def polled(self) -> list[str]:
        """The names of the sources that are systems, which can be asked again for any day."""
        return [config.name for config in self.configs if config.is_polled]

    def expected_days(
        self, first: date, last: date, tracked_since: date | None = None
    ) -> list[date]:
        """The days from `first` to `last` for which a source expects executions.

        Args:
            first: the first day.
            last: the last day.
            tracked_since: the first day of tracked executions, which come without a declaration.
        """
        return [
            day
            for day in days_between(first, last)
            if (tracked_since is not None and day >= tracked_since) or self.expecting(day)
        ]

    def newest_expected_day(self, last: date) -> date | None:
        """The newest day up to `last` that a source expects; None when none does."""
        ends = [(config, min(config.until or last, last)) for config in self.configs]
        return max((day for config, day in ends if config.expects(day)), default=None)
