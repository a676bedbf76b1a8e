"""Locks: one writer per day, one dbt build at a time, and patience with readers.

Advisory locks belong to the transaction or connection that took them, so a killed process
leaves none behind.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from enum import IntEnum

import psycopg
from psycopg import sql

from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.warehouse.connection import Warehouse

_ATTEMPTS = 60
_PAUSE_SECONDS = (0.1, 2.0)


class LockClass(IntEnum):
    """The purpose of an advisory lock: the first of its two keys."""

    DAY = 0x75736400
    BUILD = 0x75736401
    EVERY_DAY = 0x75736402
    STAGE = 0x75736403
    MERGING = 0x75736404


def lock_stage(connection: psycopg.Connection, day: date) -> None:
    """Wait until no other transaction stages `day`; held to the end of this transaction.

    A transaction stages one day and takes its locks in this order: of the stage, of merging, of
    days. So no two can wait for each other.
    """
    connection.execute("select pg_advisory_xact_lock_shared(%s, 0)", [int(LockClass.EVERY_DAY)])
    connection.execute(
        "select pg_advisory_xact_lock(%s, %s)", [int(LockClass.STAGE), day.toordinal()]
    )


def lock_merging(connection: psycopg.Connection) -> None:
    """Wait until no other load merges copies; held to the end of this transaction."""
    connection.execute("select pg_advisory_xact_lock(%s, 0)", [int(LockClass.MERGING)])


def lock_days(connection: psycopg.Connection, days: Iterable[date]) -> None:
    """Wait until no other transaction writes any of these days; held to the end of this one."""
    for day in sorted(set(days)):
        connection.execute(
            "select pg_advisory_xact_lock(%s, %s)", [int(LockClass.DAY), day.toordinal()]
        )


def lock_every_day(connection: psycopg.Connection) -> None:
    """Wait until no other transaction writes any day; held to the end of this transaction."""
    connection.execute("select pg_advisory_xact_lock(%s, 0)", [int(LockClass.EVERY_DAY)])


@contextmanager
def building(warehouse: Warehouse) -> Iterator[None]:
    """Hold the one lock under which marts and mining are built; wait for another build."""
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s, 0)", [int(LockClass.BUILD)])
        yield


def lock_partition(
    connection: psycopg.Connection, table: sql.Composable, partition: sql.Composable, timeout: float
) -> None:
    """Take the exclusive locks that detaching a partition needs, without stalling readers.

    Other partitions stay unlocked: loads of other days read theirs. A waiting exclusive
    lock makes every later reader wait behind it, so each attempt gives up after `timeout` seconds
    and lets them pass before the next.

    Raises:
        WarehouseUnavailableError: readers held the table through every attempt.
    """

    def attempt() -> None:
        with connection.transaction():
            limit_waiting(connection, timeout)
            connection.execute(
                sql.SQL("lock table only {}, only {} in access exclusive mode").format(
                    table, partition
                )
            )
            connection.execute("select set_config('lock_timeout', '0', true)")

    patiently(attempt, table.as_string(connection), timeout)


def limit_waiting(connection: psycopg.Connection, timeout: float) -> None:
    """Let a statement of this transaction wait for a lock no longer than `timeout` seconds."""
    connection.execute("select set_config('lock_timeout', %s, true)", [f"{int(timeout * 1000)}ms"])


def patiently(attempt: Callable[[], None], what: str, timeout: float) -> None:
    """Try until nobody is in the way, with growing pauses in which others pass.

    Raises:
        WarehouseUnavailableError: somebody was, in every attempt.
    """
    pause, longest = _PAUSE_SECONDS
    for _ in range(_ATTEMPTS):
        try:
            attempt()
            return
        except psycopg.errors.LockNotAvailable:
            time.sleep(pause)
            pause = min(pause * 2, longest)
    raise WarehouseUnavailableError(
        f"Readers have held {what} for {_ATTEMPTS} attempts of {timeout} s: "
        "end the long query and run this again; nothing was changed."
    )
