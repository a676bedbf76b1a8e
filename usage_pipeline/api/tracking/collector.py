"""Group commit: what many requests track is gathered for some milliseconds and written at once.

A request is answered when its rows are committed, and no row fails another. The queue is bounded,
and so is the share of it that one caller has.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg_pool import PoolTimeout

from usage_pipeline.api.database import Pool
from usage_pipeline.api.errors import ProblemError, unavailable

_log = logging.getLogger(__name__)

_GATHER_SECONDS = 0.003
_ROWS_AT_ONCE = 5000
# While one batch is committed the next is gathered; more writers only make smaller batches.
_WRITERS = 2
_WRITE = "select raw.track_executions(%s::json)"
_UNWRITABLE = "the warehouse refuses it: a value is out of range"


@dataclass
class _Waiting:
    """The rows of one request, each a JSON object, and who waits for them."""

    rows: Sequence[str]
    caller: str
    done: "asyncio.Future[dict[int, str]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Collector:
    """Takes rows and writes them in batches."""

    def __init__(self, pool: Pool, most_waiting: int) -> None:
        """Write with a pool; refuse rows while so many wait."""
        self._pool = pool
        self._most_waiting = most_waiting
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._writers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._by_caller: Counter[str] = Counter()
        self.waiting = 0
        self.written = 0
        self.batches = 0

    def start(self) -> None:
        """Begin to write."""
        self._writers = [asyncio.create_task(self._write_all()) for _ in range(_WRITERS)]

    async def stop(self) -> None:
        """Write what waits and end."""
        self._stopping = True
        self._arrived.set()
        await asyncio.gather(*self._writers, return_exceptions=True)

    async def add(self, rows: Sequence[str], caller: str) -> dict[int, str]:
        """Write rows; return when they are committed.

        Args:
            rows: JSON objects with the columns of `raw.tracked_executions`.
            caller: who sends them.

        Returns:
            By place, why a row could not be written; nothing for those that were.

        Raises:
            ProblemError: too much waits, or the warehouse does not answer; nothing was kept.
        """
        if not rows:
            return {}
        free = self._most_waiting - self.waiting - len(rows)
        # One caller leaves half of the room to others, two leave a third, and so on: the more
        # wait, the less each may add.
        own = self._by_caller[caller]
        if self._stopping or free < 0 or (own and own + len(rows) > free):
            raise ProblemError(
                503,
                f"{own or self.waiting:,} executions {'of yours ' if own else ''}wait to be "
                "written: send these again soon.",
                {"Retry-After": "1"},
            )
        mine = _Waiting(rows, caller)
        self._queue.append(mine)
        self._count(mine, 1)
        self._arrived.set()
        # Queued rows are written even when the caller has gone.
        return await asyncio.shield(mine.done)

    async def _write_all(self) -> None:
        while not (self._stopping and not self._queue):
            await self._arrived.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            batch = self._next_batch()
            if batch:
                await self._write(batch)

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        count = 0
        while self._queue and count < _ROWS_AT_ONCE:
            batch.append(self._queue.popleft())
            count += len(batch[-1].rows)
        if not self._queue and not self._stopping:
            self._arrived.clear()
        return batch

    async def _write(self, batch: list[_Waiting]) -> None:
        try:
            await self._commit([row for each in batch for row in each.rows])
        except (psycopg.DataError, psycopg.IntegrityError):
            for each in batch:
                # Nobody waits for the bad rows of another.
                self._finish(each, await self._write_apart(each))
            self.batches += 1
            return
        except Exception as error:
            _log.warning("tracked executions were not written: %s", " ".join(str(error).split()))
            self._fail(batch, error)
            return
        for each in batch:
            self._finish(each, {})
        self.batches += 1

    def _finish(self, each: _Waiting, problems: dict[int, str]) -> None:
        self._count(each, -1)
        self.written += len(each.rows) - len(problems)
        if not each.done.done():
            each.done.set_result(problems)

    def _count(self, each: _Waiting, sign: int) -> None:
        self.waiting += sign * len(each.rows)
        self._by_caller[each.caller] += sign * len(each.rows)
        if not self._by_caller[each.caller]:
            del self._by_caller[each.caller]

    async def _write_apart(self, each: _Waiting) -> dict[int, str]:
        """Write the rows of one request but those that cannot be written.

        In halves: one bad row among a thousand takes some twenty commits to find, not a thousand.
        """
        problems: dict[int, str] = {}
        parts = [range(len(each.rows))]
        while parts:
            part = parts.pop()
            try:
                await self._commit([each.rows[place] for place in part])
            except (psycopg.DataError, psycopg.IntegrityError):
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                else:
                    problems[part.start] = _UNWRITABLE
            except (psycopg.Error, PoolTimeout):
                problems |= dict.fromkeys(part, "the warehouse does not answer: send it again")
        return problems

    def _fail(self, batch: list[_Waiting], error: Exception) -> None:
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout)
        for each in batch:
            self._count(each, -1)
            if not each.done.done():
                each.done.set_exception(unavailable() if lost else error)

    async def _commit(self, rows: Sequence[str]) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_WRITE, ["[" + ",".join(rows) + "]"])
