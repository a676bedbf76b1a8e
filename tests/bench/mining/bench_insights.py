"""What making the insights of many users takes: seconds, and memory above the inputs.

    uv run python -m tests.bench.mining.bench_insights --users 200000 [--before CHECKOUT]

Inputs are made from a seed. Each round is a process of its own; with another checkout (`--before`)
rounds of both alternate, and the records of both must be equal.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa

AS_OF = date(2026, 6, 28)
WORKFLOWS = 2_000
_HERE = Path(__file__).parents[3]


def ids(kind: int, count: int) -> pa.Array:
    rng = np.random.default_rng(kind)
    return pa.array([str(UUID(bytes=rng.bytes(16))) for _ in range(count)])


class Inputs:
    """Tables as the marts and mining give them for some users."""

    def __init__(self, users: int) -> None:
        self._rng = np.random.default_rng(7)
        self._user_ids, self._workflow_ids = ids(1, users), ids(2, WORKFLOWS)
        self._users = users

    def tables(self) -> dict[str, pa.Table]:
        """Each input by its name."""
        rng, users = self._rng, self._users
        stats = self._pairs(12)
        rows = stats.num_rows
        ago = rng.geometric(0.02, rows).clip(0, 400)
        stats = stats.append_column("people_execution_count", pa.array(rng.geometric(0.2, rows)))
        day = np.datetime64(AS_OF) - ago.astype("timedelta64[D]")
        stats = stats.append_column("last_used_date", pa.array(day.astype("datetime64[D]")))
        recent = stats.filter(pa.array(ago < 30)).select(["user_id", "workflow_id"])
        size = recent.num_rows
        people = rng.geometric(0.15, size) - 1
        success, failure = rng.binomial(people, 0.8), rng.binomial(people, 0.12)
        for name, values in {
            "execution_count": people + (rng.random(size) < 0.1) * 5,
            "people_execution_count": people,
            "success_count": success,
            "failure_count": failure,
            "total_cost": np.where(rng.random(size) < 0.3, rng.gamma(1, 2, size).round(4), np.nan),
        }.items():
            recent = recent.append_column(name, pa.array(values))
        gone = stats.filter(pa.array(ago > 120)).select(["user_id", "workflow_id"])
        has_left = pa.array(rng.random(gone.num_rows) < 0.3)
        names = [f"Workflow {n}" for n in range(WORKFLOWS)]
        counts = rng.integers(0, 400, (4, WORKFLOWS))
        bucket, workflow = np.meshgrid(np.arange(100, 120), np.arange(WORKFLOWS))
        histogram = rng.integers(0, 30, (2, bucket.size))
        return {
            "workflows": self._named(names),
            "user_stats": stats,
            "user_recent": recent,
            "user_abandoned": gone.append_column("has_left_altogether", has_left),
            "workflow_changes": pa.table(
                {
                    "workflow_id": self._workflow_ids,
                    "recent_success_count": counts[0],
                    "recent_failure_count": counts[1] // 4,
                    "previous_success_count": counts[2] * 4,
                    "previous_failure_count": counts[3] // 4,
                }
            ),
            "workflow_durations": pa.table(
                {
                    "workflow_id": self._workflow_ids.take(pa.array(workflow.ravel())),
                    "duration_bucket": bucket.ravel().astype(np.int16),
                    "recent_count": histogram[0],
                    "previous_count": histogram[1],
                }
            ),
            "favorites": self._pairs(1).slice(0, users // 2),
            "subsequences": self._parts(2 * users),
            "patterns": self._patterns(users),
        }

    def _named(self, names: list[str]) -> pa.Table:
        return pa.table({"workflow_id": self._workflow_ids, "workflow_name": names})

    def _pairs(self, each: int) -> pa.Table:
        """Distinct pairs; some workflows are much more common than others."""
        user = np.repeat(np.arange(self._users), each)
        workflow = (WORKFLOWS * self._rng.random(len(user)) ** 2).astype(np.int64)
        pair = np.unique(user * WORKFLOWS + workflow)
        self._rng.shuffle(pair)
        return pa.table(
            {
                "user_id": self._user_ids.take(pa.array(pair // WORKFLOWS)),
                "workflow_id": self._workflow_ids.take(pa.array(pair % WORKFLOWS)),
            }
        )

    def _parts(self, rows: int) -> pa.Table:
        rng = self._rng
        steps = rng.integers(0, WORKFLOWS, 3 * rows)
        offsets = pa.array(np.arange(0, 3 * rows + 1, 3, dtype=np.int32))
        lists = pa.ListArray.from_arrays(offsets, self._workflow_ids.take(pa.array(steps)))
        return pa.table(
            {
                "user_id": self._user_ids.take(pa.array(rng.integers(0, self._users, rows))),
                "sequence_id": ids(3, rows),
                "workflow_ids": lists,
                "support": rng.integers(2, 20, rows),
                "day_count": rng.integers(2, 9, rows),
                "confidence": rng.random(rows),
                "q_value": rng.choice([0.001, 0.5], rows),
            }
        )

    def _patterns(self, rows: int) -> pa.Table:
        rng = self._rng
        weekdays = pa.ListArray.from_arrays(
            pa.array(np.arange(0, 2 * rows + 1, 2, dtype=np.int32)),
            pa.array(np.tile(np.array([1, 3], dtype=np.int16), rows)),
        )
        hits = rng.integers(5, 30, rows)
        return self._pairs(1).slice(0, rows).add_column(
            0, "pattern_id", ids(4, rows)
        ).append_column("pattern_type", pa.array(["time_based"] * rows)).append_column(
            "local_hour", pa.array(rng.integers(0, 23, rows).astype(np.int16))
        ).append_column("hour_count", pa.array(np.ones(rows, dtype=np.int16))).append_column(
            "weekdays", weekdays
        ).append_column("confidence", pa.array(rng.random(rows))).append_column(
            "hits", pa.array(hits)
        ).append_column("opportunities", pa.array(hits + 3))  # fmt: skip


class Peak(threading.Thread):
    """The greatest resident memory while something runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.greatest = self.start_size = self._now()
        self._done = threading.Event()

    @staticmethod
    def _now() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def run(self) -> None:
        while not self._done.wait(0.005):
            self.greatest = max(self.greatest, self._now())

    def stop(self) -> int:
        """How many bytes more than at the start there were at most."""
        self._done.set()
        return max(self.greatest, self._now()) - self.start_size


def _rounded(number: float | str) -> str:
    """A number without the last digits, which depend on the order in which floats are added."""
    return f"{float(number):.12g}"


def one_round(users: int) -> dict[str, float | int | str]:
    from usage_pipeline.mining.insights.find import InsightInputs, find_insights

    tables = Inputs(users).tables()
    inputs = InsightInputs(**tables, pattern_days=90)
    peak = Peak()
    peak.start()
    clock, cpu = time.perf_counter(), time.process_time()
    records = find_insights(inputs, AS_OF)
    seconds, cpu = time.perf_counter() - clock, time.process_time() - cpu
    memory = peak.stop()
    digest = hashlib.sha256()
    for row in records.to_pylist():
        row["evidence"] = json.loads(row["evidence"], parse_float=_rounded)
        row["score"], row["magnitude"] = _rounded(row["score"]), _rounded(row["magnitude"])
        digest.update(json.dumps(row, default=str, sort_keys=True).encode())
    return {
        "insights": records.num_rows,
        "seconds": seconds,
        "cpu": cpu,
        "MiB": memory / 2**20,
        "records": digest.hexdigest(),
    }


def _run(users: int, checkout: Path) -> dict[str, float | int | str]:
    program = [sys.executable, str(Path(__file__)), "--users", str(users), "--round"]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float | int | str] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", type=Path, help="another checkout to compare with")
    parser.add_argument("--round", action="store_true", help="one round, as JSON")
    chosen = parser.parse_args()
    if chosen.round:
        print(json.dumps(one_round(chosen.users)))
        return
    trees = {"now": _HERE} | ({"before": chosen.before.resolve()} if chosen.before else {})
    rounds: dict[str, list[dict]] = {name: [] for name in trees}
    for _ in range(chosen.rounds):
        for name, tree in trees.items():
            rounds[name].append(_run(chosen.users, tree))
    assert len({r["records"] for each in rounds.values() for r in each}) == 1, "records differ"
    print(f"{chosen.users:,} users, {rounds['now'][0]['insights']:,} insights, least of the rounds")
    for name, each in rounds.items():
        least = {key: min(r[key] for r in each) for key in ("seconds", "cpu", "MiB")}
        print(
            f"{name:8}{least['seconds']:8.1f} s {least['cpu']:8.1f} CPU s {least['MiB']:8.0f} MiB "
            f"(median {statistics.median(r['cpu'] for r in each):.1f} CPU s)"
        )


if __name__ == "__main__":
    main()
