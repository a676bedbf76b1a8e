"""Everything mined from windows of days but insights, a block of users at a time.

A block is never divided: all days of its users are mined together. Findings that depend on all
users (which tests are discoveries, and which sequences several users share) wait on a shelf until
every block was mined, so memory follows the size of a block. One block of all users gives the same
rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.columns import Floats, Ints
from usage_pipeline.mining.daily.sequences import SequenceCounts
from usage_pipeline.mining.daily.statistics import DailyStatistics
from usage_pipeline.mining.insights.wording import Names
from usage_pipeline.mining.patterns.time import executions_by_hour
from usage_pipeline.mining.patterns.usage import find_patterns, tell_patterns
from usage_pipeline.mining.sequences.follow_ups import find_follow_ups
from usage_pipeline.mining.sequences.frequent import workflow_sequences
from usage_pipeline.mining.sequences.parts import PART_WINDOW_DAYS, find_parts, with_q_values
from usage_pipeline.mining.sequences.popular import PopularSequences, shared_parts
from usage_pipeline.mining.statistics import FALSE_DISCOVERY_RATE, QValues

SEQUENCE_WINDOWS: Final = (7, 28, 90)
"""The windows that `mining.workflow_sequence_windows` holds, in days."""


class Shelf(Protocol):
    """Keeps tables in order, such as a list does; the nightly job keeps them on disk."""

    def append(self, table: pa.Table, /) -> None:
        """Keep one more table."""

    def __iter__(self) -> Iterator[pa.Table]:
        """All tables, in the order in which they came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """The sizes of windows, and how many users share a sequence.

    Attributes:
        sequence_days: the window of `workflow_sequences`.
        pattern_days: the window of patterns.
        shared_min_users: how many users must have a popular sequence.
    """

    sequence_days: int = 7
    pattern_days: int = 90
    shared_min_users: int = 2


class _Tests:
    """P-values of one family of tests, block by block."""

    def __init__(self) -> None:
        self._p_values: list[Floats] = []
        self._tested = 0

    def add(self, p_values: Floats, tested: int) -> None:
        self._p_values.append(p_values)
        self._tested += tested

    def together(self) -> QValues:
        return QValues.among(self._p_values, self._tested)


class WindowMining:
    """Mines windows in two readings of the blocks: `mine` each, `settle`, then `count` each."""

    def __init__(
        self,
        as_of: date,
        settings: WindowSettings,
        everyone_by_hour: Ints,
        new_shelf: Callable[[], Shelf],
    ) -> None:
        """Prepare to mine.

        Args:
            as_of: the last day of all windows.
            settings: what is mined.
            everyone_by_hour: `patterns.time.executions_by_hour` of all users.
            new_shelf: makes a place for the findings of blocks.
        """
        self._as_of, self._settings, self._everyone = as_of, settings, everyone_by_hour
        self._parts, self._sure, self._candidates = new_shelf(), new_shelf(), new_shelf()
        self._part_tests, self._pattern_tests = _Tests(), _Tests()
        self._sessions: dict[str, int] = {}
        self._session_count = 0
        self._popular: PopularSequences | None = None

    def mine(self, statistics: DailyStatistics) -> dict[str, pa.Table]:
        """Mine a block of users; return the rows that depend on no other block, by table."""
        as_of, settings = self._as_of, self._settings
        counts = SequenceCounts.from_table(statistics.sequences)
        pairs = find_follow_ups(
            statistics.transitions, statistics.step_counts, as_of, window_days=PART_WINDOW_DAYS
        )
        self._part_tests.add(pairs.p_value, pairs.tested)
        parts = find_parts(
            statistics.sequences,
            statistics.step_counts,
            pairs.to_table(),
            as_of,
            sure_below=FALSE_DISCOVERY_RATE,
        )
        self._parts.append(parts.closed)
        self._sure.append(parts.sure)
        for workflow, sessions in parts.sessions.items():
            self._sessions[workflow] = self._sessions.get(workflow, 0) + sessions
        self._session_count += parts.session_count
        patterns = find_patterns(
            statistics.transitions,
            statistics.step_counts,
            statistics.hours,
            as_of,
            window_days=settings.pattern_days,
            everyone=self._everyone,
        )
        self._pattern_tests.add(patterns.p_values, patterns.tested)
        self._candidates.append(patterns.candidates)
        default = workflow_sequences(counts, as_of, window_days=settings.sequence_days)
        return {
            "workflow_sequences": with_as_of(default, as_of),
            "workflow_sequence_windows": with_as_of(_sequence_windows(counts, as_of), as_of),
        }

    def settle(self, names: Names) -> Iterator[dict[str, pa.Table]]:
        """The other rows of each block, once all are mined.

        Args:
            names: of the workflows, for the words of patterns.
        """
        tests = self._part_tests.together()
        shared = shared_parts(self._sure, tests, self._settings.shared_min_users)
        self._popular = PopularSequences(shared, self._as_of)
        pattern_tests = self._pattern_tests.together()
        for parts, candidates in zip(self._parts, self._candidates, strict=True):
            yield {
                "workflow_subsequences": with_as_of(with_q_values(parts, tests), self._as_of),
                "usage_patterns": tell_patterns(candidates, pattern_tests, names, self._as_of),
            }

    def popular(self, blocks: Iterable[pa.Table]) -> pa.Table:
        """The sequences that users share, counted by reading the blocks again after `settle`.

        Args:
            blocks: the daily statistic of sequences of each block, the last
                `PART_WINDOW_DAYS` days at least.
        """
        if self._popular is None:
            raise ValueError("settle the tests of all users first")
        for occurrences in blocks if self._popular.parts else ():
            self._popular.count(occurrences)
        table = self._popular.table(self._sessions, self._session_count)
        # A part rarer than chance would make it is not a sequence, however many users have run it.
        return with_as_of(table.filter(pc.greater(table["lift"], 1)), self._as_of)


def mined_windows(
    blocks: Sequence[DailyStatistics], workflows: pa.Table, settings: WindowSettings, as_of: date
) -> dict[str, pa.Table]:
    """Mine windows from blocks of users that are all in memory.

    Args:
        blocks: the daily statistics of each block; a user is in one of them.
        workflows: workflow_id and workflow_name, which may be null.
        settings: what is mined.
        as_of: the last day of all windows.

    Returns:
        The rows of each table of windows but the insights.
    """
    hours = pa.concat_tables([block.hours for block in blocks])
    by_hour = executions_by_hour(hours, as_of, window_days=settings.pattern_days)
    mining = WindowMining(as_of, settings, by_hour, list)
    tables = [mining.mine(block) for block in blocks]
    tables += mining.settle(Names.of(workflows))
    popular = mining.popular(block.sequences for block in blocks)
    return _joined(tables) | {"popular_sequences": popular}


def with_as_of(table: pa.Table, as_of: date) -> pa.Table:
    """The table with its as-of date."""
    return table.append_column("as_of_date", pa.repeat(pa.scalar(as_of), table.num_rows))


def _joined(tables: Sequence[Mapping[str, pa.Table]]) -> dict[str, pa.Table]:
    names = dict.fromkeys(name for each in tables for name in each)
    return {name: pa.concat_tables([e[name] for e in tables if name in e]) for name in names}


def _sequence_windows(counts: SequenceCounts, as_of: date) -> pa.Table:
    windows = []
    for days in SEQUENCE_WINDOWS:
        table = workflow_sequences(counts, as_of, window_days=days).drop_columns("execution_order")
        column = pa.repeat(pa.scalar(days, pa.int32()), table.num_rows)
        windows.append(table.append_column("window_days", column))
    return pa.concat_tables(windows)
