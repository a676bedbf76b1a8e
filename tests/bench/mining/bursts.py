"""Executions in bursts, for speed only: people who run a few workflows and then pause."""

import numpy as np
import pyarrow as pa

from usage_pipeline.identity import uuid_text

DAYS = 7
LAST_DAY_END_US = 1_782_691_200_000_000  # 2026-06-29T00:00:00Z
_DAY_US = 86_400_000_000
_LENGTHS = (1, 2, 3, 4, 5, 6)
_SHARES = (0.35, 0.25, 0.18, 0.12, 0.06, 0.04)


def bursts(executions: int, users: int, workflows: int = 5_000, seed: int = 1) -> pa.Table:
    """About so many executions of the 7 days to 2026-06-28 (the last burst may go on), in no order.

    Every user has 20 workflows of their own liking, so that some sequences come again.
    """
    random = np.random.default_rng(seed)
    mean_length = float(np.dot(_LENGTHS, _SHARES))
    length = random.choice(_LENGTHS, round(executions / mean_length), p=_SHARES)
    count = int(length.sum())
    user = np.repeat(random.integers(0, users, len(length)), length)
    first = LAST_DAY_END_US - DAYS * _DAY_US + random.integers(0, DAYS * _DAY_US, len(length))
    gap = random.integers(5_000_000, 200_000_000, count)
    begins = np.cumsum(length) - length
    gap[begins] = 0
    passed = np.cumsum(gap)
    start = np.repeat(first - passed[begins], length) + passed
    liked = random.zipf(1.7, count) % 20
    workflow = (user * 7_919 + liked * 104_729) % workflows
    order = random.permutation(count)
    status = np.where(random.random(count) < 0.1, 2, 1)
    return pa.table(
        {
            "id": _ids(random, count),
            "user_id": _ids(random, users).take(pa.array(user[order])),
            "workflow_id": _ids(random, workflows).take(pa.array(workflow[order])),
            "start_time": pa.array(start[order]).cast(pa.timestamp("us", tz="UTC")),
            "status": pa.array(["started", "completed", "failed"]).take(pa.array(status)),
            "trigger_type": pa.array(["manual"]).take(pa.array(np.zeros(count, dtype=np.int8))),
            "attempt": pa.array(np.ones(count, dtype=np.int32)),
        }
    )


def _ids(random: np.random.Generator, count: int) -> pa.Array:
    return uuid_text(np.frombuffer(random.bytes(16 * count), dtype=np.uint8).reshape(-1, 16))
