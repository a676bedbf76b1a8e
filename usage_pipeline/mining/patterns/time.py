"""Time patterns: at which hour of which weekdays a user runs a workflow regularly.

Chance means: each execution falls into a window of hours with the greater of two probabilities,
that of everyone else, and that of this user's hours around the window. A user who runs
something often all day long, or works at night, is then not a surprise. Chance keeps the counts by
day, so a user who runs everything on Mondays has no pattern for that alone.
"""

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from usage_pipeline.mining.columns import (
    Floats,
    Groups,
    Ints,
    Mask,
    day_number,
    days,
    encode,
    group,
    integers,
    ranges,
)
from usage_pipeline.mining.statistics import binomial_tail, wilson_bounds

WEEKDAYS = 7
HOURS = 24
WIDTHS = (1, 2)
MOST_WINDOWS = 4
"""A workflow with more windows than this is run all day long, not at an hour in particular."""

_AROUND = 3  # hours on either side of a window that tell how busy its surroundings are
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_SEARCHED = (2**WEEKDAYS - 1) * sum(HOURS - width + 1 for width in WIDTHS)
_COMMON_SETS = ((0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4), (5, 6))
# A set of days that has a name, and a window of one hour, win against an odd set or a wider window
# unless these are surer by this much.
_PREFERENCE = 0.1


@dataclass(frozen=True, slots=True)
class TimeWindows:
    """The surest windows of a user's workflows that do not overlap.

    `weekdays` has a column a weekday from Monday. `hits` of `opportunities` days have an
    execution in the window; chance would have `expected`. `p_value` is corrected for the search
    among all windows and sets of weekdays; `tested` counts the workflows of users searched.
    """

    users: pa.Array
    workflows: pa.Array
    user: Ints
    workflow: Ints
    hour: Ints
    hours: Ints
    weekdays: Mask
    hits: Ints
    opportunities: Ints
    expected: Floats
    confidence: Floats
    p_value: Floats
    tested: int

    def __len__(self) -> int:
        """The number of windows."""
        return len(self.user)


@dataclass(frozen=True, slots=True)
class _Use:
    """Executions by user, workflow, day and hour, and the pairs of user and workflow.

    `pair` of a row numbers the groups of `pairs`; `first_day` and `day` count from 1970.
    """

    user: Ints
    pair: Ints
    day: Ints
    hour: Ints
    count: Ints
    pair_user: Ints
    pair_workflow: Ints
    first_day: Ints


@dataclass(frozen=True, slots=True)
class _Candidates:
    pair: Ints
    hour: Ints
    hours: Ints
    hits: Ints
    eligible: Ints
    expected: Floats


def find_time_windows(
    hours: pa.Table,
    as_of: date,
    *,
    window_days: int = 90,
    min_hits: int = 5,
    min_confidence: float = 0.5,
    everyone: Ints | None = None,
) -> TimeWindows:
    """Search the hours and weekdays at which users run workflows.

    Args:
        hours: daily statistics in `hours.HOURS_SCHEMA`.
        as_of: the last day of the window of days.
        window_days: how many days there are in it.
        min_hits: on how many days there must be an execution in the window.
        min_confidence: Wilson's lower bound of the share of days that must be reached.
        everyone: the executions of all users by local hour, such as `executions_by_hour` counts;
            those of `hours` if these are of all users.

    Returns:
        Windows ordered by user, workflow and hour.
    """
    if everyone is None:
        everyone = executions_by_hour(hours, as_of, window_days=window_days)
    hours = _in_window(hours, as_of, window_days)
    user, workflow = encode(hours, "user_id"), encode(hours, "workflow_id")
    last, use = day_number(as_of), _read_use(user.codes, workflow.codes, hours)
    candidates = _concat([_candidates(use, last, width, min_hits, everyone) for width in WIDTHS])
    weekdays, confidence = _choose_weekdays(candidates)
    hits = (candidates.hits * weekdays).sum(axis=1)
    keep = np.flatnonzero((hits >= min_hits) & (confidence >= min_confidence))
    order = _without_overlap(candidates, confidence, keep)
    order = order[group(candidates.pair[order]).sizes_of_rows() <= MOST_WINDOWS]
    weekdays, hits, pair = weekdays[order], hits[order], candidates.pair[order]
    opportunities = (candidates.eligible[order] * weekdays).sum(axis=1)
    expected = (candidates.expected[order] * weekdays).sum(axis=1)
    chance = np.clip(expected / np.maximum(opportunities, 1), 0, 1)
    return TimeWindows(
        users=user.values,
        workflows=workflow.values,
        user=use.pair_user[pair],
        workflow=use.pair_workflow[pair],
        hour=candidates.hour[order],
        hours=candidates.hours[order],
        weekdays=weekdays,
        hits=hits,
        opportunities=opportunities,
        expected=expected,
        confidence=confidence[order],
        p_value=np.minimum(binomial_tail(hits, opportunities, chance) * _SEARCHED, 1),
        tested=_tested(use, min_hits) + len(pair) - len(np.unique(pair)),
    )


def executions_by_hour(hours: pa.Table, as_of: date, *, window_days: int = 90) -> Ints:
    """Count the executions of each local hour of the day.

    Args:
        hours: execution_date, local_hour and execution_count, of whichever users and workflows.
        as_of: the last day of the window of days.
        window_days: how many days there are in it.

    Returns:
        24 counts; those of blocks of users add up.
    """
    hours = _in_window(hours, as_of, window_days)
    counts = np.zeros(HOURS, dtype=np.int64)
    np.add.at(counts, integers(hours, "local_hour"), integers(hours, "execution_count"))
    return counts


def _in_window(hours: pa.Table, as_of: date, window_days: int) -> pa.Table:
    last, day = day_number(as_of), days(hours["execution_date"])
    inside = (day <= last) & (day > last - window_days)
    return hours if inside.all() else hours.filter(pa.array(inside))


def _read_use(user: Ints, workflow: Ints, hours: pa.Table) -> _Use:
    pairs, day = group(user, workflow), days(hours["execution_date"])
    return _Use(
        user=user,
        pair=pairs.of_rows(),
        day=day,
        hour=integers(hours, "local_hour"),
        count=integers(hours, "execution_count"),
        pair_user=user[pairs.first],
        pair_workflow=workflow[pairs.first],
        first_day=pairs.minima(day),
    )


def _tested(use: _Use, min_hits: int) -> int:
    """How many workflows of users were run on so many days that they can have a pattern."""
    by_day = _by_pair_and_day(use)
    active_days = np.bincount(use.pair[by_day.first], minlength=len(use.pair_user))
    return int((active_days >= min_hits).sum())


def _by_pair_and_day(use: _Use) -> Groups:
    return group(use.pair, use.day - (use.day.min() if len(use.day) else 0))


def _candidates(use: _Use, last: int, width: int, min_hits: int, everyone: Ints) -> _Candidates:
    """The windows of one width with hits on enough days, and their hits by weekday."""
    row = np.repeat(np.arange(len(use.pair)), width)
    start = use.hour[row] - np.tile(np.arange(width), len(use.pair))
    inside = (start >= 0) & (start <= HOURS - width)
    row, start = row[inside], start[inside]
    since = use.day.min() if len(use.day) else 0
    once = group(use.pair[row], start, use.day[row] - since).first
    pair, start, day = use.pair[row][once], start[once], use.day[row][once]
    windows = group(pair, start)
    enough = np.flatnonzero(windows.sizes >= min_hits)
    pair_of, start_of = pair[windows.first[enough]], start[windows.first[enough]]
    number = np.full(len(windows), -1)
    number[enough] = np.arange(len(enough))
    of_hit = number[windows.of_rows()]
    hits = np.bincount(
        (of_hit * WEEKDAYS + _weekday(day))[of_hit >= 0], minlength=len(enough) * WEEKDAYS
    ).reshape(-1, WEEKDAYS)
    return _Candidates(
        pair=pair_of,
        hour=start_of,
        hours=np.full(len(enough), width),
        hits=hits,
        eligible=_eligible(use.first_day[pair_of], last),
        expected=_expected(use, pair_of, _chance(use, pair_of, start_of, width, everyone)),
    )


def _weekday(day: Ints) -> Ints:
    return (day + _EPOCH_WEEKDAY) % WEEKDAYS


def _eligible(first: Ints, last: int) -> Ints:
    """How many days of each weekday there are from the first to the last, both included."""
    total = last - first + 1
    ahead = (np.arange(WEEKDAYS) - _weekday(first)[:, None]) % WEEKDAYS
    count = (total[:, None] - ahead + WEEKDAYS - 1) // WEEKDAYS
    return np.asarray(np.maximum(0, count), dtype=np.int64)


def _chance(use: _Use, pair: Ints, start: Ints, width: int, everyone: Ints) -> Floats:
    """How probably an execution falls into each window by chance."""
    user_hours = np.zeros((int(use.user.max(initial=-1)) + 1, HOURS))
    np.add.at(user_hours, (use.user, use.hour), use.count)
    own_all = user_hours.sum(axis=1, keepdims=True)
    others = everyone - user_hours
    others /= np.maximum(others.sum(axis=1, keepdims=True), 1)
    spread = range(-_AROUND, _AROUND + 1)
    around = sum(np.roll(user_hours, shift, axis=1) for shift in spread) / len(spread)
    around /= np.maximum(own_all, 1)
    user = use.pair_user[pair]
    by_others, by_user = (
        np.sum([share[user, start + later] for later in range(width)], axis=0)
        for share in (others, around)
    )
    return np.asarray(np.clip(np.maximum(by_others, by_user), 0, 1), dtype=np.float64)


def _expected(use: _Use, pair: Ints, chance: Floats) -> Floats:
    """How many days with a hit chance would have, by window and weekday."""
    by_day = _by_pair_and_day(use)
    day_pair, day = use.pair[by_day.first], use.day[by_day.first]
    executions = by_day.sums(use.count)
    sizes = np.bincount(day_pair, minlength=len(use.pair_user))
    starts = np.cumsum(sizes) - sizes
    at = ranges(starts[pair], sizes[pair])
    window = np.repeat(np.arange(len(pair)), sizes[pair])
    any_hit = 1 - (1 - chance[window]) ** executions[at]
    key = window * WEEKDAYS + _weekday(day[at])
    summed = np.bincount(key, weights=any_hit, minlength=len(pair) * WEEKDAYS)
    return np.asarray(summed.reshape(-1, WEEKDAYS), dtype=np.float64)


def _choose_weekdays(candidates: _Candidates) -> tuple[Mask, Floats]:
    """The set of weekdays with the greatest confidence for each window, and that confidence."""
    rate = candidates.hits / np.maximum(candidates.eligible, 1)
    best_first = np.argsort(-rate, axis=1, kind="stable")
    hits = np.cumsum(np.take_along_axis(candidates.hits, best_first, axis=1), axis=1)
    eligible = np.cumsum(np.take_along_axis(candidates.eligible, best_first, axis=1), axis=1)
    lower = _lower(hits, eligible)
    size = lower.argmax(axis=1) if len(lower) else np.zeros(0, dtype=np.int64)
    confidence = lower.max(axis=1, initial=0)
    place = np.argsort(best_first, axis=1, kind="stable")
    weekdays = place <= size[:, None]
    least = confidence - _PREFERENCE
    for days_of_set in _COMMON_SETS:
        common = np.isin(np.arange(WEEKDAYS), days_of_set)
        bound = _lower(
            (candidates.hits * common).sum(axis=1), (candidates.eligible * common).sum(axis=1)
        )
        better = bound >= least
        weekdays[better] = common
        confidence = np.where(better, bound, confidence)
        least = np.where(better, np.inf, least)
    return weekdays, confidence


def _lower(hits: npt.NDArray[np.int64], eligible: npt.NDArray[np.int64]) -> Floats:
    return np.nan_to_num(wilson_bounds(hits, eligible)[0])


def _without_overlap(candidates: _Candidates, confidence: Floats, keep: Ints) -> Ints:
    """The surest of windows that overlap; rows in order of user, workflow and hour."""
    worth = confidence - _PREFERENCE * (candidates.hours - 1)
    selection = np.zeros(len(candidates.pair), dtype=bool)
    occupancy = np.zeros((len(np.unique(candidates.pair)), HOURS), dtype=bool)
    _, number = np.unique(candidates.pair, return_inverse=True)
    while len(keep):
        order = keep[np.lexsort((candidates.hour[keep], -worth[keep], candidates.pair[keep]))]
        best = order[np.append(True, np.diff(candidates.pair[order]) != 0)]
        selection[best] = True
        for later in range(max(WIDTHS)):
            inside = best[candidates.hours[best] > later]
            occupancy[number[inside], candidates.hour[inside] + later] = True
        last = candidates.hour[keep] + candidates.hours[keep] - 1
        free = ~occupancy[number[keep], candidates.hour[keep]] & ~occupancy[number[keep], last]
        keep = keep[free]
    rows = np.flatnonzero(selection)
    return rows[np.lexsort((candidates.hour[rows], candidates.pair[rows]))]


def _concat(parts: list[_Candidates]) -> _Candidates:
    names = [field.name for field in fields(_Candidates)]
    return _Candidates(*(np.concatenate([getattr(part, n) for part in parts]) for n in names))
