"""Compares a day as its source tells it now with what the warehouse holds of it.

Nothing is changed. Single executions are compared, so that it works until the day is retired.
"""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
from psycopg import sql

from usage_pipeline.errors import UsageError
from usage_pipeline.mining.insights.wording import counted
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.reading.spool import open_source, spool_folder
from usage_pipeline.terms import CLOCK_TOLERANCE, STATUS_RANK, STATUSES
from usage_pipeline.warehouse.columns import Snapshot, snapshot
from usage_pipeline.warehouse.connection import Warehouse

_COLUMNS = ["id", "source_id", "attempt", "status"]
_OURS = """
select id, source_id, attempt, status::text as status, execution_date
from raw.workflow_executions_simple
where source = {source} and (execution_date = {day} or id = any({ids}::uuid[]))
"""
_IS_RETIRED = """
select count(*) as days from raw.retired_usage where execution_date = {day}
"""


@dataclass(frozen=True)
class Reconciliation:
    """A day of a source, there and here.

    Attributes:
        source: the source's name.
        day: the day.
        counts: by status: executions `there` and `here`.
        differing: executions that are not the same: `source_id`, `attempt`, the statuses `there`
            and `here` (missing where there is none), and `counted_on`, another day that has it.
        elsewhere: how many are the same, but counted on the day of an earlier start.
        kept: how many are here alone, of a source whose deliveries only add and update.
        rejected: how many rows of the source cannot be loaded.
    """

    source: str
    day: date
    counts: pd.DataFrame
    differing: pd.DataFrame
    elsewhere: int
    kept: int
    rejected: int

    def __str__(self) -> str:
        where = f"{self.source}: {self.day}"
        if self.differing.empty:
            total = counted(int(self.counts["there"].sum()), "execution")
            return f"{where}: {total}, the same there and here."
        one, many = "execution of the source differs", "executions of the source differ"
        return f"{where}: {counted(len(self.differing), one, many)}."


def reconcile(
    warehouse: Warehouse, settings: Settings, config: SourceConfig, day: date
) -> Reconciliation:
    """Ask a source for a day and compare.

    Raises:
        InputError: the source cannot be read.
        UsageError: the day is retired.
    """
    there, rejected = _there(settings, config, day)
    with snapshot(warehouse) as ours:
        here = _here(ours, config.name, day, there["id"].tolist())
    both = there.merge(here, how="outer", on="id", suffixes=("_there", "_here"))
    # A source that forgets does not say that what it forgot did not run.
    is_kept = both["status_there"].isna() & (config.replaces == "nothing")
    is_elsewhere = both["execution_date"].notna() & (both["execution_date"] != day)
    is_same = both["status_there"] == both["status_here"]
    differing = both[~is_same & ~is_kept]
    counts = pd.DataFrame(
        {
            "there": there["status"].value_counts(),
            "here": both.loc[both["execution_date"] == day, "status_here"].value_counts(),
        },
        index=list(STATUSES),
    )
    return Reconciliation(
        config.name,
        day,
        counts.fillna(0).astype(int),
        pd.DataFrame(
            {
                "source_id": differing["source_id_there"].fillna(differing["source_id_here"]),
                "attempt": differing["attempt_there"].fillna(differing["attempt_here"]).astype(int),
                "there": differing["status_there"],
                "here": differing["status_here"],
                "counted_on": differing["execution_date"].where(is_elsewhere),
            }
        ),
        int((is_same & is_elsewhere).sum()),
        int(is_kept.sum()),
        rejected,
    )


def _there(settings: Settings, config: SourceConfig, day: date) -> tuple[pd.DataFrame, int]:
    """The executions that the source tells, each once, in its furthest state."""
    with spool_folder(settings.home) as folder:
        source = open_source(
            config,
            folder,
            settings.timezone,
            first=day,
            last=day,
            latest=datetime.now(UTC) + CLOCK_TOLERANCE,
            limits=settings.limits,
            environment=os.environ,
        )
        batches = list(source.read_day(day))
    rows = pa.concat_tables([batch.accepted.select(_COLUMNS) for batch in batches]).to_pandas()
    rank = rows["status"].map({status: place for place, status in enumerate(STATUS_RANK)})
    furthest = rows.assign(rank=rank).sort_values("rank").drop_duplicates("id", keep="last")
    return pd.DataFrame(furthest[_COLUMNS]), sum(batch.rejected.num_rows for batch in batches)


def _here(ours: Snapshot, source: str, day: date, ids: list[str]) -> pd.DataFrame:
    """The executions that the warehouse holds of the source on the day, or of these ids."""
    values = {"source": sql.Literal(source), "day": sql.Literal(day), "ids": sql.Literal(ids)}
    rows: pd.DataFrame = ours.read(sql.SQL(_OURS).format(**values)).to_pandas()
    if (rows["execution_date"] == day).any():
        return rows
    if ours.read(sql.SQL(_IS_RETIRED).format(**values))["days"][0].as_py():
        raise UsageError(
            f"{day} is retired: its single executions are gone, so that they cannot be compared."
        )
    return rows
