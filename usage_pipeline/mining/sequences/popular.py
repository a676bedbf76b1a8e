"""Popular sequences: the parts of sequences that several users have, none of them by chance.

All users taken together cannot tell habit from chance: whoever likes the same two workflows runs
one after the other now and then. So each user's own habit must be sure, and only the parts that
enough users have surely are counted over everybody, a block of users at a time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.columns import (
    Ints,
    Mask,
    code_of,
    day_number,
    floats,
    group,
    lookup,
)
from usage_pipeline.mining.daily.sequences import SequenceCounts, shared_sequence_ids
from usage_pipeline.mining.sequences.parts import LONGEST_PART, MEASURES, MIN_DAYS, PART_WINDOW_DAYS
from usage_pipeline.mining.statistics import FALSE_DISCOVERY_RATE, QValues

POPULAR_SEQUENCES_SCHEMA = pa.schema(
    [
        pa.field("sequence_id", pa.string(), nullable=False),
        pa.field("user_count", pa.int64(), nullable=False),
        *MEASURES,
    ]
)
"""One row per part, over all users. `user_count` = users with it on enough days of their own."""

_Part = tuple[str, ...]


def shared_parts(sure_parts: Iterable[pa.Table], tests: QValues, min_users: int) -> list[_Part]:
    """The parts that enough users have more often than by chance.

    Args:
        sure_parts: tables in `parts.SURE_PARTS_SCHEMA`; read twice.
        tests: the tests of the transitions of all users.
        min_users: how many users must have a part.
    """
    users: dict[str, int] = defaultdict(int)
    for ids, _ in _surely(sure_parts, tests):
        for entry in ids.value_counts().to_pylist():
            users[entry["values"]] += entry["counts"]
    shared = pa.array([part for part, count in users.items() if count >= min_users], pa.string())
    lists = {
        tuple(part)
        for ids, workflow_ids in _surely(sure_parts, tests)
        for part in workflow_ids.filter(pc.is_in(ids, value_set=shared)).to_pylist()
    }
    return sorted(lists)


def _surely(
    sure_parts: Iterable[pa.Table], tests: QValues
) -> Iterator[tuple[pa.Array, pa.ListArray]]:
    """The ids and the workflows of the parts that are not chance, one block after the other."""
    for table in sure_parts:
        is_sure = tests.of(floats(table, "p_value")) <= FALSE_DISCOVERY_RATE
        workflow_ids = table.filter(pa.array(is_sure))["workflow_ids"].combine_chunks()
        yield shared_sequence_ids(workflow_ids), workflow_ids


@dataclass(slots=True)
class _Tree:
    """All beginnings of some parts as a tree of steps: node 0 is the empty one."""

    parts: list[_Part]
    workflows: pa.Array
    parent: Ints
    step: Ints
    node_of: dict[_Part, int]

    @classmethod
    def of(cls, parts: Iterable[_Part]) -> "_Tree":
        """Grow the tree of these parts."""
        beginnings = sorted({part[:end] for part in parts for end in range(1, len(part) + 1)})
        ids = sorted({workflow for part in beginnings for workflow in part})
        number = {workflow: place for place, workflow in enumerate(ids)}
        node_of = {(): 0} | {part: place for place, part in enumerate(beginnings, start=1)}
        return cls(
            parts=beginnings,
            workflows=pa.array(ids, pa.string()),
            parent=np.array([node_of[part[:-1]] for part in beginnings], dtype=np.int64),
            step=np.array([number[part[-1]] for part in beginnings], dtype=np.int64),
            node_of=node_of,
        )

    def __len__(self) -> int:
        return len(self.parts) + 1

    def grow(self, node: Ints, step: Ints) -> Ints:
        """The node that each node becomes by one more step, -1 if the tree has none."""
        at = lookup([self.parent, self.step], [node, step])
        return np.where(at >= 0, at + 1, -1)


@dataclass(slots=True)
class PopularSequences:
    """Counts parts over everybody, a block of users at a time.

    Attributes:
        parts: the parts to count, such as `shared_parts` finds.
        as_of: the last day of the window.
        window_days: how many days there are in the window.
        longest: the greatest number of steps of a part.
        min_days: on how many days a part must come for a user to have it.
    """

    parts: list[_Part]
    as_of: date
    window_days: int = PART_WINDOW_DAYS
    longest: int = LONGEST_PART
    min_days: int = MIN_DAYS
    _tree: _Tree = field(init=False)
    _support: Ints = field(init=False)
    _users: Ints = field(init=False)
    _last_executed: Ints = field(init=False)
    _on_day: Mask = field(init=False)
    _is_shared: Mask = field(init=False)
    # For each part, the longer ones that have come in every session of it so far.
    _always_in: dict[int, set[tuple[int, str]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nothing counted."""
        self._tree = _Tree.of(self.parts)
        size = len(self._tree)
        self._support, self._users, self._last_executed = np.zeros((3, size), dtype=np.int64)
        self._on_day = np.zeros((size, self.window_days), dtype=bool)
        self._is_shared = np.zeros(size, dtype=bool)
        self._is_shared[[self._tree.node_of[part] for part in self.parts]] = True

    def count(self, occurrences: pa.Table) -> None:
        """Count the sequences of a block of users, all days of them.

        Args:
            occurrences: daily statistics in `daily.sequences.SEQUENCE_OCCURRENCES_SCHEMA`.
        """
        counts = SequenceCounts.from_table(occurrences).in_window(self.as_of, self.window_days)
        if not self.parts or len(counts) == 0:
            return
        row = np.repeat(np.arange(len(counts)), counts.length)
        end = (counts.first + counts.length)[row]
        step = code_of(self._tree.workflows, counts.workflows)[counts.steps]
        begin = np.arange(len(step))
        node = np.zeros(len(step), dtype=np.int64)
        for length in range(1, self.longest + 1):
            fits = np.flatnonzero(begin + length <= end[begin])
            begin, node = begin[fits], node[fits]
            inside = np.flatnonzero(step[begin + length - 1] >= 0)
            begin, node = begin[inside], node[inside]
            node = self._tree.grow(node, step[begin + length - 1])
            begin, node = begin[node >= 0], node[node >= 0]
            # Sessions with one workflow are counted by steps: not all of them are sequences.
            if length > 1:
                self._add(counts, row[begin], node)
                if length < self.longest:
                    self._compare_longer(counts, row, begin, node, length)

    def table(self, sessions: Mapping[str, int], session_count: int) -> pa.Table:
        """The closed ones of the parts, with what everybody does of them.

        Args:
            sessions: how many sessions have each workflow.
            session_count: how many sessions there are.

        Returns:
            Rows in `POPULAR_SEQUENCES_SCHEMA`, by the number of users, then support, then length.
        """
        rows: list[dict[str, Any]] = []
        for part in self.parts:
            node = self._tree.node_of[part]
            if self._always_in.get(node):
                continue
            support = int(self._support[node])
            shorter = self._tree.node_of[part[:-1]]
            prefix = sessions[part[0]] if len(part) == 2 else int(self._support[shorter])
            confidence = support / prefix
            rows.append(
                {
                    "user_count": int(self._users[node]),
                    "workflow_ids": list(part),
                    "support": support,
                    "day_count": int(self._on_day[node].sum()),
                    "confidence": confidence,
                    "lift": confidence * session_count / sessions[part[-1]],
                    "last_executed": int(self._last_executed[node]),
                }
            )
        rows.sort(
            key=lambda row: (
                -row["user_count"], -row["support"], -len(row["workflow_ids"]), row["workflow_ids"]
            )
        )  # fmt: skip
        table = pa.Table.from_pylist(rows, schema=POPULAR_SEQUENCES_SCHEMA.remove(0))
        ids = shared_sequence_ids(table["workflow_ids"].combine_chunks())
        return table.add_column(0, POPULAR_SEQUENCES_SCHEMA.field(0), ids)

    def _add(self, counts: SequenceCounts, row: Ints, node: Ints) -> None:
        once = group(row, node).first
        row, node = row[once], node[once]
        day = counts.day[row] - day_number(self.as_of) + self.window_days - 1
        np.add.at(self._support, node, counts.occurrences[row])
        np.maximum.at(self._last_executed, node, counts.last_executed[row])
        self._on_day[node, day] = True
        by_day = group(counts.user[row], node, day).first
        by_user = group(counts.user[row][by_day], node[by_day])
        enough = by_user.sizes >= self.min_days
        np.add.at(self._users, node[by_day][by_user.first[enough]], 1)

    def _compare_longer(
        self, counts: SequenceCounts, row: Ints, begin: Ints, node: Ints, length: int
    ) -> None:
        """Keep the longer parts that have come in every session in which a part has."""
        selection = np.flatnonzero(self._is_shared[node])
        begin, node = begin[selection], node[selection]
        first, of_part = counts.first[row[begin]], group(row[begin], node).first
        support = np.zeros(len(self._tree), dtype=np.int64)
        np.add.at(support, node[of_part], counts.occurrences[row[begin[of_part]]])
        longer: dict[int, set[tuple[int, str]]] = {each: set() for each in set(node.tolist())}
        last = begin + length - 1
        end = counts.first[row[begin]] + counts.length[row[begin]]
        for side, neighbour, has in ((0, begin - 1, begin > first), (1, last + 1, last + 1 < end)):
            at = np.flatnonzero(has)
            once = at[group(row[begin[at]], node[at], counts.steps[neighbour[at]]).first]
            workflow = counts.steps[neighbour[once]]
            pairs = group(node[once], workflow)
            sessions = pairs.sums(counts.occurrences[row[begin[once]]])
            equal = pairs.first[sessions == support[node[once[pairs.first]]]]
            ids = counts.workflows.take(pa.array(workflow[equal])).to_pylist()
            for each, workflow_id in zip(node[once[equal]].tolist(), ids, strict=True):
                longer[each].add((side, workflow_id))
        for each, candidates in longer.items():
            before = self._always_in.get(each)
            self._always_in[each] = candidates if before is None else before & candidates
