"""Which days are to be mined: those asked for, those loaded since, and those they reach into."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg import sql

from usage_pipeline.mining.daily.sessions import READ_BACK_DAYS
from usage_pipeline.warehouse.columns import Snapshot

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class KnownDays:
    """What the ledger and earlier nights say of days.

    Attributes:
        loaded_at: the newest load of each loaded day.
        executions: how many executions each was loaded with.
        retired: the days whose executions are gone.
        mined: the days with statistics, and the load that these know of.
    """

    loaded_at: dict[date, datetime]
    executions: dict[date, int]
    retired: frozenset[date]
    mined: dict[date, datetime | None]

    def to_mine(self, wanted: Iterable[date], as_of: date, kept_days: int) -> list[date]:
        """The days to mine, in order.

        Beside the wanted days these are the days loaded since they were mined, and the days after
        either into which a session may run on. Days of which executions are gone keep the
        statistics they have, and so does the day after: its sessions may have begun on them.

        Args:
            wanted: the days asked for.
            as_of: the as-of date of the run; no day after it is mined.
            kept_days: how many days that end with it have statistics.
        """
        changed = {*wanted, *(day for day in self.loaded_at if self._is_new(day))}
        reached = {
            day + timedelta(days=offset) for day in changed for offset in range(READ_BACK_DAYS + 1)
        }
        oldest = as_of - timedelta(days=kept_days)
        return sorted(day for day in reached if oldest < day <= as_of and not self._is_kept(day))

    def _is_new(self, day: date) -> bool:
        return not self._is_kept(day) and self.mined.get(day) != self.loaded_at[day]

    def _is_kept(self, day: date) -> bool:
        return day in self.retired or (day in self.mined and day - _ONE_DAY in self.retired)


def known_days(source: Snapshot) -> KnownDays:
    """Read what is known of all days."""
    ledger = source.read(
        sql.SQL(
            "select execution_date, max(loaded_at) as loaded_at, "
            "sum(loaded_count + kept_count)::bigint as executions, "
            "bool_or(retired_at is not null) as retired "
            "from raw.load_ledger group by execution_date"
        )
    ).to_pylist()
    mined = source.read(
        sql.SQL("select execution_date, loaded_at from mining.mined_days")
    ).to_pylist()
    return KnownDays(
        loaded_at={row["execution_date"]: row["loaded_at"] for row in ledger},
        executions={row["execution_date"]: row["executions"] for row in ledger},
        retired=frozenset(row["execution_date"] for row in ledger if row["retired"]),
        mined={row["execution_date"]: row["loaded_at"] for row in mined},
    )
