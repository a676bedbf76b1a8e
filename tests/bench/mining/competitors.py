"""Other ways to find each user's sequences, to compare speed and results with.

Each takes a pandas frame with user_id, workflow_id and start_time, and gives
`{(user, workflows): frequency}`, unless it says otherwise.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
from psycopg import sql

from usage_pipeline.warehouse.copy import copy_batch

Frequencies = dict[tuple[str, tuple[str, ...]], int]
GAP = pd.Timedelta(seconds=300)


def _user_sequences(rows: Iterable[tuple[str, Any]]) -> Counter:
    """The specification's loop with its `.seconds` mended to `total_seconds()`."""
    sequences, current, last_time = [], [], None
    for workflow_id, start_time in rows:
        if last_time is not None and (start_time - last_time).total_seconds() > 300:
            if len(current) > 1:
                sequences.append(current)
            current = []
        current.append(workflow_id)
        last_time = start_time
    if len(current) > 1:
        sequences.append(current)
    return Counter(tuple(sequence) for sequence in sequences)


def specification_loop(frame: pd.DataFrame, users: list[str]) -> Frequencies:
    """One query and one loop per user; the query filters a table in memory."""
    found: Frequencies = {}
    for user in users:
        mine = frame[frame["user_id"] == user].sort_values("start_time")
        rows = zip(mine["workflow_id"], mine["start_time"], strict=True)
        for workflows, count in _user_sequences(rows).items():
            found[user, workflows] = count
    return found


def specification_loop_in_postgres(connection: Any, users: list[str], since: Any) -> Frequencies:
    """One query and one loop over rows as dictionaries per user, as the specification has it.

    The query uses the specification's table and index; `since` stands for 7 days before now.
    """
    from psycopg.rows import dict_row

    found: Frequencies = {}
    query = (
        "select workflow_id::text, start_time from workflow_executions_simple "
        "where user_id = %s and start_time > %s order by start_time"
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        for user in users:
            executions = cursor.execute(query, (user, since)).fetchall()
            rows = ((row["workflow_id"], row["start_time"]) for row in executions)
            for workflows, count in _user_sequences(rows).items():
                found[user, workflows] = count
    return found


def python_loop(frame: pd.DataFrame) -> Frequencies:
    """All rows sorted once, then one loop over everything."""
    ordered = frame.sort_values(["user_id", "start_time"])
    found: Counter = Counter()
    gap, current, last_user, last_time = timedelta(seconds=300), [], None, None
    rows = zip(ordered["user_id"], ordered["workflow_id"], ordered["start_time"], strict=True)
    for user, workflow, start in rows:
        if user != last_user or start - last_time > gap:
            if len(current) > 1:
                found[last_user, tuple(current)] += 1
            current = []
        current.append(workflow)
        last_user, last_time = user, start
    if len(current) > 1:
        found[last_user, tuple(current)] += 1
    return dict(found)


def pandas_groupby_apply(frame: pd.DataFrame) -> Frequencies:
    """What one writes first: a function applied to each user's rows."""

    def of_user(rows: pd.DataFrame) -> pd.Series:
        ordered = rows.sort_values("start_time")
        session = (ordered["start_time"].diff() > GAP).cumsum()
        lists = ordered.groupby(session)["workflow_id"].agg(tuple)
        return lists[lists.str.len() > 1].value_counts()

    parts = {user: of_user(rows) for user, rows in frame.groupby("user_id")}
    return {
        (user, workflows): int(count)
        for user, counts in parts.items()
        for workflows, count in counts.items()
    }


def pandas_columns(frame: pd.DataFrame) -> Frequencies:
    """Pandas as it is meant: cut on columns, then one aggregation to tuples."""
    ordered = frame.sort_values(["user_id", "start_time"])
    cut = (ordered["start_time"].diff() > GAP) | (ordered["user_id"] != ordered["user_id"].shift())
    sessions = ordered.groupby(cut.cumsum()).agg({"user_id": "first", "workflow_id": tuple})
    sessions = sessions[sessions["workflow_id"].str.len() > 1]
    counts = sessions.groupby(["user_id", "workflow_id"]).size()
    return {key: int(count) for key, count in counts.items()}


def session_lists(frame: pd.DataFrame) -> Iterator[tuple[str, list[list[str]]]]:
    """Each user's sessions as lists, made beforehand for what mines but does not cut."""
    ordered = frame.sort_values(["user_id", "start_time"])
    cut = (ordered["start_time"].diff() > GAP) | (ordered["user_id"] != ordered["user_id"].shift())
    sessions = ordered.groupby(cut.cumsum()).agg({"user_id": "first", "workflow_id": list})
    for user, lists in sessions.groupby("user_id")["workflow_id"]:
        yield user, list(lists)


def prefixspan_per_user(sessions: list[tuple[str, list[list[str]]]]) -> int:
    """PrefixSpan per user on sessions made beforehand: frequent patterns with gaps, 2 to 5 steps.

    Its patterns may skip steps, so results differ by definition; the number of them is returned.
    """
    from prefixspan import PrefixSpan

    found = 0
    for _, lists in sessions:
        miner = PrefixSpan(lists)
        miner.minlen, miner.maxlen = 2, 5
        found += len(miner.frequent(2, closed=True))
    return found


def pm4py_variants(frame: pd.DataFrame) -> dict[tuple[str, ...], int]:
    """pm4py's variants over all users, sessions as cases: `{workflows: frequency}`."""
    import pm4py

    ordered = frame.sort_values(["user_id", "start_time"])
    cut = (ordered["start_time"].diff() > GAP) | (ordered["user_id"] != ordered["user_id"].shift())
    log = pd.DataFrame(
        {
            "case:concept:name": cut.cumsum().astype(str),
            "concept:name": ordered["workflow_id"],
            "time:timestamp": ordered["start_time"],
        }
    )
    return {
        tuple(variant): int(count)
        for variant, count in pm4py.get_variants(log).items()
        if len(variant) > 1
    }


CREATE_TABLE = """
drop table if exists workflow_executions_simple;
create table workflow_executions_simple (
    id uuid primary key,
    user_id uuid not null,
    workflow_id uuid not null,
    start_time timestamptz not null,
    end_time timestamptz,
    status varchar(20),
    trigger_type varchar(20),
    error_message text,
    created_at timestamptz default current_timestamp
);
"""
"""The specification's table; executions come into it by their start, as they happened."""

CREATE_INDEX = """
create index idx_executions_user on workflow_executions_simple (user_id, start_time desc);
analyze workflow_executions_simple;
"""

SQL_SEQUENCES = """
with gaps as (
    select
        user_id,
        workflow_id,
        start_time,
        start_time - lag(start_time) over (partition by user_id order by start_time)
        > interval '300 seconds' as is_cut
    from workflow_executions_simple
),

numbered as (
    select
        *,
        count(*) filter (where is_cut) over (partition by user_id order by start_time) as number
    from gaps
),

sessions as (
    select
        user_id,
        array_agg(workflow_id order by start_time) as workflow_ids,
        max(start_time) as last_executed
    from numbered
    group by user_id, number
    having count(*) >= 2
),

sequences as (
    select user_id, workflow_ids, count(*) as frequency, max(last_executed) as last_executed
    from sessions
    group by user_id, workflow_ids
),

ranked as (
    select
        *,
        row_number() over (
            partition by user_id
            order by
                frequency desc, last_executed desc, cardinality(workflow_ids) desc, workflow_ids
        ) as place
    from sequences
)

select user_id, workflow_ids, frequency from ranked where place <= 5
"""


def postgres_sequences(connection: Any) -> int:
    """SQL sessionization, the top 5 of each user into a table; returns how many rows."""
    connection.execute("drop table if exists bench_sequences")
    result = connection.execute(f"create unlogged table bench_sequences as {SQL_SEQUENCES}")
    return int(result.rowcount)


def load(connection: Any, executions: pa.Table) -> None:
    """Copy the executions into the specification's table, and make its index."""
    connection.execute(CREATE_TABLE)
    names = ["id", "user_id", "workflow_id", "start_time", "status", "trigger_type"]
    rows = executions.select(names).sort_by("start_time")
    copy_batch(connection, sql.Identifier("workflow_executions_simple"), rows)
    connection.execute(CREATE_INDEX)
    connection.execute("vacuum workflow_executions_simple")


def in_postgres(connection: Any) -> Frequencies:
    """What `postgres_sequences` found."""
    rows = connection.execute(
        "select user_id::text, workflow_ids::text[], frequency from bench_sequences"
    )
    return {(user, tuple(workflows)): count for user, workflows, count in rows}
