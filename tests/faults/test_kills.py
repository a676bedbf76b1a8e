"""kill -9 at random moments: afterwards one re-run gives what an undisturbed night gives."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg
import pytest

from tests.faults.contents import contents_of, differences
from tests.faults.stages import NIGHT
from tests.faults.trials import Trial, run_trial
from tests.faults.world import World
from usage_pipeline.warehouse.connection import Warehouse

QUICK = [
    *(Trial("load", "process", seed) for seed in range(3)),
    *(Trial("retire", "process", seed) for seed in range(2)),
    Trial("load", "backend", 0),
    Trial("load", "server", 0),
    Trial("retire", "server", 0),
]


@pytest.mark.parametrize("trial", QUICK, ids=str)
def test_whatever_is_killed_one_more_run_gives_what_an_undisturbed_night_gives(
    world: World, trial: Trial
) -> None:
    run_trial(world, trial)


_COUNTS = {
    "process": {"load": 6, "build": 6, "mine": 4, "retire": 5},
    "server": {"load": 2, "build": 3, "mine": 2, "retire": 2},
    "backend": {"load": 2, "build": 2, "mine": 2, "retire": 2},
    "restart": {"load": 1, "build": 2, "retire": 1},
}
LONG = [
    Trial(stage, struck, 100 + number)
    for struck, stages in _COUNTS.items()
    for stage, count in stages.items()
    for number in range(count)
]


@pytest.mark.long
@pytest.mark.parametrize("trial", LONG, ids=str)
def test_whatever_is_killed_when_marts_are_built_too(whole_world: World, trial: Trial) -> None:
    run_trial(whole_world, trial)


@pytest.mark.long
def test_a_killed_run_of_the_orchestrator_takes_its_dbt_with_it(whole_world: World) -> None:
    world = whole_world
    before = world.states[world.stages[0]]
    with world.copy_of(before) as warehouse:
        assert _night(world, warehouse).wait(300) == 0
        undisturbed = contents_of(warehouse)
    with world.copy_of(before) as warehouse:
        victim = _night(world, warehouse)
        _wait_for_dbt(warehouse.url, victim)
        time.sleep(1)
        victim.kill()
        assert victim.wait() == -signal.SIGKILL
        _until(lambda: _dbt_sessions(warehouse.url) == 0, 10)
        assert _night(world, warehouse).wait(300) == 0
        assert differences(contents_of(warehouse), undisturbed) == []


def _night(world: World, warehouse: Warehouse) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "usage_pipeline.cli", "backfill", *map(str, NIGHT)],
        env={**os.environ, "USAGE_HOME": str(world.home), "USAGE_DATABASE_URL": warehouse.url},
        stdout=subprocess.DEVNULL,
    )


def _dbt_sessions(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and application_name = 'dbt'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _wait_for_dbt(url: str, victim: subprocess.Popen[bytes]) -> None:
    _until(lambda: victim.poll() is not None or _dbt_sessions(url) > 0, 120)
    assert victim.poll() is None


def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
