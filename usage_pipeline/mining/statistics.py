"""The few statistical formulas of mining, on whole columns.

Wilson's score interval is the one of E. B. Wilson, "Probable inference, the law of succession,
and statistical inference", JASA 22 (1927); the control of the false discovery rate is that of
Y. Benjamini and Y. Hochberg, JRSS B 57 (1995).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from usage_pipeline.mining.columns import Floats

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: two-sided bounds of 95 %."""

FALSE_DISCOVERY_RATE: Final = 0.05
"""The expected share of what mining tells (patterns, and insights that are tested) that is chance.

The usual level. All tests of one kind share it, so that more workflows bring no more false news.
"""

Numbers = npt.NDArray[Any]


def wilson_bounds(hits: Numbers, opportunities: Numbers) -> tuple[Floats, Floats]:
    """Wilson's 95 % bounds of the share hits / opportunities; NaN without opportunities."""
    count = np.asarray(opportunities, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hits / count
        middle = share + Z_95**2 / (2 * count)
        spread = Z_95 * np.sqrt(share * (1 - share) / count + Z_95**2 / (4 * count**2))
        scale = 1 + Z_95**2 / count
        lower, upper = (middle - spread) / scale, (middle + spread) / scale
    # Rounding may leave the bounds of 0 % and 100 % a hair outside of what they must include.
    return np.clip(lower, 0, share), np.clip(upper, share, 1)


def binomial_tail(hits: Numbers, trials: Numbers, probability: Numbers) -> Floats:
    """The probability of at least so many hits in independent trials."""
    return np.asarray(stats.binom.sf(np.asarray(hits) - 1, trials, probability), dtype=np.float64)


def fisher_tail(hits: Numbers, drawn: Numbers, marked: Numbers, total: Numbers) -> Floats:
    """The one-sided exact test of Fisher: at least so many hits among those drawn.

    Args:
        hits: the drawn that are marked.
        drawn: how many are drawn.
        marked: how many of all are marked.
        total: how many there are.
    """
    tail = stats.hypergeom.sf(np.asarray(hits) - 1, total, marked, drawn)
    return np.clip(np.asarray(tail, dtype=np.float64), 0, 1)


def rank_sum_tail(recent: Numbers, previous: Numbers) -> Floats:
    """The one-sided rank-sum test (Mann, Whitney) that recent values are greater, from histograms.

    Args:
        recent: counts by row and ascending bucket.
        previous: likewise.

    Returns:
        A p-value a row by the normal approximation with ties; 1 where a side is empty.
    """
    new, old = recent.sum(axis=1).astype(float), previous.sum(axis=1).astype(float)
    both = (recent + previous).astype(float)
    total = new + old
    below = np.cumsum(previous, axis=1) - previous
    wins = (recent * (below + previous / 2)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ties = (both**3 - both).sum(axis=1) / (total * (total - 1))
        deviation = np.sqrt(new * old / 12 * (total + 1 - ties))
        tail = stats.norm.sf((wins - new * old / 2 - 0.5) / deviation)
    return np.where((new > 0) & (old > 0) & (deviation > 0), tail, 1.0)


def q_values(p_values: Floats, tested: int | None = None) -> Floats:
    """The q-value of each test: the false discovery rate at which it is still a discovery.

    Args:
        p_values: of the tests that may be discoveries.
        tested: how many tests there were, those with a p-value of 1 that were left out included.
    """
    count = len(p_values)
    if count == 0:
        return np.zeros(0)
    left_out = max(count, tested or 0) / count
    controlled = stats.false_discovery_control(p_values, method="bh")
    return np.asarray(np.minimum(controlled * left_out, 1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class QValues:
    """The q-value that each p-value has among many tests. Ascending p-values, and their q-values.

    Equal p-values have equal q-values, so whoever did a test need not be remembered.
    """

    p_values: Floats
    q_values: Floats

    @classmethod
    def among(cls, p_values: Sequence[Floats], tested: int) -> "QValues":
        """Control the tests of several blocks together, `tested` of them in all."""
        ascending = np.sort(np.concatenate([np.zeros(0), *p_values]))
        return cls(ascending, q_values(ascending, tested))

    def of(self, p_values: Floats) -> Floats:
        """The q-values of tests among these; 1 for what was not tested, whose p-value is 1."""
        return np.append(self.q_values, 1.0)[np.searchsorted(self.p_values, p_values)]
