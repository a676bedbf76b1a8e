"""Insights from what others do: abandoned_by_team and try_this.

Others are only ever counted, never named, and only where there are enough of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import sparse

from usage_pipeline.mining.columns import (
    Coded,
    Floats,
    Ints,
    Mask,
    code_of,
    encode,
    group,
    integers,
    lookup,
    ranges,
    to_ids,
)
from usage_pipeline.mining.insights.records import Insight
from usage_pipeline.mining.insights.settings import InsightSettings
from usage_pipeline.mining.insights.wording import Names, counted
from usage_pipeline.mining.statistics import (
    FALSE_DISCOVERY_RATE,
    benjamini_hochberg,
    binomial_tail,
    fisher_tail,
    wilson_bounds,
)

_WEIGHT_OF_LEAVING = 0.1
_WEIGHT_OF_TRYING = 5.0
_TRIES = 2  # executions by people that make a user one who used a workflow
_RULES_OF_A_WORKFLOW = 5


def abandoned_by_team(
    user_stats: pa.Table,
    user_abandoned: pa.Table,
    user_recent: pa.Table,
    names: Names,
    settings: InsightSettings,
) -> Iterator[Insight]:
    """Workflows that most who used them gave up, far more than usual, for those who still run them.

    Users who left altogether are not counted as having given a workflow up.
    """
    tried = user_stats.filter(pa.array(integers(user_stats, "people_execution_count") >= _TRIES))
    workflow = encode(tried, "workflow_id")
    users = np.bincount(workflow.codes, minlength=len(workflow.values))
    stayed = np.asarray(user_abandoned["has_left_altogether"].to_numpy()) == 0
    given_up = user_abandoned.filter(pa.array(stayed))
    at = code_of(workflow.values, given_up["workflow_id"])
    left = np.bincount(at[at >= 0], minlength=len(workflow.values))
    usual = left.sum() / max(1, users.sum())
    p_value = binomial_tail(left, users, np.full(len(users), usual))
    said = (
        (benjamini_hochberg(p_value) <= FALSE_DISCOVERY_RATE)
        & (left >= settings.team_min_users)
        & (left >= settings.abandoned_min_share * users)
    )
    gone = _keys(user_abandoned)
    executions = integers(user_recent, "people_execution_count")
    recent_workflow = code_of(workflow.values, user_recent["workflow_id"])
    rows = np.flatnonzero(
        (executions > 0) & (recent_workflow >= 0) & np.append(said, False)[recent_workflow]
    )
    for (user, workflow_id), row in zip(_keys_of(user_recent, rows), rows.tolist(), strict=True):
        if (user, workflow_id) in gone:
            continue
        count, of_all = int(left[recent_workflow[row]]), int(users[recent_workflow[row]])
        yield Insight(
            user_id=user,
            insight_type="abandoned_by_team",
            workflow_id=workflow_id,
            message=f"{count:,} of the {counted(of_all, 'person', 'people')} who used "
            f"{names[workflow_id]} have stopped using it. Is there something better?",
            action="find_alternatives",
            evidence={"users_who_abandoned": count, "users": of_all, "usual_share": float(usual)},
            score=_WEIGHT_OF_LEAVING * float(executions[row]),
            magnitude=count,
        )


@dataclass(frozen=True, slots=True)
class _Rules:
    """Who regularly runs `given` also runs `then`; ordered by `given`, the surest first."""

    given: Ints
    then: Ints
    both: Ints
    users_of_given: Ints
    confidence: Floats
    lift: Floats


def try_this(
    user_stats: pa.Table, user_recent: pa.Table, names: Names, settings: InsightSettings
) -> Iterator[Insight]:
    """The workflow that most others with a workflow in common run, and the user never has."""
    executions = integers(user_recent, "people_execution_count")
    regular = user_recent.filter(pa.array(executions >= settings.regular_min_executions))
    user, workflow = encode(regular, "user_id"), encode(regular, "workflow_id")
    rules = _rules(user, workflow, settings)
    if len(rules.given) == 0:
        return
    pairs = group(user.codes, workflow.codes).first
    first = np.searchsorted(rules.given, workflow.codes[pairs], side="left")
    count = np.searchsorted(rules.given, workflow.codes[pairs], side="right") - first
    rule, of_user = ranges(first, count), np.repeat(user.codes[pairs], count)
    known_user = code_of(user.values, user_stats["user_id"])
    known_workflow = code_of(workflow.values, user_stats["workflow_id"])
    known = np.flatnonzero((known_user >= 0) & (known_workflow >= 0))
    used = _occur([known_user[known], known_workflow[known]], [of_user, rules.then[rule]])
    rule, of_user = rule[~used], of_user[~used]
    order = np.lexsort((rules.given[rule], rules.then[rule], -rules.confidence[rule], of_user))
    best = order[np.append(True, np.diff(of_user[order]) != 0)] if len(order) else order
    rule = rule[best]
    users = to_ids(of_user[best], user.values).to_pylist()
    given = to_ids(rules.given[rule], workflow.values).to_pylist()
    then = to_ids(rules.then[rule], workflow.values).to_pylist()
    for row, user_id, because, suggested in zip(rule.tolist(), users, given, then, strict=True):
        both, of_all = int(rules.both[row]), int(rules.users_of_given[row])
        yield Insight(
            user_id=user_id,
            insight_type="try_this",
            workflow_id=suggested,
            message=f"{both:,} of {counted(of_all, 'person', 'people')} who run "
            f"{names[because]} also run {names[suggested]}. Try it?",
            action="try_workflow",
            evidence={
                "because_of_workflow_id": because,
                "users_of_both": both,
                "users": of_all,
                "confidence": float(rules.confidence[row]),
                "lift": float(rules.lift[row]),
            },
            score=_WEIGHT_OF_TRYING * float(rules.confidence[row]),
            magnitude=both,
        )


def _occur(keys: list[Ints], wanted: list[Ints]) -> Mask:
    """Which wanted combinations are among rows, which may repeat."""
    once = group(*keys).first
    return lookup([key[once] for key in keys], wanted) >= 0


def _rules(user: Coded, workflow: Coded, settings: InsightSettings) -> _Rules:
    """Pairs of workflows that share users significantly more often than by chance."""
    pairs = group(user.codes, workflow.codes).first
    shape = (len(user.values), len(workflow.values))
    ones = np.ones(len(pairs), dtype=np.int64)
    runs = sparse.csr_array((ones, (user.codes[pairs], workflow.codes[pairs])), shape=shape)
    users = np.asarray(runs.sum(axis=0), dtype=np.int64)
    shared = sparse.coo_array(runs.T @ runs)
    enough = (shared.row != shared.col) & (shared.data >= settings.team_min_users)
    given = shared.row[enough].astype(np.int64)
    then, both = shared.col[enough].astype(np.int64), shared.data[enough].astype(np.int64)
    total = len(np.unique(user.codes))
    p_value = fisher_tail(both, users[given], users[then], np.full(len(both), total))
    popular = int((users >= settings.team_min_users).sum())
    q_value = benjamini_hochberg(p_value, popular * (popular - 1))
    confidence = wilson_bounds(both, users[given])[0]
    lift = both * total / (users[given] * users[then])
    said = np.flatnonzero(
        (q_value <= FALSE_DISCOVERY_RATE)
        & (confidence >= settings.try_min_confidence)
        & (lift >= settings.try_min_lift)
    )
    order = said[np.lexsort((then[said], -confidence[said], given[said]))]
    order = order[group(given[order]).ranks() < _RULES_OF_A_WORKFLOW]
    return _Rules(
        given[order], then[order], both[order], users[given[order]], confidence[order], lift[order]
    )


def _keys(table: pa.Table) -> set[tuple[str, str]]:
    return set(_keys_of(table, np.arange(table.num_rows)))


def _keys_of(table: pa.Table, rows: Ints) -> list[tuple[str, str]]:
    chosen = table.take(pa.array(rows))
    users = chosen["user_id"].cast(pa.string()).to_pylist()
    return list(zip(users, chosen["workflow_id"].cast(pa.string()).to_pylist(), strict=True))
