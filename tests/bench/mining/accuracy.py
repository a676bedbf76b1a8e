"""How well mining finds what was planted: recall, precision and false discoveries, as a table.

    python -m tests.bench.mining.accuracy --seeds 1 2 3 --noise 0 0.1 0.2

Histories come from `usage_pipeline.synthetic`. Planted habits with at least 20 occurrences must be
found; what is found must be planted, or be a part of it. Then the same executions are shuffled
(see `synthetic.shuffle`): whatever is still found is false. `false` counts findings, and the false
discovery rate is the share of shuffled histories in which there is any, which is what the rate
controlled by Benjamini and Hochberg is where nothing is true.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from usage_pipeline.mining.daily import DailyStatistics, statistics_of_days
from usage_pipeline.mining.follow_ups import find_follow_ups
from usage_pipeline.mining.patterns import usage_patterns
from usage_pipeline.mining.subsequences import find_subsequences
from usage_pipeline.synthetic import GeneratorConfig, Truth, generate_table, ground_truth, shuffle

ENOUGH = 20
WINDOW_DAYS = 90
KINDS = ("sub-sequence", "time_based", "sequence", "conditional")
SHUFFLES = {
    "within_day": KINDS,
    "uniform": KINDS,
    # It keeps when users are active, which is what a time pattern is about.
    "within_user_day": ("sub-sequence", "sequence", "conditional"),
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
    follow_ups = find_follow_ups(
        found.transitions, found.step_counts, as_of, window_days=WINDOW_DAYS
    ).to_table()
    parts = find_subsequences(
        found.sequences, found.step_counts, follow_ups, as_of, window_days=WINDOW_DAYS
    )
    names = executions.select(["workflow_id", "workflow_name"]).group_by("workflow_id")
    named = names.aggregate([("workflow_name", "max")]).rename_columns(
        ["workflow_id", "workflow_name"]
    )
    patterns = usage_patterns(found.transitions, found.step_counts, found.hours, named, as_of)
    significant = [q <= 0.05 for q in parts["q_value"].to_pylist()]
    return parts.filter(pa.array(significant, pa.bool_())), patterns


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.1, 0.2])
    parser.add_argument("--users", type=int, default=120)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--zone", default="Europe/Berlin")
    chosen = parser.parse_args()
    print("| noise | kind | planted | recall | found | precision |")
    print("|---:|---|---:|---:|---:|---:|")
    histories: list[tuple[int, pa.Table, date]] = []
    for noise in chosen.noise:
        total: dict[str, Score] = {kind: Score(0, 0, 0, 0) for kind in KINDS}
        for seed in chosen.seeds:
            config = GeneratorConfig(
                seed=seed, noise=noise, users=chosen.users, days=chosen.days, zone=chosen.zone,
                first_day=date(2026, 2, 16),
            )  # fmt: skip
            executions = as_executions(generate_table(config))
            as_of = config.first_day + timedelta(days=config.days - 1)
            found = score(*mine(executions, as_of, chosen.zone), ground_truth(config))
            total = {kind: total[kind] + found[kind] for kind in KINDS}
            histories.append((seed, executions, as_of))
        for kind, sum_of in total.items():
            print(
                f"| {noise:.2f} | {kind} | {sum_of.planted} | {sum_of.recall:.3f} "
                f"| {sum_of.found} | {sum_of.precision:.3f} |"
            )
    print()
    print("| shuffled | kind | histories | with any finding | false |")
    print("|---|---|---:|---:|---:|")
    for how, kinds in SHUFFLES.items():
        false: dict[str, list[int]] = {kind: [] for kind in kinds}
        for seed, executions, as_of in histories:
            mixed = shuffle(executions, seed, how=how, zone=chosen.zone)
            counts = false_findings(*mine(mixed, as_of, chosen.zone), kinds)
            for kind in kinds:
                false[kind].append(counts[kind])
        for kind, numbers in false.items():
            share = sum(count > 0 for count in numbers) / len(numbers)
            print(f"| {how} | {kind} | {len(numbers)} | {share:.3f} | {sum(numbers)} |")


if __name__ == "__main__":
    main()
