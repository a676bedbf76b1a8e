"""Counts of the contiguous parts of sequences by owner, such as a user.

Numbers only; `parts` decides which of them count as habits.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from usage_pipeline.errors import UsageError
from usage_pipeline.mining.columns import Ints, Mask, group, lookup
from usage_pipeline.mining.daily.sequences import SequenceCounts


@dataclass(frozen=True, slots=True)
class Parts:
    """All contiguous parts of one length: where each begins and the number of its list.

    `begin` are positions in the steps; `code` numbers the different lists from 0 on; `example`
    is a begin of each list.
    """

    length: int
    begin: Ints
    code: Ints
    example: Ints


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """How many sessions each owner has with a workflow, a row per owner and workflow."""

    owner: Ints
    workflow: Ints
    sessions: Ints

    def having(self, owner: Ints, workflow: Ints) -> Ints:
        """The sessions of those owners with those workflows.

        Raises:
            UsageError: some are not counted.
        """
        at = lookup([self.owner, self.workflow], [owner, workflow])
        if (at < 0).any():
            raise UsageError(
                "Sequences have workflows that the step counts lack: count both for the same days."
            )
        return self.sessions[at]


@dataclass(frozen=True, slots=True)
class PartRows:
    """A row per owner and part.

    The steps of a part are the `length` ones from `begin` on. `code` orders parts of one length.
    `support` counts sessions with the part, `prefix_support` those with all but its last step,
    `last_step_support` those with its last step, `owner_sessions` all.
    """

    owner: Ints
    length: Ints
    code: Ints
    begin: Ints
    support: Ints
    day_count: Ints
    last_executed: Ints
    prefix_support: Ints
    last_step_support: Ints
    owner_sessions: Ints
    is_closed: Mask

    def take(self, rows: Ints) -> "PartRows":
        """The rows at those places."""
        return PartRows(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def concat(cls, parts: "list[PartRows]") -> "PartRows":
        """All rows, one block after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True)
class _Totals:
    parts: Parts
    owner: Ints
    code: Ints
    support: Ints
    day_count: Ints
    last_executed: Ints


def count_parts(
    counts: SequenceCounts, owner: Ints, sessions: SessionCounts, longest: int
) -> tuple[PartRows, Ints]:
    """Count the parts of 2 steps to `longest` by owner, and the sessions of each owner.

    Args:
        counts: the sequences of the window.
        owner: the owner of each row of them, numbers from 0 on.
        sessions: of the same owners, workflows numbered as in `counts`; with them those sessions
            that are no sequence, because they have one step.
        longest: the greatest number of steps.
    """
    row_of_step = np.repeat(np.arange(len(counts)), counts.length)
    all_parts = list(parts_of(counts.steps, counts.first, counts.length, longest))
    by_length = [_count(counts, owner, parts, row_of_step) for parts in all_parts]
    of_owner = _sessions_of_owners(counts, owner, sessions, by_length[0])
    rows = [_rows(counts, sessions, of_owner, by_length, n) for n in range(2, longest + 1)]
    return PartRows.concat(rows), of_owner


def _count(counts: SequenceCounts, owner: Ints, parts: Parts, row_of_step: Ints) -> _Totals:
    once = group(row_of_step[parts.begin], parts.code).first
    row, code = row_of_step[parts.begin[once]], parts.code[once]
    groups = group(owner[row], code)
    since = counts.day.min() if len(counts) else 0
    # Days in order within each owner and part: a day counts where it differs from the one before.
    by_day = group(groups.of_rows(), counts.day[row] - since)
    return _Totals(
        parts=parts,
        owner=owner[row][groups.first],
        code=code[groups.first],
        support=groups.sums(counts.occurrences[row]),
        day_count=np.bincount(groups.of_rows()[by_day.first], minlength=len(groups)),
        last_executed=groups.maxima(counts.last_executed[row]),
    )


def _sessions_of_owners(
    counts: SequenceCounts, owner: Ints, sessions: SessionCounts, single: _Totals
) -> Ints:
    """All sessions of each owner: the sequences, and those that consist of one workflow.

    A session counts for each workflow that it has, so what sequences do not account for is alone.
    """
    size = 1 + max(int(owner.max(initial=-1)), int(sessions.owner.max(initial=-1)))
    in_sequences = _sum_by(single.owner, single.support, size)
    everything = _sum_by(sessions.owner, sessions.sessions, size)
    return _sum_by(owner, counts.occurrences, size) + everything - in_sequences


def _rows(
    counts: SequenceCounts,
    sessions: SessionCounts,
    of_owner: Ints,
    by_length: list[_Totals],
    length: int,
) -> PartRows:
    totals, shorter = by_length[length - 1], by_length[length - 2]
    begin = totals.parts.example[totals.code]
    prefix = _code_at(shorter.parts, counts)[begin]
    if length == 2:
        prefix_support = sessions.having(totals.owner, counts.steps[begin])
    else:
        at = lookup([shorter.owner, shorter.code], [totals.owner, prefix])
        prefix_support = shorter.support[at]
    is_closed = np.ones(len(begin), dtype=bool)
    if length < len(by_length):
        is_closed = _greatest_longer(counts, totals, by_length[length]) < totals.support
    return PartRows(
        owner=totals.owner,
        length=np.full(len(begin), length),
        code=totals.code,
        begin=begin,
        support=totals.support,
        day_count=totals.day_count,
        last_executed=totals.last_executed,
        prefix_support=prefix_support,
        last_step_support=sessions.having(totals.owner, counts.steps[begin + length - 1]),
        owner_sessions=of_owner[totals.owner],
        is_closed=is_closed,
    )


def _greatest_longer(counts: SequenceCounts, totals: _Totals, longer: _Totals) -> Ints:
    """The greatest support among the parts that have one step more."""
    code_at = _code_at(totals.parts, counts)
    greatest = np.zeros(len(totals.code), dtype=np.int64)
    begin = longer.parts.example[longer.code]
    for contained in (code_at[begin], code_at[begin + 1]):
        at = lookup([totals.owner, totals.code], [longer.owner, contained])
        np.maximum.at(greatest, at, longer.support)
    return greatest


def _code_at(parts: Parts, counts: SequenceCounts) -> Ints:
    code = np.full(len(counts.steps), -1)
    code[parts.begin] = parts.code
    return code


def _sum_by(keys: Ints, values: Ints, size: int) -> Ints:
    return np.bincount(keys, weights=values, minlength=size).astype(np.int64)


def parts_of(steps: Ints, first: Ints, length: Ints, longest: int) -> Iterator[Parts]:
    """All contiguous parts of sequences, of 1 step to `longest`, one length after the other.

    Args:
        steps: the workflows of all sequences, which follow each other without gaps.
        first: the position of each sequence's first step.
        length: how many steps each has.
        longest: the greatest length of a part.
    """
    left = np.repeat(first + length, length) - np.arange(len(steps))
    begin = np.arange(len(steps))
    of_begin = steps.copy()
    for count in range(1, longest + 1):
        if count > 1:
            begin = begin[left[begin] >= count]
            groups = group(of_begin[begin], steps[begin + count - 1])
        else:
            groups = group(of_begin)
        code = groups.of_rows()
        of_begin[begin] = code
        yield Parts(count, begin, code, begin[groups.first] if len(groups) else begin)
