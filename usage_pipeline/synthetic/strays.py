"""Noise: single executions of other workflows that get into habit sessions."""

from dataclasses import dataclass

import numpy as np

from usage_pipeline.synthetic.local_time import SECOND_MS, LocalDay
from usage_pipeline.synthetic.population import Population
from usage_pipeline.synthetic.starts import Ints, Starts, Trigger
from usage_pipeline.synthetic.streams import Purpose, stream

_OUTSIDE_MS = (20 * SECOND_MS, 60 * SECOND_MS)
_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Strays:
    """At most one stray a session.

    `position` is how many steps of the habit come before it, -1 without a stray; `latest_ms` is
    when it starts, 0 without one.
    """

    starts: Starts
    position: Ints
    latest_ms: Ints


def add_strays(
    population: Population,
    local: LocalDay,
    user: Ints,
    steps: Ints,
    times: Ints,
    length: Ints,
    *,
    conditional: bool = False,
) -> Strays:
    """Put a stray into the share of sessions that `noise` gives, before, in or after them.

    `steps` and `times` have a row a session, of which the first `length` entries count.
    """
    config = population.config
    day_index = config.day_index(local.day)
    # Two kinds of sessions draw from this purpose: each takes its own half of the day numbers.
    random = stream(config.seed, Purpose.NOISE, 2 * day_index + conditional)
    count = len(user)
    wanted = random.random(count) < config.noise
    position = random.integers(0, length + 1)
    outside_ms = random.integers(*_OUTSIDE_MS, count)
    part = random.uniform(0.3, 0.7, count)
    workflow = _unlike(population, random, day_index, user, steps)
    row = np.arange(count)
    before = times[row, np.maximum(position - 1, 0)]
    after = times[row, np.minimum(position, length - 1)]
    start = before + ((after - before) * part).astype(np.int64)
    start = np.where(position == 0, after - outside_ms, start)
    start = np.where(position == length, before + outside_ms, start)
    there = wanted & (workflow >= 0)
    return Strays(
        starts=Starts.of(user[there], workflow[there], start[there], trigger=Trigger.MANUAL),
        position=np.where(there, position, -1),
        latest_ms=np.where(there, start, 0),
    )


def _unlike(
    population: Population, random: np.random.Generator, day_index: int, user: Ints, steps: Ints
) -> Ints:
    """A workflow for each session that is none of its steps and of no habit; -1 if not found."""
    share = population.workflows.cumulative_share
    found = np.full(len(user), -1)
    for _ in range(_CANDIDATES):
        drawn = np.searchsorted(share, random.random(len(user)), side="right")
        drawn = np.minimum(drawn, len(share) - 1)
        suits = ~population.refuses(user, drawn, day_index)
        suits &= ~(steps == drawn[:, None]).any(axis=1)
        found = np.where((found < 0) & suits, drawn, found)
    return found
