"""How well mining finds what was planted: recall, precision and false discoveries, as a table.

    python -m tests.bench.mining.accuracy --seeds 1 2 3 --noise 0 0.1 0.2 --shuffled 66

Histories come from `usage_pipeline.synthetic`. Planted habits with at least 20 occurrences must be
found; what is found must be planted, or be a part of it. Then other histories, each of a seed of
its own, are shuffled (see `synthetic.shuffle`): whatever is still found is false. `false` counts
findings, and the false discovery rate is the share of shuffled histories in which there is any,
which is what the rate controlled by Benjamini and Hochberg is where nothing is true. `at most` is
the upper 95 % bound of that rate (Clopper and Pearson, one-sided).
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from scipy import stats

from tests.unit.mining import whole
from usage_pipeline.mining.daily.statistics import DailyStatistics, statistics_of_days
from usage_pipeline.mining.sequences.follow_ups import find_follow_ups
from usage_pipeline.mining.sequences.parts import PART_WINDOW_DAYS
from usage_pipeline.mining.statistics import QValues
from usage_pipeline.synthetic import GeneratorConfig, Truth, generate_table, ground_truth, shuffle

ENOUGH = 20
SHUFFLED_SEED = 1_000
"""The seed of the first history that is shuffled; the planted ones have small seeds."""
WINDOW_DAYS = 90
KINDS = ("sub-sequence", "time_based", "sequence", "conditional")
OF_ALL_USERS = "of all users"
SHUFFLES = {
    "within_day": (*KINDS, OF_ALL_USERS),
    "uniform": (*KINDS, OF_ALL_USERS),
    # It keeps when users are active, which is what a time pattern is about.
    "within_user_day": ("sub-sequence", "sequence", "conditional", OF_ALL_USERS),
}


@dataclass(frozen=True)
class Score:
    """Planted habits, those found, findings, and those of them that are right."""

    planted: int
    recalled: int
    found: int
    right: int

    @property
    def recall(self) -> float:
        return self.recalled / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.planted + other.planted,
            self.recalled + other.recalled,
            self.found + other.found,
            self.right + other.right,
        )


def as_executions(generated: pa.Table) -> pa.Table:
    """Generated executions under the column names of the canonical schema."""
    names = ["trigger_type" if name == "trigger" else name for name in generated.schema.names]
    return generated.rename_columns(names)


def mine(executions: pa.Table, as_of: date, zone: str) -> tuple[pa.Table, pa.Table]:
    """The significant sub-sequences and the patterns of a history."""
    found = statistics_of_days(executions, zone)
    return mined_from(found, executions, as_of)


def mined_from(
    found: DailyStatistics, executions: pa.Table, as_of: date
) -> tuple[pa.Table, pa.Table]:
    parts = whole.subsequences(
        found, *_follow_ups(found, as_of, WINDOW_DAYS), window_days=WINDOW_DAYS
    )
    names = executions.select(["workflow_id", "workflow_name"]).group_by("workflow_id")
    named = names.aggregate([("workflow_name", "max")]).rename_columns(
        ["workflow_id", "workflow_name"]
    )
    patterns = whole.patterns(found, named, as_of)
    significant = [q <= 0.05 for q in parts["q_value"].to_pylist()]
    return parts.filter(pa.array(significant, pa.bool_())), patterns


def shared_by_users(found: DailyStatistics, as_of: date) -> int:
    """How many sequences are said of all users, over the window that the nightly job uses."""
    popular = whole.popular(found, *_follow_ups(found, as_of, PART_WINDOW_DAYS))
    return sum(lift > 1 for lift in popular["lift"].to_pylist())


def _follow_ups(
    found: DailyStatistics, as_of: date, window_days: int
) -> tuple[pa.Table, date, QValues]:
    pairs = find_follow_ups(found.transitions, found.step_counts, as_of, window_days=window_days)
    return pairs.to_table(), as_of, QValues.among([pairs.p_value], pairs.tested)


def score_subsequences(parts: pa.Table, truth: Truth) -> Score:
    found = {
        (row["user_id"], tuple(row["workflow_ids"])): row["support"] for row in parts.to_pylist()
    }
    planted = [h for h in truth.sequences if h.sessions().unbroken >= ENOUGH]
    recalled = sum((h.user_id, tuple(h.workflow_ids)) in found for h in planted)
    true_parts = set(_contiguous_parts(truth))
    right = sum(key in true_parts for key in found)
    return Score(len(planted), recalled, len(found), right)


def _contiguous_parts(truth: Truth) -> Iterator[tuple[str, tuple[str, ...]]]:
    for habit in truth.sequences:
        ids = habit.workflow_ids
        for first in range(len(ids)):
            for end in range(first + 2, len(ids) + 1):
                yield habit.user_id, tuple(ids[first:end])
    for reaction in truth.conditionals:
        yield reaction.user_id, (reaction.workflow_id, reaction.next_workflow_id)


def score_times(patterns: list[dict], truth: Truth) -> Score:
    found = [
        (
            p["user_id"],
            p["workflow_id"],
            set(range(p["local_hour"], p["local_hour"] + p["hour_count"])),
        )
        for p in patterns
        if p["pattern_type"] == "time_based"
    ]
    regular = truth.regular_hours()
    planted = [h for h in truth.time_patterns if len(h.days) >= ENOUGH]
    keys = {(user, workflow, hour) for user, workflow, hours in found for hour in hours}
    recalled = sum((h.user_id, h.workflow_id, h.hour) in keys for h in planted)
    right = sum(any((u, w, hour) in regular for hour in hours) for u, w, hours in found)
    return Score(len(planted), recalled, len(found), right)


def score_sequences(patterns: list[dict], truth: Truth) -> Score:
    found = {
        (p["user_id"], p["workflow_id"], p["next_workflow_id"])
        for p in patterns
        if p["pattern_type"] == "sequence"
    }
    planted = {
        (h.user_id, a, b)
        for h in truth.sequences
        if h.sessions().unbroken >= ENOUGH
        for a, b in zip(h.workflow_ids, h.workflow_ids[1:], strict=False)
    }
    regular = truth.regular_transitions()
    return Score(len(planted), len(planted & found), len(found), len(found & regular))


def score_conditionals(patterns: list[dict], truth: Truth) -> Score:
    found = {
        (p["user_id"], p["workflow_id"], p["next_workflow_id"])
        for p in patterns
        if p["pattern_type"] == "conditional"
    }
    all_planted = {(h.user_id, h.workflow_id, h.next_workflow_id) for h in truth.conditionals}
    planted = {
        (h.user_id, h.workflow_id, h.next_workflow_id)
        for h in truth.conditionals
        if h.reactions().failures_followed_directly >= ENOUGH
    }
    return Score(len(planted), len(planted & found), len(found), len(found & all_planted))


def score(parts: pa.Table, patterns: pa.Table, truth: Truth) -> dict[str, Score]:
    rows = patterns.to_pylist()
    return {
        "sub-sequence": score_subsequences(parts, truth),
        "time_based": score_times(rows, truth),
        "sequence": score_sequences(rows, truth),
        "conditional": score_conditionals(rows, truth),
    }


def false_findings(parts: pa.Table, patterns: pa.Table, kinds: tuple[str, ...]) -> dict[str, int]:
    types = patterns["pattern_type"].to_pylist()
    counts = {"sub-sequence": parts.num_rows, **{kind: types.count(kind) for kind in KINDS[1:]}}
    return {kind: counts[kind] for kind in kinds}


@dataclass(frozen=True)
class Histories:
    """The kind of histories that are generated; each is told by its seed and noise."""

    users: int
    days: int
    zone: str

    def config(self, seed: int, noise: float) -> GeneratorConfig:
        return GeneratorConfig(
            seed=seed, noise=noise, users=self.users, days=self.days, zone=self.zone,
            first_day=date(2026, 2, 16),
        )  # fmt: skip

    def planted(self, seed: int, noise: float) -> dict[str, Score]:
        config = self.config(seed, noise)
        executions = as_executions(generate_table(config))
        return score(*mine(executions, config.last_day, self.zone), ground_truth(config))

    def shuffled(self, seed: int, noise: float) -> dict[tuple[str, str], int]:
        config = self.config(seed, noise)
        executions = as_executions(generate_table(config))
        found = {}
        for how, kinds in SHUFFLES.items():
            mixed = shuffle(executions, seed, how=how, zone=self.zone)
            daily = statistics_of_days(mixed, self.zone)
            false = false_findings(*mined_from(daily, mixed, config.last_day), KINDS)
            false[OF_ALL_USERS] = shared_by_users(daily, config.last_day)
            found |= {(how, kind): false[kind] for kind in kinds}
        return found


def print_planted(histories: Histories, seeds: list[int], noises: list[float]) -> None:
    print("| noise | kind | planted | recall | found | precision |")
    print("|---:|---|---:|---:|---:|---:|")
    for noise in noises:
        total: dict[str, Score] = {kind: Score(0, 0, 0, 0) for kind in KINDS}
        for seed in seeds:
            found = histories.planted(seed, noise)
            total = {kind: total[kind] + found[kind] for kind in KINDS}
        for kind, sum_of in total.items():
            print(
                f"| {noise:.2f} | {kind} | {sum_of.planted} | {sum_of.recall:.3f} "
                f"| {sum_of.found} | {sum_of.precision:.3f} |"
            )


def print_shuffled(histories: Histories, count: int, noises: list[float]) -> None:
    print("| shuffled | kind | histories | with any finding | at most | false |")
    print("|---|---|---:|---:|---:|---:|")
    found = [
        histories.shuffled(SHUFFLED_SEED + number, noises[number % len(noises)])
        for number in range(count)
    ]
    for how, kind in found[0] if found else ():
        numbers = [false[how, kind] for false in found]
        several = sum(false > 0 for false in numbers)
        at_most = stats.beta.ppf(0.95, several + 1, count - several) if several < count else 1.0
        print(
            f"| {how} | {kind} | {count} | {several / count:.3f} | {at_most:.3f} | {sum(numbers)} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.1, 0.2])
    parser.add_argument("--shuffled", type=int, default=66, help="how many histories are shuffled")
    parser.add_argument("--users", type=int, default=120)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--zone", default="Europe/Berlin")
    chosen = parser.parse_args()
    histories = Histories(chosen.users, chosen.days, chosen.zone)
    if chosen.seeds:
        print_planted(histories, chosen.seeds, chosen.noise)
        print()
    print_shuffled(histories, chosen.shuffled, chosen.noise)


if __name__ == "__main__":
    main()
