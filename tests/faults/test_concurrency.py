"""Several at once: two runs of a day, a backfill beside the night, a reader that stays open."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.executions import DAY, at, batch, execution
from tests.faults import victims
from tests.faults.contents import contents_of, differences, held_locks
from tests.faults.watching import seen_in, watching
from tests.faults.world import World
from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.sources.conform.canonical import ReadBatch
from usage_pipeline.warehouse import locks
from usage_pipeline.warehouse.columns import snapshot
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions import retirement
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.executions.partition import drop_partition
from usage_pipeline.warehouse.executions.retirement import retire_day


def _at_once(world: World, warehouse: Warehouse, stages: list[str]) -> None:
    running = [victims.start(stage, world.home, warehouse.url) for stage in stages]
    codes = [victims.finish(process) for process in running]
    assert codes == [0] * len(stages), victims.said(world.home)


@pytest.mark.parametrize("stage", ["load", "retire"])
def test_two_runs_of_a_night_at_once_end_as_one(world: World, stage: str) -> None:
    before, after = world.states[stage], world.after(stage)
    with world.copy_of(before) as warehouse:
        with watching(warehouse, before.seen, after.seen) as watcher:
            _at_once(world, warehouse, [stage] * 3)
        assert (watcher.halves, watcher.errors) == ([], [])
        assert differences(contents_of(warehouse), after.contents) == []
        assert held_locks(warehouse) == 0


def test_a_backfill_beside_the_night_ends_as_one_after_the_other(world: World) -> None:
    before = world.states["load"]
    with world.copy_of(before) as warehouse:
        for stage in ("backfill", "load"):
            victims.run(stage, world.home, warehouse.url)
        wanted = contents_of(warehouse)
        with warehouse.connect() as connection:
            seen = seen_in(connection)
    with world.copy_of(before) as warehouse:
        with watching(warehouse, before.seen, seen) as watcher:
            _at_once(world, warehouse, ["backfill", "load", "backfill"])
        assert (watcher.halves, watcher.errors) == ([], [])
        assert differences(contents_of(warehouse), wanted) == []


def test_a_backfill_beside_the_retirement_counts_nothing_twice(world: World) -> None:
    before, after = world.states["retire"], world.after("retire")
    with world.copy_of(before) as warehouse:
        _at_once(world, warehouse, ["backfill", "retire"])
        victims.run("retire", world.home, warehouse.url)
        # The ledger tells of the last load, which may have found everything counted already.
        found = contents_of(warehouse)
        assert [
            line for line in differences(found, after.contents) if "load_ledger" not in line
        ] == []
        with warehouse.connect() as connection:
            assert seen_in(connection) == after.seen


def _rows(day: date, count: int) -> ReadBatch:
    return batch([execution(f"{day}-{n}", start_time=at(9, day=day)) for n in range(count)])


def _load(warehouse: Warehouse, day: date, count: int) -> None:
    load_day(warehouse, day, [DayInput("files", [_rows(day, count)])])


@contextmanager
def _running(*works: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Run each of `works` in a thread for the length of the block and until they end."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield errors
    finally:
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()


def test_loads_of_different_days_at_once_do_not_wait_for_each_other_s_swap(
    warehouse: Warehouse,
) -> None:
    days = [DAY + timedelta(days=offset) for offset in range(4)]
    for day in days:
        _load(warehouse, day, 1)
    together = threading.Barrier(len(days))

    def load(day: date) -> None:
        def batches() -> Iterator[ReadBatch]:
            yield _rows(day, 5)
            # Now every load is in the middle of its transaction; each has a partition to replace.
            together.wait(30)

        load_day(warehouse, day, [DayInput("files", batches())])

    with _running(*[lambda day=day: load(day) for day in days]) as errors:
        pass
    assert errors == []
    with warehouse.connect() as connection:
        assert connection.execute(
            "select count(*) from raw.workflow_executions_simple"
        ).fetchone() == (20,)


def test_a_cursor_that_is_half_read_delays_a_swap_and_a_retirement_and_reads_on(
    warehouse: Warehouse,
) -> None:
    later = DAY + timedelta(days=1)
    _load(warehouse, DAY, 300)
    _load(warehouse, later, 300)
    impatient = Warehouse(warehouse.url, lock_timeout=0.1)
    with psycopg.connect(warehouse.url) as reader:
        cursor = reader.cursor("report")
        cursor.execute("select execution_date, id from raw.workflow_executions_simple")
        first = cursor.fetchmany(100)
        with _running(
            lambda: _load(impatient, later, 7),
            lambda: retire_day(impatient, DAY, as_of=later, unfinished_days=30),
        ) as errors:
            threading.Event().wait(1)
            with warehouse.connect() as other:
                # Another reader is not held up by those who wait.
                other.execute("select count(*) from raw.workflow_executions_simple")
            rest = cursor.fetchall()
            again = reader.execute("select count(*) from raw.workflow_executions_simple")
            assert again.fetchone() == (600,)
            assert len({row[1] for row in [*first, *rest]}) == 600
            reader.commit()
    assert errors == []
    with warehouse.connect() as connection:
        assert connection.execute(
            "select (select count(*) from raw.workflow_executions_simple), "
            "(select sum(execution_count) from raw.retired_usage)"
        ).fetchone() == (7, 300)


def test_a_retirement_locks_readers_out_for_the_drop_alone(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However many rows are counted before: no reader waits for that.
    _load(warehouse, DAY, 20_000)
    seconds = []

    def drop(*given: Any) -> None:
        assert _readers_are_let_in(warehouse)
        begun = time.monotonic()
        drop_partition(*given)
        seconds.append(time.monotonic() - begun)
        assert not _readers_are_let_in(warehouse)

    monkeypatch.setattr(retirement, "drop_partition", drop)
    assert retire_day(warehouse, DAY, as_of=DAY, unfinished_days=30).retired == 20_000
    assert seconds
    assert seconds[0] < 1
    assert _readers_are_let_in(warehouse)


def _readers_are_let_in(warehouse: Warehouse) -> bool:
    with warehouse.connect() as connection:
        connection.execute("set local lock_timeout = '50ms'")
        try:
            connection.execute("select count(*) from raw.workflow_executions_simple")
        except psycopg.errors.LockNotAvailable:
            connection.rollback()
            return False
    return True


def test_a_snapshot_that_has_not_read_a_day_yet_still_finds_it(warehouse: Warehouse) -> None:
    _load(warehouse, DAY, 3)
    impatient = Warehouse(warehouse.url, lock_timeout=0.1)
    taken = threading.Event()

    def load() -> None:
        taken.wait(30)
        _load(impatient, DAY, 9)

    with _running(load) as errors, snapshot(warehouse) as source:
        source.read(sql.SQL("select count(*) as days from raw.load_ledger"))
        taken.set()
        threading.Event().wait(0.5)
        found = source.read(sql.SQL("select id from raw.workflow_executions_simple"))
    assert errors == []
    assert found.num_rows == 3
    with warehouse.connect() as connection:
        rows = connection.execute("select count(*) from raw.workflow_executions_simple")
        assert rows.fetchone() == (9,)


def test_readers_that_never_let_go_are_named_and_nothing_is_changed(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_ATTEMPTS", 3)
    _load(warehouse, DAY, 3)
    with psycopg.connect(warehouse.url) as reader:
        reader.execute("select count(*) from raw.workflow_executions_simple")
        with pytest.raises(WarehouseUnavailableError, match="end the long query"):
            load_day(
                Warehouse(warehouse.url, lock_timeout=0.05),
                DAY,
                [DayInput("files", [_rows(DAY, 9)])],
            )
        found = reader.execute("select count(*) from raw.workflow_executions_simple").fetchone()
    assert found == (3,)
    assert held_locks(warehouse) == 0
