"""The formulas equal textbook values and slow sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.unit.mining import reference
from usage_pipeline.mining.statistics import (
    binomial_tail,
    fisher_tail,
    q_values,
    rank_sum_tail,
    wilson_bounds,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_are_those_of_scipy(counts):
    hits, count = counts
    expected = stats.binomtest(hits, count).proportion_ci(method="wilson")
    lower, upper = wilson_bounds(np.array([hits]), np.array([count]))
    assert (lower[0], upper[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= lower[0] <= hits / count <= upper[0] <= 1


def test_nothing_to_divide_by_has_no_bounds():
    assert all(np.isnan(bound[0]) for bound in wilson_bounds(np.array([0]), np.array([0])))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0, 1)
)
def test_binomial_tail_is_the_sum(counts, p):
    found = binomial_tail(np.array([counts[0]]), np.array([counts[1]]), np.array([p]))
    assert found[0] == pytest.approx(reference.binomial_tail(*counts, p), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.data())
def test_fisher_tail_is_the_sum(total, data):
    drawn, marked = data.draw(st.integers(0, total)), data.draw(st.integers(0, total))
    hits = data.draw(st.integers(max(0, drawn + marked - total), min(drawn, marked)))
    found = fisher_tail(*(np.array([value]) for value in (hits, drawn, marked, total)))
    assert found[0] == pytest.approx(reference.fisher_tail(hits, drawn, marked, total), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=20), st.integers(0, 30))
def test_q_values_tell_what_the_step_up_procedure_discovers(p_values, more):
    tested = len(p_values) + more
    found = q_values(np.array(p_values), tested)
    for rate in (0.0123, 0.05, 0.2):
        expected = reference.benjamini_hochberg(p_values, tested, rate)
        assert {i for i, q in enumerate(found) if q <= rate} == expected


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=8, max_size=40),
    st.lists(st.integers(0, 5), min_size=8, max_size=40),
)
def test_rank_sums_are_those_of_scipy(recent, previous):
    rows = [np.bincount(side, minlength=6)[None, :] for side in (recent, previous)]
    if len(set(recent + previous)) == 1:
        assert rank_sum_tail(*rows)[0] == 1
        return
    expected = stats.mannwhitneyu(recent, previous, alternative="greater", method="asymptotic")
    assert rank_sum_tail(*rows)[0] == pytest.approx(expected.pvalue, abs=1e-9)


def test_an_empty_side_is_no_change():
    assert rank_sum_tail(np.array([[0, 0]]), np.array([[3, 4]])).tolist() == [1]
