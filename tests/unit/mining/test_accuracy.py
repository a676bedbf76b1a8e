"""What a generated history has planted is found, and nothing in a shuffled one.

`tests.bench.mining.accuracy` prints the same for more seeds and noise.
"""

from datetime import date

import pytest

from tests.bench.mining.accuracy import KINDS, as_executions, false_findings, mine, score
from usage_pipeline.synthetic import GeneratorConfig, generate_table, ground_truth, shuffle


@pytest.fixture(scope="module", params=[(7, 0.0), (8, 0.2)], ids=["clean", "noisy"])
def history(request):
    seed, noise = request.param
    return GeneratorConfig(
        seed=seed, noise=noise, zone="Europe/Berlin", first_day=date(2026, 2, 16)
    )


def test_planted_habits_are_found_and_hardly_anything_else(history):
    parts, patterns = mine(as_executions(generate_table(history)), history.last_day, history.zone)
    for kind, result in score(parts, patterns, ground_truth(history)).items():
        assert result.planted > 0, kind
        assert result.recall >= 0.95, kind
        assert result.precision >= 0.95, kind


@pytest.mark.parametrize("how", ["within_day", "uniform"])
def test_nothing_is_found_in_shuffled_executions(history, how):
    shuffled = shuffle(as_executions(generate_table(history)), 1, how=how, zone=history.zone)
    found = mine(shuffled, history.last_day, history.zone)
    assert sum(false_findings(*found, KINDS).values()) == 0
