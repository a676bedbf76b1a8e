"""Executions as sessions need them: those by people, in order of user, start and id.

One user's sessions do not depend on another's, so from here on users come in blocks: their columns
stay in the processor's cache, and blocks run side by side, because NumPy and Arrow free the
interpreter while they work. `sessions` says where a session ends.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.columns import (
    Ints,
    Mask,
    encode,
    microseconds,
    order_by,
)
from usage_pipeline.terms import MACHINE_TRIGGERS, STATUSES

COMPLETED, FAILED = STATUSES.index("completed"), STATUSES.index("failed")

_BLOCK = 250_000  # executions whose columns take a few megabytes

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Executions:
    """Executions by people as columns of numbers, in order of user, start and id.

    Users and workflows number the sorted ids `users` and `workflows`; `start` is in microseconds
    since 1970; `status` numbers `STATUSES`, -1 for others.
    """

    users: pa.Array
    workflows: pa.Array
    user: Ints
    workflow: Ints
    start: Ints
    status: npt.NDArray[np.int8]


def by_people(executions: pa.Table) -> Mask:
    """Which executions are use: first attempts, unless a machine started them."""
    by_machine = pc.is_in(executions["trigger_type"], value_set=pa.array(MACHINE_TRIGGERS))
    first = pc.equal(executions["attempt"], 1)
    by_people = pc.and_(pc.invert(by_machine), first)
    return np.asarray(by_people.to_numpy(zero_copy_only=False), dtype=bool)


class ExecutionsOfUsers:
    """The executions by people in a table, in order, for all users or for blocks of them."""

    def __init__(self, executions: pa.Table) -> None:
        """Number and sort them.

        Args:
            executions: columns as `sessions.sessionize` needs them, in any order.

        Raises:
            UsageError: a user or workflow id is null.
        """
        with ThreadPoolExecutor(pa.cpu_count()) as threads:
            # Sorting comes first, so that it runs while the other columns are numbered.
            user = threads.submit(encode, executions, "user_id")
            people = threads.submit(by_people, executions)
            workflow = threads.submit(encode, executions, "workflow_id")
            status = threads.submit(_status_codes, executions)
            self._ids, self._start = executions["id"], microseconds(executions, "start_time")
            self._user, rows = user.result(), np.flatnonzero(people.result())
            user_codes, start = self._user.codes[rows], self._start[rows]
            since = start - start.min() if len(start) else start
            # Rows in order of user and start; those of one instant are put in order by block.
            self._rows = rows[order_by(user_codes, since)]
            self._ends = np.cumsum(np.bincount(user_codes, minlength=1))
            self._workflow, self._status = workflow.result(), status.result()

    def all(self) -> Executions:
        """The executions of all users."""
        return self._between(0, len(self._rows))

    def map_blocks(self, work: Callable[[Executions], Result], size: int = _BLOCK) -> list[Result]:
        """The results of some work on the executions of some users at a time.

        Args:
            work: runs in threads; it must not depend on which users come together.
            size: about how many executions come together; a user's are never divided.

        Returns:
            A result for each block of users, one at least, in order of the users.
        """
        count = len(self._rows)
        cuts = np.searchsorted(self._ends, np.arange(size, count, size))
        ends = np.unique(np.append(self._ends[cuts], count)).tolist()
        with ThreadPoolExecutor(pa.cpu_count()) as threads:
            blocks = zip([0, *ends[:-1]], ends, strict=True)
            return list(threads.map(lambda block: work(self._between(*block)), blocks))

    def _between(self, first: int, end: int) -> Executions:
        rows = self._rows[first:end]
        user, start = self._user.codes[rows], self._start[rows]
        tied = np.flatnonzero((np.diff(user) == 0) & (np.diff(start) == 0))
        if len(tied):
            rows = self._in_order_of_ids(rows, user, start, tied)
        return Executions(
            users=self._user.values,
            workflows=self._workflow.values,
            user=user,
            workflow=self._workflow.codes[rows],
            start=start,
            status=self._status[rows],
        )

    def _in_order_of_ids(self, rows: Ints, user: Ints, start: Ints, tied: Ints) -> Ints:
        """Rows with those of one user and instant in order of their ids, which are text."""
        places = np.union1d(tied, tied + 1)
        columns = {
            "user": user[places],
            "start": start[places],
            "id": self._ids.take(pa.array(rows[places])),
        }
        ascending = [(name, "ascending") for name in columns]
        order = pc.sort_indices(pa.table(columns), sort_keys=ascending).to_numpy()
        rows = rows.copy()
        rows[places] = rows[places[order]]
        return rows


def _status_codes(executions: pa.Table) -> npt.NDArray[np.int8]:
    status = pc.index_in(executions["status"], value_set=pa.array(STATUSES))
    return np.asarray(pc.fill_null(status, -1).to_numpy(), dtype=np.int8)
