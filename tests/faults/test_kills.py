"""kill -9 at random moments: afterwards one re-run gives what an undisturbed night gives."""

import pytest

from tests.faults.trials import Trial, run_trial
from tests.faults.world import World

_QUICK = [
    *(Trial("load", "process", seed) for seed in range(3)),
    *(Trial("retire", "process", seed) for seed in range(2)),
    Trial("load", "backend", 0),
    Trial("load", "server", 0),
    Trial("retire", "server", 0),
]


@pytest.mark.parametrize("trial", _QUICK, ids=str)
def test_whatever_is_killed_one_more_run_gives_what_an_undisturbed_night_gives(
    world: World, trial: Trial
) -> None:
    run_trial(world, trial)


_LONG = {
    "process": {"load": 14, "build": 8, "retire": 10},
    "server": {"load": 5, "build": 4, "retire": 5},
    "backend": {"load": 4, "build": 3, "retire": 3},
}


@pytest.mark.long
@pytest.mark.parametrize(
    "trial",
    [
        Trial(stage, struck, 100 + number)
        for struck, stages in _LONG.items()
        for stage, count in stages.items()
        for number in range(count)
    ],
    ids=str,
)
def test_whatever_is_killed_when_marts_are_built_too(whole_world: World, trial: Trial) -> None:
    run_trial(whole_world, trial)
