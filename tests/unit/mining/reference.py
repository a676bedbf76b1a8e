"""Mining done slowly and obviously, row by row, to compare the fast columns with."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import comb
from uuid import uuid5
from zoneinfo import ZoneInfo

from usage_pipeline.mining.daily.sequences import SEQUENCE_NAMESPACE


@dataclass(frozen=True)
class Execution:
    id: str
    user_id: str
    workflow_id: str
    start_time: datetime
    status: str = "completed"
    trigger_type: str | None = "manual"
    attempt: int = 1


@dataclass
class Step:
    workflow_id: str
    started_at: datetime
    last_status: str
    repeat_count: int = 1


@dataclass
class Session:
    user_id: str
    steps: list[Step] = field(default_factory=list)
    first_started_at: datetime | None = None
    last_started_at: datetime | None = None
    closes_at: datetime | None = None
    is_split: bool = False

    @property
    def execution_count(self) -> int:
        return sum(step.repeat_count for step in self.steps)

    @property
    def workflow_ids(self) -> tuple[str, ...]:
        return tuple(step.workflow_id for step in self.steps)

    def closing_day(self, zone: str) -> date:
        return self.closes_at.astimezone(ZoneInfo(zone)).date()


def is_use(execution: Execution) -> bool:
    return execution.trigger_type not in ("scheduled", "chained") and execution.attempt == 1


def sessions(
    executions: list[Execution],
    gap: timedelta = timedelta(seconds=300),
    collapse: bool = True,
    max_steps: int = 50,
) -> list[Session]:
    by_user = defaultdict(list)
    for execution in executions:
        if is_use(execution):
            by_user[execution.user_id].append(execution)
    found = []
    for user in sorted(by_user):
        whole: list[list[Execution]] = []
        for execution in sorted(by_user[user], key=lambda e: (e.start_time, e.id)):
            if whole and execution.start_time - whole[-1][-1].start_time <= gap:
                whole[-1].append(execution)
            else:
                whole.append([execution])
        for executions_of_session in whole:
            found += split(user, executions_of_session, gap, collapse, max_steps)
    return found


def split(
    user: str, executions: list[Execution], gap: timedelta, collapse: bool, max_steps: int
) -> list[Session]:
    pieces: list[Session] = []
    previous = None
    for execution in executions:
        if collapse and previous is not None and previous.workflow_id == execution.workflow_id:
            pieces[-1].steps[-1].repeat_count += 1
            pieces[-1].steps[-1].last_status = execution.status
        else:
            if not pieces or len(pieces[-1].steps) == max_steps:
                pieces.append(Session(user, first_started_at=execution.start_time))
            step = Step(execution.workflow_id, execution.start_time, execution.status)
            pieces[-1].steps.append(step)
        pieces[-1].last_started_at = execution.start_time
        previous = execution
    for piece in pieces:
        piece.closes_at = executions[-1].start_time + gap
        piece.is_split = len(pieces) > 1
    return pieces


def sequence_id(user: str, workflows: tuple[str, ...]) -> str:
    return str(uuid5(SEQUENCE_NAMESPACE, "/".join([user, *workflows])))


def sequence_occurrences(found: list[Session], zone: str) -> dict[tuple, tuple[int, datetime]]:
    """(user, day, workflows) -> (count, last executed)."""
    counts: dict[tuple, tuple[int, datetime]] = {}
    for session in found:
        if len(session.steps) < 2:
            continue
        key = (session.user_id, session.closing_day(zone), session.workflow_ids)
        count, last = counts.get(key, (0, session.last_started_at))
        counts[key] = (count + 1, max(last, session.last_started_at))
    return counts


def split_counts(found: list[Session], zone: str) -> dict[tuple, int]:
    """(user, day, workflows) -> how many of these sessions are pieces of one that was split."""
    counts: dict[tuple, int] = {}
    for session in found:
        if len(session.steps) >= 2:
            key = (session.user_id, session.closing_day(zone), session.workflow_ids)
            counts[key] = counts.get(key, 0) + session.is_split
    return counts


def workflow_sequences(
    occurrences: dict[tuple, tuple[int, datetime]], as_of: date, window_days: int, top: int | None
) -> list[tuple]:
    """(user, workflows, frequency, last executed, rank), by user and rank."""
    totals: dict[tuple, tuple[int, datetime]] = {}
    for (user, day, workflows), (count, last) in occurrences.items():
        if as_of - timedelta(days=window_days) < day <= as_of:
            before, latest = totals.get((user, workflows), (0, last))
            totals[user, workflows] = (before + count, max(latest, last))
    of_user = defaultdict(list)
    for (user, workflows), (count, last) in totals.items():
        of_user[user].append((workflows, count, last))
    rows = []
    for user in sorted(of_user):
        ordered = sorted(of_user[user], key=lambda r: (-r[1], -r[2].timestamp(), -len(r[0]), r[0]))
        for rank, (workflows, count, last) in enumerate(ordered[:top], start=1):
            rows.append((user, workflows, count, last, rank))
    return rows


def transitions(found: list[Session], zone: str) -> dict[tuple, tuple[int, int, int]]:
    """(user, day, from, to) -> (count, after failure, after success)."""
    counts: dict[tuple, list[int]] = defaultdict(lambda: [0, 0, 0])
    for session in found:
        for before, after in zip(session.steps, session.steps[1:], strict=False):
            key = (
                session.user_id,
                session.closing_day(zone),
                before.workflow_id,
                after.workflow_id,
            )
            counts[key][0] += 1
            counts[key][1] += before.last_status == "failed"
            counts[key][2] += before.last_status == "completed"
    return {key: tuple(value) for key, value in counts.items()}


def step_counts(found: list[Session], zone: str) -> dict[tuple, tuple[int, ...]]:
    """(user, day, workflow) -> executions, steps, failed steps, completed steps, sessions."""
    counts: dict[tuple, list[int]] = defaultdict(lambda: [0] * 5)
    for session in found:
        day = session.closing_day(zone)
        for step in session.steps:
            count = counts[session.user_id, day, step.workflow_id]
            count[0] += step.repeat_count
            count[1] += 1
            count[2] += step.last_status == "failed"
            count[3] += step.last_status == "completed"
        for workflow in set(session.workflow_ids):
            counts[session.user_id, day, workflow][4] += 1
    return {key: tuple(value) for key, value in counts.items()}


def hours(executions: list[Execution], zone: str) -> dict[tuple, int]:
    """(user, workflow, day, hour) -> count."""
    counts: Counter = Counter()
    for execution in executions:
        if is_use(execution):
            local = execution.start_time.astimezone(ZoneInfo(zone))
            key = (execution.user_id, execution.workflow_id, local.date(), local.hour)
            counts[key] += 1
    return dict(counts)


def parts(workflows: tuple[str, ...], longest: int) -> set[tuple[str, ...]]:
    return {
        workflows[first : first + length]
        for length in range(1, longest + 1)
        for first in range(len(workflows) - length + 1)
    }


@dataclass
class Part:
    support: int
    days: set[date]
    last: datetime
    confidence: float = 0.0
    lift: float = 0.0


def subsequences(
    found: list[Session], zone: str, as_of: date, window_days: int, longest: int, everyone: bool
) -> dict[tuple, Part]:
    """(user, workflows) -> what is known of each closed part, on however many days."""
    counted: dict[tuple, Part] = {}
    all_sessions: Counter = Counter()
    for session in found:
        day = session.closing_day(zone)
        if not as_of - timedelta(days=window_days) < day <= as_of:
            continue
        owner = "everyone" if everyone else session.user_id
        all_sessions[owner] += 1
        for part in parts(session.workflow_ids, longest):
            known = counted.setdefault((owner, part), Part(0, set(), session.last_started_at))
            known.support += 1
            known.days.add(day)
            known.last = max(known.last, session.last_started_at)
    closed = {}
    for (owner, part), known in counted.items():
        if len(part) < 2:
            continue
        longer = [
            other.support
            for (other_owner, other_part), other in counted.items()
            if other_owner == owner
            and len(other_part) == len(part) + 1
            and part in (other_part[1:], other_part[:-1])
        ]
        if known.support in longer:
            continue
        known.confidence = known.support / counted[owner, part[:-1]].support
        share = counted[owner, part[-1:]].support / all_sessions[owner]
        known.lift = known.confidence / share
        # A part that is only of one-step sessions' workflows keeps the sessions' own last start.
        closed[owner, part] = known
    return closed


def expected_follow_ups(found: list[Session], zone: str, user: str, a: str, b: str) -> float:
    """The mean number of A -> B if a day's workflows are dealt anew, by the formula of the docs."""
    by_day = defaultdict(list)
    for session in found:
        if session.user_id == user:
            by_day[session.closing_day(zone)].append(session)
    expected = 0.0
    for of_day in by_day.values():
        executions = Counter()
        steps = 0
        for session in of_day:
            for step in session.steps:
                executions[step.workflow_id] += step.repeat_count
                steps += step.workflow_id == a
        total = sum(executions.values())
        if total < 2 or steps == 0:
            continue
        followed = 1 - len(of_day) / total
        next_is_b = followed * executions[b] / (total - 1)
        next_is_a = followed * (executions[a] - 1) / (total - 1)
        expected += steps * next_is_b / (1 - next_is_a)
    return expected


def binomial_tail(hits: int, trials: int, p: float) -> float:
    return sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(hits, trials + 1))


def fisher_tail(hits: int, drawn: int, marked: int, total: int) -> float:
    ways = sum(
        comb(marked, k) * comb(total - marked, drawn - k)
        for k in range(hits, min(drawn, marked) + 1)
    )
    return ways / comb(total, drawn)


def benjamini_hochberg(p_values: list[float], tested: int, rate: float) -> set[int]:
    """Which tests are discoveries at that rate, step by step."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    last = 0
    for place, index in enumerate(order, start=1):
        if p_values[index] <= rate * place / tested:
            last = place
    return set(order[:last])


def time_window(
    executions: list[Execution],
    zone: str,
    as_of: date,
    key: tuple[str, str],
    hours_of_window: range,
    weekdays: list[int],
) -> tuple[int, int, float]:
    """Hits, opportunities and the hits that chance would have of one window of one user's workflow.

    Chance is the greater of how often everyone else's executions, and the user's own in the 7 hours
    around each hour, fall into the window.
    """
    counted = hours(executions, zone)
    user, workflow = key
    own, others = Counter(), Counter()
    for (of_user, _, _, hour), count in counted.items():
        (own if of_user == user else others)[hour] += count
    others_share = sum(others[hour] for hour in hours_of_window) / max(1, others.total())
    around = sum(own[(hour + by) % 24] for hour in hours_of_window for by in range(-3, 4)) / 7
    chance = min(1.0, max(others_share, around / own.total()))
    by_day: dict[date, Counter] = defaultdict(Counter)
    for (of_user, of_workflow, day, hour), count in counted.items():
        if (of_user, of_workflow) == (user, workflow):
            by_day[day][hour] += count
    day, hits, opportunities, expected = min(by_day), 0, 0, 0.0
    while day <= as_of:
        if day.weekday() in weekdays:
            opportunities += 1
            hits += any(by_day[day][hour] for hour in hours_of_window)
            expected += 1 - (1 - chance) ** by_day[day].total()
        day += timedelta(days=1)
    return hits, opportunities, expected
