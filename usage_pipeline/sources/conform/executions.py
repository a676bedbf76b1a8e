"""Rows of a file into the canonical schema, set-wise, with every reason why a row cannot be one.

Knows neither formats nor files: `rows` in, columns out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.execution_dates import execution_dates
from usage_pipeline.identity import composed_ids, execution_ids, mapped_ids, source_namespace
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.conform.binding import part_of_id
from usage_pipeline.sources.conform.canonical import CANONICAL_SCHEMA, COST, INSTANT
from usage_pipeline.sources.conform.fields import (
    Care,
    costs,
    cut,
    durations,
    sound_text,
    trimmed,
    whole_ids,
    whole_numbers,
    without_words,
    words,
)
from usage_pipeline.sources.conform.parsed import Parsed, per_distinct, without
from usage_pipeline.sources.conform.timestamps import Clock, instants, is_time
from usage_pipeline.sources.conform.vocabulary import (
    GITHUB_OTHER_EVENTS,
    GITHUB_STATUS_WORDS,
    GITHUB_TRIGGER_WORDS,
    NULL_WORDS,
    STATUS_WORDS,
    TRIGGER_WORDS,
)
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.reading.limits import Limits
from usage_pipeline.terms import END_SKEW

NAME_CHARACTERS: Final = 255
MESSAGE_CHARACTERS: Final = 10_000
# GitHub ends a job after five days at the latest; what updates a run later is not its end.
LONGEST_RUN: Final = timedelta(days=5)
_MICROSECOND = timedelta(microseconds=1)
_INT64 = 2**63 - 1
_INT32 = 2**31 - 1


@dataclass(frozen=True)
class Rules:
    """How the rows of a source become executions.

    Attributes:
        config: the source.
        zone: the warehouse's zone.
        latest: the latest time that makes sense, if any.
        day: the only day that rows may start on, for the files of a day.
        limits: how much a field may hold.
    """

    config: SourceConfig
    zone: str
    latest: datetime | None = None
    day: date | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def is_github(self) -> bool:
        """Whether the rows are runs of GitHub Actions."""
        return self.config.kind == "github_actions"

    @property
    def clock(self) -> Clock:
        """How times are read."""
        return Clock(self.config.timezone, self.config.timestamp_format, self.latest)

    @property
    def status_words(self) -> Mapping[str, str]:
        """The meanings of statuses."""
        usual = GITHUB_STATUS_WORDS if self.is_github else STATUS_WORDS
        return {**usual, **self.config.statuses}

    @property
    def trigger_words(self) -> Mapping[str, str]:
        """The canonical trigger of each word."""
        usual = GITHUB_TRIGGER_WORDS if self.is_github else TRIGGER_WORDS
        return {**usual, **self.config.triggers}


@dataclass(frozen=True)
class Conformed:
    """Rows sorted into executions and others.

    Attributes:
        accepted: executions, in `CANONICAL_SCHEMA`.
        days: the execution date of every row, null where its start cannot be read.
        rejected: the places of the rows that cannot be executions.
        reasons: why, one for each of them.
        notes: what was mended or left out, with the number of rows.
    """

    accepted: pa.Table
    days: pa.Array
    rejected: npt.NDArray[np.int64]
    reasons: pa.Array
    notes: Mapping[str, int] = field(default_factory=dict)


def conform(rows: RawRows, columns: Mapping[str, pa.Array], rules: Rules) -> Conformed:
    """Make executions of rows.

    Args:
        rows: where the columns are from.
        columns: the columns by canonical field; a field without one is left out.
        rules: how.
    """
    fields = _Fields(rows, columns, rules)
    status = fields.status()
    start, end, updated = fields.times(status.values)
    days = execution_dates(start.values, rules.zone)
    if rules.day is not None:
        start = start.refuse(
            pc.not_equal(days, pa.scalar(rules.day, pa.date32())),
            lambda: pc.binary_join_element_wise(
                "it starts on", days.cast(pa.string()), "and not on the day of its file", " "
            ),
        )
    attempt = fields.attempt()
    user, user_id = fields.identity("user", "user_id", rules.config.default_user)
    workflow, workflow_id = fields.identity("workflow", "workflow_id")
    within = {"source": (), "workflow": (workflow_id,), "user": (user_id, workflow_id)}
    own_id, id_ = fields.execution_id(attempt, within[rules.config.id_scope])
    parsed = {
        "id": id_,
        "user_id": user_id,
        "workflow_id": workflow_id,
        "workflow_name": fields.name("workflow_name", NAME_CHARACTERS),
        "start_time": start,
        "end_time": end,
        "status": status,
        "trigger_type": fields.trigger(),
        "error_message": fields.message("error_message", MESSAGE_CHARACTERS),
        "input_size": fields.size("input_size"),
        "output_size": fields.size("output_size"),
        "cost": fields.cost(),
        "execution_date": Parsed(days),
        "source": Parsed(pa.repeat(pa.scalar(rules.config.name), fields.count)),
        "source_id": own_id,
        "attempt": attempt,
        "source_status": fields.source_status(),
        "updated_at": updated,
        "queued_at": fields.queued(),
        "source_user_id": user,
        "source_workflow_id": workflow,
    }
    return _sorted_out(parsed, days, fields)


def _sorted_out(parsed: Mapping[str, Parsed], days: pa.Array, fields: "_Fields") -> Conformed:
    values = [parsed[name].values for name in CANONICAL_SCHEMA.names]
    table = pa.Table.from_arrays(values, schema=CANONICAL_SCHEMA)
    problems = [each.problem for each in parsed.values() if each.problem is not None]
    notes = {note: count for note, count in fields.notes.items() if count}
    if not problems:
        return Conformed(table, days, np.empty(0, np.int64), pa.array([], pa.string()), notes)
    sound = problems[0].is_null()
    for problem in problems[1:]:
        sound = pc.and_(sound, problem.is_null())
    wrong = pc.and_(pc.invert(sound), pc.invert(fields.waiting))
    reasons = pc.binary_join_element_wise(
        *(pc.filter(problem, wrong) for problem in problems), "; ", null_handling="skip"
    )
    places = np.flatnonzero(wrong.to_numpy(zero_copy_only=False)).astype(np.int64)
    return Conformed(table.filter(sound), days, places, reasons, notes)


def noted(name: str, notes: Mapping[str, int]) -> Iterator[str]:
    """A sentence for each kind of repair or omission in the rows of `name`."""
    for note, count in notes.items():
        yield f"{count:,} row{'' if count == 1 else 's'} of {name}: {note}."


class _Fields:
    """Parses the fields of some rows."""

    def __init__(self, rows: RawRows, columns: Mapping[str, pa.Array], rules: Rules) -> None:
        self.count = len(rows.numbers)
        self._columns = columns
        self._rules = rules
        self._marked = rows.marked
        nulls = rules.config.nulls
        self._nulls = () if nulls is None else nulls
        self._id_nulls = NULL_WORDS if nulls is None else nulls
        self.notes: Counter[str] = Counter()
        # Rows that have not begun: they are not executions yet, and nothing is wrong with them.
        self.waiting = pa.repeat(pa.scalar(False), self.count)

    def message(self, name: str, characters: int) -> Parsed:
        text = self._sound(name, "message")
        return text.with_values(cut(text.values, characters))

    def name(self, name: str, characters: int) -> Parsed:
        text = self._sound(name, "name")
        named = without_words(trimmed(text.values), self._id_nulls)
        return text.with_values(cut(named, characters))

    def status(self) -> Parsed:
        column = self._trimmed("status")
        meaning = words("status", column.values, self._rules.status_words, "statuses")
        return meaning.after(column).require("status")

    def source_status(self) -> Parsed:
        """The source's own word, unless it is the same as ours."""
        column = self._trimmed("source_status")
        if column.values.null_count == 0:
            return column

        def detail(distinct: pa.Array) -> Parsed:
            meanings = self._rules.status_words
            texts = [None if meanings.get(each) == each else each for each in distinct.to_pylist()]
            return Parsed(pa.array(texts, pa.string()))

        status = per_distinct(self._trimmed("status").values, detail)
        return column.with_values(pc.coalesce(column.values, status.values))

    def trigger(self) -> Parsed:
        column = self._trimmed("trigger_type")
        other = GITHUB_OTHER_EVENTS if self._rules.is_github else None
        meaning = words("trigger", column.values, self._rules.trigger_words, "triggers", other)
        meaning = meaning.after(column)
        default = self._rules.config.default_trigger
        if default is None or meaning.values.null_count == 0:
            return meaning
        return meaning.with_values(pc.fill_null(meaning.values, default))

    def attempt(self) -> Parsed:
        column = self._sound("attempt")
        if column.values.null_count == self.count and column.problem is None:
            return Parsed(pa.repeat(pa.scalar(1, pa.int32()), self.count))
        number = whole_numbers("attempt", column, 1, _INT32)
        return number.with_values(pc.fill_null(number.values.cast(pa.int32()), 1))

    def size(self, name: str) -> Parsed:
        return whole_numbers(name, self._sound(name), 0, _INT64)

    def cost(self) -> Parsed:
        column = self._sound("cost")
        if column.values.null_count == self.count:
            return column.with_values(pa.nulls(self.count, COST))
        return costs("cost", column)

    def execution_id(self, attempt: Parsed, within: Sequence[Parsed]) -> tuple[Parsed, Parsed]:
        """The source's own id, and ours."""
        own = self._own_id().require("id")
        scopes = [pc.fill_null(scope.values, "") for scope in within]
        # Not under a shared namespace: the source is part of an execution's identity.
        namespace = source_namespace(self._rules.config.name)
        filled = pc.fill_null(own.values, "")
        return own, Parsed(execution_ids(filled, attempt.values, namespace, scopes))

    def _own_id(self) -> Parsed:
        columns = self._rules.config.columns.get("id")
        if not isinstance(columns, tuple):
            return self._plain_id("id")
        parts = [self._plain_id(part_of_id(number)) for number in range(len(columns))]
        composed = Parsed(composed_ids([part.values for part in parts]))
        for part in parts:
            composed = composed.after(part)
        return composed

    def _plain_id(self, name: str) -> Parsed:
        """An id, or a part of one; whole numbers are written as such."""
        text = self._trimmed(name)
        return text.with_values(whole_ids(without_words(text.values, self._id_nulls)))

    def identity(self, kind: str, name: str, default: str | None = None) -> tuple[Parsed, Parsed]:
        """The source's own id of a user or a workflow, and ours."""
        # One user has many executions: everything is done once for each of the distinct ids.
        encoded = self._column(name).dictionary_encode()
        marked, limit = self._marked, self._rules.limits.field_bytes
        sound = sound_text(name, encoded.dictionary, limit, marked)
        own = whole_ids(without_words(trimmed(sound.values), self._id_nulls))
        ours = mapped_ids(kind, own, self._rules.config.namespace)
        spread = Parsed(
            own.take(encoded.indices),
            None if sound.problem is None else sound.problem.take(encoded.indices),
        )
        mapped = ours.take(encoded.indices)
        if default is not None and spread.values.null_count:
            default_id = mapped_ids(kind, pa.array([default]), self._rules.config.namespace)[0]
            spread = spread.with_values(pc.fill_null(spread.values, default))
            mapped = pc.fill_null(mapped, default_id)
        return spread.require(name), Parsed(mapped)

    def times(self, status: pa.Array) -> tuple[Parsed, Parsed, Parsed]:
        """Start, end and last update."""
        start = self._time("start_time")
        unbegun = start.values.is_null()
        if start.problem is not None:
            unbegun = pc.and_(unbegun, start.problem.is_null())
        self.waiting = pc.and_(unbegun, pc.fill_null(pc.equal(status, "started"), False))
        self._note(self.waiting, "not begun yet; left out until they start")
        start = start.require("start_time")
        updated = self._time("updated_at")
        end = self._time("end_time")
        if self._rules.is_github:
            return start, Parsed(self._github_end(start.values, end.values, status)), updated
        end = self._with_duration(start.values, end)
        gap = pc.subtract(start.values.cast(pa.int64()), end.values.cast(pa.int64()))
        skewed = pc.and_(pc.greater(gap, 0), pc.less_equal(gap, END_SKEW // _MICROSECOND))
        early = pc.greater(gap, END_SKEW // _MICROSECOND)
        self._note(early, "an end more than a second before the start; without a duration")
        values = pc.if_else(pc.fill_null(skewed, False), start.values, end.values)
        return start, end.with_values(without(values, pc.fill_null(early, False))), updated

    def queued(self) -> Parsed:
        """When the wait for the start began; GitHub's answer does not tell."""
        return self._time("queued_at")

    def _github_end(self, start: pa.Array, end: pa.Array, status: pa.Array) -> pa.Array:
        """The end that the last update tells of, where it can be one."""
        lasted = pc.subtract(end.cast(pa.int64()), start.cast(pa.int64()))
        is_bumped = pc.greater(lasted, LONGEST_RUN // _MICROSECOND)
        self._note(
            pc.and_(is_bumped, pc.not_equal(status, "started")),
            f"updated more than {LONGEST_RUN.days} days after the start, which is not the end; "
            "without a duration",
        )
        has_none = (pc.less(lasted, 0), is_bumped, pc.equal(status, "started"))
        for mask in has_none:
            end = without(end, pc.fill_null(mask, True))
        return end

    def _with_duration(self, start: pa.Array, end: Parsed) -> Parsed:
        """The end, from the start and a duration where there is none."""
        for name, per_unit in (("duration_ms", 1_000), ("duration_s", 1_000_000)):
            if name not in self._columns:
                continue
            text = self._sound(name)
            lasted = durations(name, text, per_unit)
            implied = pc.add(start.cast(pa.int64()), lasted.values).cast(INSTANT)
            latest = self._rules.latest
            if latest is not None:
                late = pc.and_(
                    pc.greater(implied, pa.scalar(latest, INSTANT)), end.values.is_null()
                )
                lasted = lasted.refuse(late, f"{name} gives an end that is in the future")
                implied = without(implied, pc.fill_null(late, False))
            end = Parsed(pc.coalesce(end.values, implied), end.problem).after(lasted)
        return end

    def _note(self, mask: pa.Array, what: str) -> None:
        self.notes[what] += pc.sum(mask).as_py() or 0

    def _time(self, name: str) -> Parsed:
        if name not in self._columns:
            return Parsed(pa.nulls(self.count, INSTANT))
        column = self._columns[name]
        return instants(
            name, column, None if is_time(column) else self._sound(name), self._rules.clock
        )

    def _trimmed(self, name: str) -> Parsed:
        text = self._sound(name)
        return text.with_values(trimmed(text.values))

    def _sound(self, name: str, care: Care = "id") -> Parsed:
        limit = self._rules.limits.field_bytes
        text = sound_text(name, self._column(name), limit, self._marked, care)
        return text.with_values(without_words(text.values, self._nulls))

    def _column(self, name: str) -> pa.Array:
        if name not in self._columns:
            return pa.nulls(self.count, pa.string())
        return self._columns[name]
