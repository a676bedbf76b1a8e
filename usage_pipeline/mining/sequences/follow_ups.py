"""Follow-ups: after which workflow a user runs another one more often than chance would have it.

Chance means: the same executions at the same moments, with the workflows dealt out anew among them
within each user's day. A user who is busy, has bursts, or uses two workflows on the same days is
then not a surprise; one who runs the second directly after the first again and again is.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from usage_pipeline.errors import UsageError
from usage_pipeline.mining.columns import (
    Floats,
    Ints,
    code_of,
    day_number,
    days,
    encode,
    group,
    integers,
    lookup,
    ranges,
    to_ids,
)
from usage_pipeline.mining.statistics import binomial_tail, fisher_tail

FOLLOW_UPS_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("from_workflow_id", pa.string(), nullable=False),
        pa.field("to_workflow_id", pa.string(), nullable=False),
        pa.field("hits", pa.int64(), nullable=False),
        pa.field("opportunities", pa.int64(), nullable=False),
        pa.field("expected_hits", pa.float64(), nullable=False),
        pa.field("p_value", pa.float64(), nullable=False),
    ]
)
"""One row per user and pair of workflows that follow each other often enough to be tested."""


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Tested pairs of a user's workflows: how often `after` directly follows `before`.

    `hits` of `opportunities` steps of `before` are followed; chance would have `expected`. The
    same is split into steps of `before` that failed and that completed. `p_value` is of the test
    against chance, `conditional_p_value` of failures being followed more often than successes.
    `tested` and `conditional_tested` count all tests, also those that no row stands for because
    their p-value is near 1.
    """

    users: pa.Array
    workflows: pa.Array
    user: Ints
    before: Ints
    after: Ints
    hits: Ints
    opportunities: Ints
    expected: Floats
    failed_hits: Ints
    failed: Ints
    completed_hits: Ints
    completed: Ints
    p_value: Floats
    tested: int
    conditional_p_value: Floats
    conditional_tested: int

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.user)

    def to_table(self) -> pa.Table:
        """The test against chance, in `FOLLOW_UPS_SCHEMA`."""
        return pa.Table.from_arrays(
            [
                to_ids(self.user, self.users),
                to_ids(self.before, self.workflows),
                to_ids(self.after, self.workflows),
                pa.array(self.hits),
                pa.array(self.opportunities),
                pa.array(self.expected),
                pa.array(self.p_value),
            ],
            schema=FOLLOW_UPS_SCHEMA,
        )


@dataclass(frozen=True, slots=True)
class _Steps:
    users: pa.Array
    workflows: pa.Array
    user: Ints
    workflow: Ints
    day: Ints
    executions: Ints
    steps: Ints
    failed: Ints
    completed: Ints


@dataclass(frozen=True, slots=True)
class _Transitions:
    user: Ints
    before: Ints
    after: Ints
    day: Ints
    count: Ints
    after_failure: Ints
    after_success: Ints


def find_follow_ups(
    transitions: pa.Table,
    step_counts: pa.Table,
    as_of: date,
    *,
    window_days: int = 90,
    min_hits: int = 5,
) -> FollowUps:
    """Test which workflows follow which more often than chance would have it.

    Args:
        transitions: daily statistics in `transitions.TRANSITIONS_SCHEMA`.
        step_counts: daily statistics in `transitions.STEP_COUNTS_SCHEMA` of the same days.
        as_of: the last day of the window.
        window_days: how many days there are in the window.
        min_hits: a pair with fewer transitions is not looked at.

    Returns:
        The pairs with enough transitions, ordered by user, before and after.

    Raises:
        UsageError: the step counts lack what the transitions have.
    """
    steps = _read_steps(step_counts, as_of, window_days)
    moves = _read_transitions(transitions, steps, as_of, window_days)
    pairs = group(moves.user, moves.before, moves.after)
    hits = pairs.sums(moves.count)
    enough = np.flatnonzero(hits >= min_hits)
    row = pairs.first[enough]
    user, before, after = moves.user[row], moves.before[row], moves.after[row]
    hits = hits[enough]
    failed_hits = pairs.sums(moves.after_failure)[enough]
    completed_hits = pairs.sums(moves.after_success)[enough]
    totals = group(steps.user, steps.workflow)
    first = totals.first
    at = lookup([steps.user[first], steps.workflow[first]], [user, before])
    opportunities = totals.sums(steps.steps)[at]
    failed, completed = totals.sums(steps.failed)[at], totals.sums(steps.completed)[at]
    expected = _expected(steps, moves, user, before, after)
    conditional = (failed > 0) & (completed > 0) & (failed_hits + completed_hits >= min_hits)
    conditional_p = np.ones(len(user))
    conditional_p[conditional] = fisher_tail(
        failed_hits[conditional],
        failed[conditional],
        (failed_hits + completed_hits)[conditional],
        (failed + completed)[conditional],
    )
    return FollowUps(
        users=steps.users,
        workflows=steps.workflows,
        user=user,
        before=before,
        after=after,
        hits=hits,
        opportunities=opportunities,
        expected=expected,
        failed_hits=failed_hits,
        failed=failed,
        completed_hits=completed_hits,
        completed=completed,
        p_value=binomial_tail(hits, opportunities, np.clip(expected / opportunities, 0, 1)),
        tested=_possible_pairs(steps, min_hits),
        conditional_p_value=conditional_p,
        conditional_tested=int(conditional.sum()),
    )


def _read_steps(table: pa.Table, as_of: date, window_days: int) -> _Steps:
    user, workflow = encode(table, "user_id"), encode(table, "workflow_id")
    day = days(table["execution_date"])
    inside = _inside(day, as_of, window_days)
    return _Steps(
        users=user.values,
        workflows=workflow.values,
        user=user.codes[inside],
        workflow=workflow.codes[inside],
        day=day[inside] - day_number(as_of) + window_days,
        executions=integers(table, "execution_count")[inside],
        steps=integers(table, "step_count")[inside],
        failed=integers(table, "failed_step_count")[inside],
        completed=integers(table, "completed_step_count")[inside],
    )


def _read_transitions(
    table: pa.Table, steps: _Steps, as_of: date, window_days: int
) -> _Transitions:
    day = days(table["execution_date"])
    inside = _inside(day, as_of, window_days)
    user = code_of(steps.users, table["user_id"])[inside]
    before = code_of(steps.workflows, table["from_workflow_id"])[inside]
    after = code_of(steps.workflows, table["to_workflow_id"])[inside]
    if min(user.min(initial=0), before.min(initial=0), after.min(initial=0)) < 0:
        raise UsageError(
            "Transitions have workflows that the step counts lack: count both for the same days."
        )
    return _Transitions(
        user=user,
        before=before,
        after=after,
        day=day[inside] - day_number(as_of) + window_days,
        count=integers(table, "transition_count")[inside],
        after_failure=integers(table, "after_failure_count")[inside],
        after_success=integers(table, "after_success_count")[inside],
    )


def _inside(day: Ints, as_of: date, window_days: int) -> Ints:
    last = day_number(as_of)
    return np.flatnonzero((day <= last) & (day > last - window_days))


def _expected(steps: _Steps, moves: _Transitions, user: Ints, before: Ints, after: Ints) -> Floats:
    """How many transitions chance would have: the sum over the days on which `before` is run.

    On a day with N executions, a share c of which another follows in the session, the one after a
    step of A is B with c * b / (N - 1); direct repeats of A only put that off.
    """
    by_pair = group(steps.user, steps.workflow)
    first = by_pair.first
    of_before = lookup([steps.user[first], steps.workflow[first]], [user, before])
    sizes = by_pair.sizes[of_before]
    # By day within each pair: floats add up to the same sum only in the same order.
    by_day = group(steps.user, steps.workflow, steps.day)
    row = by_day.order[ranges(by_pair.starts[of_before], sizes)]
    pair = np.repeat(np.arange(len(user)), sizes)
    other = lookup(
        [steps.user, steps.workflow, steps.day], [user[pair], after[pair], steps.day[row]]
    )
    executions_of_other = np.where(other >= 0, steps.executions[other], 0)
    executions, followed = _per_user_day(steps, moves)
    others = np.maximum(executions[row] - 1, 1)
    next_is_other = followed[row] * executions_of_other / others
    next_is_same = followed[row] * (steps.executions[row] - 1) / others
    chance = next_is_other / (1 - next_is_same)
    sums = np.bincount(pair, weights=steps.steps[row] * chance, minlength=len(user))
    return np.asarray(sums, dtype=np.float64)


def _per_user_day(steps: _Steps, moves: _Transitions) -> tuple[Ints, Floats]:
    """For each row of steps: its user's executions that day, and the share that one follows."""
    by_day = group(steps.user, steps.day)
    executions = by_day.sums(steps.executions)
    first = by_day.first
    moves_by_day = group(moves.user, moves.day)
    row = moves_by_day.first
    at = lookup([steps.user[first], steps.day[first]], [moves.user[row], moves.day[row]])
    sessions = by_day.sums(steps.steps)
    sessions[at] -= moves_by_day.sums(moves.count)
    of_row = by_day.of_rows()
    return executions[of_row], (1 - sessions / executions)[of_row]


def _possible_pairs(steps: _Steps, min_hits: int) -> int:
    """How many pairs have both workflows often enough to follow each other often enough."""
    by_pair = group(steps.user, steps.workflow)
    user = steps.user[by_pair.first]
    can_precede = by_pair.sums(steps.steps) >= min_hits
    can_follow = by_pair.sums(steps.executions) >= min_hits
    size = len(steps.users)
    before = np.bincount(user[can_precede], minlength=size)
    after = np.bincount(user[can_follow], minlength=size)
    return int((before * after).sum() - (can_precede & can_follow).sum())
