"""The outcome of each execution: status, duration, cost, sizes, error and second attempts."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pyarrow as pa

from usage_pipeline.synthetic.columns import numbered_text, uuid_text
from usage_pipeline.synthetic.model import Purpose, stream
from usage_pipeline.synthetic.names import ERROR_MESSAGES
from usage_pipeline.synthetic.participants import Workflows
from usage_pipeline.synthetic.population import Population
from usage_pipeline.synthetic.starts import (
    HOUR_MS,
    SECOND_MS,
    UNDECIDED,
    Ints,
    LocalDay,
    Small,
    Starts,
    Status,
    Trigger,
)

MISSING = -1

_NEVER_FINISHED_SHARE = 0.003
_CANCELLED_SHARE = 0.02
_DEGRADED_FAILURES = 0.4
_DEGRADED_DURATION = 3.0
_MAX_FAILURE_RATE = 0.9
_LONGEST_MS = 6 * HOUR_MS
_RETRY_AFTER_MS = (20 * SECOND_MS, 300 * SECOND_MS)
_RETRY_FAILURES = 0.3


@dataclass(frozen=True, slots=True)
class DayExecutions:
    """The executions of one day, one entry each; `MISSING` where there is no value.

    `identity` is the position of the id in `ids`: attempts of one execution share it. Times are
    milliseconds since 1970 UTC, sizes bytes, the cost millionths.
    """

    ids: pa.StringArray
    identity: Ints
    attempt: Ints
    user: Ints
    workflow: Ints
    start_ms: Ints
    end_ms: Ints
    updated_ms: Ints
    status: Small
    trigger: Small
    error: Ints
    input_size: Ints
    output_size: Ints
    cost: Ints

    def take(self, chosen: Ints) -> Self:
        """Those at these positions."""
        return type(self)(self.ids, **{n: c[chosen] for n, c in self._columns().items()})

    def join(self, other: Self) -> Self:
        """These and the others, which share the ids."""
        others = other._columns()
        columns = {n: np.concatenate([c, others[n]]) for n, c in self._columns().items()}
        return type(self)(self.ids, **columns)

    def _columns(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)[1:]}


def draw_outcomes(population: Population, local: LocalDay, starts: Starts) -> DayExecutions:
    """Decide all that the starts leave open; ordered by start."""
    config = population.config
    day_index = config.day_index(local.day)
    random = stream(config.seed, Purpose.OUTCOMES, day_index)
    identity = np.arange(len(starts))
    first = _decide(population.workflows, random, day_index, starts, identity, attempt=1)
    first = _name(first, population, local)
    again = _retries(random, config.retry_share, starts, first, local)
    if len(again.position):
        second = _decide(
            population.workflows, random, day_index, again.starts, again.position, attempt=2
        )
        first = first.join(_name(second, population, local, ids=first.ids))
    return first.take(np.argsort(first.start_ms, kind="stable"))


@dataclass(frozen=True, slots=True)
class _Retries:
    position: Ints
    starts: Starts


def _retries(
    random: np.random.Generator,
    share: float,
    starts: Starts,
    first: DayExecutions,
    local: LocalDay,
) -> _Retries:
    """Second attempts of some failed executions, if they still start on the same day."""
    chosen = (random.random(len(starts)) < share) & starts.may_retry
    position = np.flatnonzero(chosen & (first.status == Status.FAILED))
    start = first.end_ms[position] + random.integers(*_RETRY_AFTER_MS, len(position))
    fails = random.random(len(position)) < _RETRY_FAILURES
    in_time = start < local.end_ms
    position, start, fails = position[in_time], start[in_time], fails[in_time]
    again = Starts.of(
        starts.user[position],
        starts.workflow[position],
        start,
        trigger=Trigger.MANUAL,
        status=np.where(fails, Status.FAILED, Status.COMPLETED).astype(np.int8),
    )
    return _Retries(position, again)


def _decide(
    workflows: Workflows,
    random: np.random.Generator,
    day_index: int,
    starts: Starts,
    identity: Ints,
    *,
    attempt: int,
) -> DayExecutions:
    count, workflow = len(starts), starts.workflow
    status = _statuses(workflows, random, day_index, starts)
    duration = _durations(workflows, random, day_index, starts, status)
    open_ended = status == Status.STARTED
    end_ms = np.where(open_ended, MISSING, starts.start_ms + duration)
    seconds = np.where(open_ended, 0, duration) / SECOND_MS
    cost = (workflows.cost_median[workflow] * seconds).astype(np.int64)
    size = workflows.input_median[workflow] * np.exp(0.8 * random.standard_normal(count))
    size_known = size > 0
    ratio = workflows.output_ratio[workflow] * random.uniform(0.8, 1.25, count)
    has_output = size_known & (status == Status.COMPLETED)
    error = np.where(
        random.random(count) < 0.75,
        workflows.usual_error[workflow],
        random.integers(0, len(ERROR_MESSAGES), count),
    )
    api = random.random(count) < workflows.api_share[workflow]
    trigger = np.where(api, Trigger.API, Trigger.MANUAL).astype(np.int8)
    return DayExecutions(
        ids=pa.array([], pa.string()),
        identity=identity,
        attempt=np.full(count, attempt),
        user=starts.user,
        workflow=workflow,
        start_ms=starts.start_ms,
        end_ms=end_ms,
        updated_ms=np.maximum(end_ms, starts.start_ms) + random.integers(0, 5_000, count),
        status=status,
        trigger=np.where(starts.trigger == UNDECIDED, trigger, starts.trigger),
        error=np.where(status == Status.FAILED, error, MISSING),
        input_size=np.where(size_known, size.astype(np.int64), MISSING),
        output_size=np.where(has_output, (size * ratio).astype(np.int64), MISSING),
        cost=np.where((workflows.cost_median[workflow] > 0) & ~open_ended, cost, MISSING),
    )


def _statuses(
    workflows: Workflows, random: np.random.Generator, day_index: int, starts: Starts
) -> Small:
    degraded = workflows.fails_more_from <= day_index
    rate = np.minimum(workflows.failure_rate + _DEGRADED_FAILURES * degraded, _MAX_FAILURE_RATE)
    drawn = random.random(len(starts)) - _NEVER_FINISHED_SHARE
    status = np.full(len(starts), Status.COMPLETED, dtype=np.int8)
    status[drawn < _CANCELLED_SHARE + rate[starts.workflow]] = Status.FAILED
    status[drawn < _CANCELLED_SHARE] = Status.CANCELLED
    status[drawn < 0] = Status.STARTED
    return np.where(starts.status == UNDECIDED, status, starts.status)


def _durations(
    workflows: Workflows,
    random: np.random.Generator,
    day_index: int,
    starts: Starts,
    status: Small,
) -> Ints:
    """Milliseconds: log-normal by workflow, cut short where the execution ended early."""
    slower = np.where(workflows.slower_from <= day_index, _DEGRADED_DURATION, 1.0)
    workflow = starts.workflow
    spread = np.exp(workflows.spread[workflow] * random.standard_normal(len(starts)))
    part = random.uniform(0.1, 1.0, len(starts))
    early = (status == Status.FAILED) | (status == Status.CANCELLED)
    median = (workflows.median_ms * slower)[workflow]
    drawn = np.minimum(median * spread * np.where(early, part, 1.0), _LONGEST_MS)
    duration = drawn.astype(np.int64)
    return np.where(starts.limit_ms > 0, np.minimum(duration, starts.limit_ms), duration)


def _name(
    executions: DayExecutions,
    population: Population,
    local: LocalDay,
    ids: pa.StringArray | None = None,
) -> DayExecutions:
    """The same executions with ids: those given, or new ones."""
    if ids is None:
        config, count = population.config, len(executions.identity)
        if config.execution_ids == "uuid":
            random = stream(config.seed, Purpose.IDS, config.day_index(local.day))
            ids = uuid_text(random, count)
        else:
            ids = numbered_text(f"run-{local.day:%Y%m%d}-", count, 8)
    return DayExecutions(ids, **executions._columns())
