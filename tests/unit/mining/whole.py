"""Mining all users as one block, step by step, for tests that look at one kind of finding."""

from datetime import date

import numpy as np
import pyarrow as pa

from usage_pipeline.mining.daily.statistics import DailyStatistics
from usage_pipeline.mining.insights.wording import Names
from usage_pipeline.mining.patterns.usage import find_patterns, tell_patterns
from usage_pipeline.mining.sequences.parts import UserParts, find_parts, with_q_values
from usage_pipeline.mining.sequences.popular import PopularSequences, shared_parts
from usage_pipeline.mining.statistics import QValues


def q_values_of(follow_ups: pa.Table) -> QValues:
    """Tests whose q-values are their p-values."""
    values = np.unique(follow_ups["p_value"].to_numpy())
    return QValues(values, values)


def subsequences(
    daily: DailyStatistics,
    follow_ups: pa.Table,
    as_of: date,
    tests: QValues | None = None,
    **window: int,
) -> pa.Table:
    parts = find_parts(daily.sequences, daily.step_counts, follow_ups, as_of, **window)
    return with_q_values(parts.closed, tests or q_values_of(follow_ups))


def popular(
    daily: DailyStatistics,
    follow_ups: pa.Table,
    as_of: date,
    tests: QValues | None = None,
    *,
    min_users: int = 2,
    blocks: list[DailyStatistics] | None = None,
    **window: int,
) -> pa.Table:
    """The sequences that users share; counted block by block if there are any."""
    blocks = blocks or [daily]
    parts: list[UserParts] = [
        find_parts(block.sequences, block.step_counts, follow_ups, as_of, **window)
        for block in blocks
    ]
    shared = shared_parts([p.sure for p in parts], tests or q_values_of(follow_ups), min_users)
    counting = PopularSequences(shared, as_of, **window)
    for block in blocks:
        counting.count(block.sequences)
    sessions: dict[str, int] = {}
    for part in parts:
        for workflow, count in part.sessions.items():
            sessions[workflow] = sessions.get(workflow, 0) + count
    return counting.table(sessions, sum(part.session_count for part in parts))


def patterns(daily: DailyStatistics, workflows: pa.Table, as_of: date) -> pa.Table:
    found = find_patterns(daily.transitions, daily.step_counts, daily.hours, as_of)
    tests = QValues.among([found.p_values], found.tested)
    return tell_patterns(found.candidates, tests, Names.of(workflows), as_of)
