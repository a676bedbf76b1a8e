"""One trial: copy a state, run a stage, strike at a random moment, look, run it again, compare."""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest

from tests.faults import victims
from tests.faults.contents import contents_of, differences, held_locks
from tests.faults.watching import watching
from tests.faults.world import World
from usage_pipeline.warehouse.connection import Warehouse

_PATIENCE = 15.0
_ATTEMPTS = 5


@dataclass(frozen=True)
class Trial:
    """What is struck, in which stage, by which seed.

    Attributes:
        stage: a stage of the night.
        struck: `process` and `server` are killed with kill -9, `backend` is every connection, cut
            by the server, `restart` is the server stopped and started as for maintenance.
        seed: decides the moment.
    """

    stage: str
    struck: str
    seed: int

    def __str__(self) -> str:
        return f"{self.struck}-{self.stage}-{self.seed}"


def run_trial(world: World, trial: Trial) -> None:
    """Run one trial and assert what must hold."""
    share = random.Random(str(trial)).uniform(0.02, 0.98)  # noqa: S311 - not a secret
    for _ in range(_ATTEMPTS):
        if _struck_at_work(world, trial, share * world.seconds[trial.stage]):
            return
        # This time the stage was quicker than when it was measured.
        share /= 2
    pytest.fail(f"the stage was over before it was struck, {_ATTEMPTS} times")


def _struck_at_work(world: World, trial: Trial, delay: float) -> bool:
    before, after = world.states[trial.stage], world.after(trial.stage)
    with world.copy_of(before) as warehouse:
        strike = _striking(world, warehouse, trial.struck)
        with watching(warehouse, before.seen, after.seen) as watcher:
            at_work = victims.run_and_strike(trial.stage, world.home, warehouse.url, delay, strike)
            if trial.struck in ("server", "restart"):
                world.server.start()
            _wait_for_no_locks(warehouse)
            left = contents_of(warehouse).relations
            victims.run(trial.stage, world.home, warehouse.url)
        assert watcher.looked > 0
        assert watcher.halves == []
        if trial.struck == "process":
            assert watcher.errors == []
        known = {*before.contents.relations, *after.contents.relations}
        left_over = [name for name in left if name not in known]
        assert left_over == []
        assert differences(contents_of(warehouse), after.contents) == []
        assert held_locks(warehouse) == 0
        assert list(world.home.glob("spool-*")) == []
    return at_work


def _striking(world: World, warehouse: Warehouse, struck: str) -> Callable[[int], None]:
    if struck == "process":
        return lambda victim: os.kill(victim, signal.SIGKILL)
    if struck == "server":
        return lambda _: _kill_server(world)
    if struck == "restart":
        return lambda _: _stop_server(world)
    return lambda _: _kill_backends(warehouse)


def _kill_server(world: World) -> None:
    pid = int((world.server.data / "postmaster.pid").read_text().split("\n")[0])
    os.kill(pid, signal.SIGKILL)
    # It is gone a moment later; whoever starts it before that would find it running.
    while world.server.is_running():
        time.sleep(0.01)


def _stop_server(world: World) -> None:
    """Stop the server as an administrator does: what runs is rolled back."""
    assert world.server.stop()


def _kill_backends(warehouse: Warehouse) -> None:
    """Cut every connection to the database but our own, in the middle of what it does."""
    with psycopg.connect(warehouse.url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


def _wait_for_no_locks(warehouse: Warehouse) -> None:
    deadline = time.monotonic() + _PATIENCE
    while held_locks(warehouse):
        if time.monotonic() > deadline:
            pytest.fail(f"locks are still held {_PATIENCE} s after the process was killed")
        time.sleep(0.05)
