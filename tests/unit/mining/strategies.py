"""Executions for the tests of mining: small, and close to everything that can go wrong."""

from datetime import UTC, date, datetime, timedelta
from uuid import NAMESPACE_DNS, UUID, uuid5

import pyarrow as pa
from hypothesis import strategies as st

from tests.unit.mining.reference import Execution

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")
_GAPS = [
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(seconds=7),
    timedelta(seconds=299, microseconds=999_999),
    timedelta(seconds=300),
    timedelta(seconds=300, microseconds=1),
    timedelta(seconds=301),
    timedelta(hours=1),
    timedelta(hours=24, seconds=10),
    timedelta(days=1) - timedelta(seconds=300),
]
# Around midnight, and around both changes of the clocks in Berlin and New York.
_ORIGINS = [
    datetime(2026, 6, 14, 23, 50, tzinfo=UTC),
    datetime(2026, 3, 28, 22, 55, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 3, 55, tzinfo=UTC),
]


def uuid_of(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))


USERS = sorted(uuid_of(f"user {n}") for n in range(3))
WORKFLOWS = sorted(uuid_of(f"workflow {n}") for n in range(4))


@st.composite
def histories(draw: st.DrawFn, most: int = 40) -> list[Execution]:
    """Executions of a few users, in any order."""
    found = []
    for user in USERS[: draw(st.integers(1, len(USERS)))]:
        now = draw(st.sampled_from(_ORIGINS))
        count = draw(st.integers(0, most // 2))
        for _ in range(count):
            now += draw(st.sampled_from(_GAPS))
            found.append(
                Execution(
                    id=str(UUID(int=draw(st.integers(0, 2**64)) << 32 | len(found))),
                    user_id=user,
                    workflow_id=draw(st.sampled_from(WORKFLOWS)),
                    start_time=now,
                    status=draw(
                        st.sampled_from(
                            ["completed", "completed", "failed", "cancelled", "started"]
                        )
                    ),
                    trigger_type=draw(
                        st.sampled_from(["manual", "manual", "api", None, "scheduled", "chained"])
                    ),
                    attempt=draw(st.sampled_from([1, 1, 1, 1, 2])),
                )
            )
    return draw(st.permutations(found))


def to_table(executions: list[Execution]) -> pa.Table:
    """The executions in the columns that mining reads."""
    columns = {
        "id": pa.string(),
        "user_id": pa.string(),
        "workflow_id": pa.string(),
        "start_time": pa.timestamp("us", tz="UTC"),
        "status": pa.string(),
        "trigger_type": pa.string(),
        "attempt": pa.int32(),
    }
    return pa.table(
        {
            name: pa.array([getattr(e, name) for e in executions], kind)
            for name, kind in columns.items()
        }
    )


def run(
    workflows: str,
    start: datetime,
    user: str = "ana",
    step: timedelta = timedelta(seconds=60),
    status: str = "completed",
) -> list[Execution]:
    """Executions of workflows named by letters, one a step after the other."""
    return [
        Execution(
            id=uuid_of(f"{user} {letter} {start} {number}"),
            user_id=uuid_of(user),
            workflow_id=uuid_of(letter),
            start_time=start + number * step,
            status=status,
        )
        for number, letter in enumerate(workflows)
    ]  # fmt: skip


def at(hour: int, minute: int = 0, second: int = 0, day: date = date(2026, 6, 15)) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)
