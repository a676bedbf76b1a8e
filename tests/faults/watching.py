"""A reader that polls while things are killed, and notes what is neither of two whole states."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from usage_pipeline.warehouse.connection import Warehouse

# Each is one statement, as a dashboard would send it: (what is counted, per day).
RAW_DAYS = """
    select execution_date::text, count(*) || '/' || count(end_time)
    from raw.workflow_executions_simple group by execution_date
"""
ALL_EXECUTIONS = """
    select execution_date::text, sum(executions)::text from (
        select execution_date, count(*) as executions
        from raw.workflow_executions_simple group by execution_date
        union all
        select execution_date, sum(execution_count) from raw.retired_usage group by execution_date
    ) as both_halves group by execution_date
"""
MART_DAYS = """
    select execution_date::text,
        sum(execution_count) || '/' || sum(success_count) || '/' || sum(total_duration_ms)
    from marts.user_workflow_usage group by execution_date
"""
_QUERIES = {"raw": RAW_DAYS, "all": ALL_EXECUTIONS, "marts": MART_DAYS}

Seen = dict[str, dict[str, str]]


def seen_in(connection: psycopg.Connection) -> Seen:
    """What a reader sees now: for each query, each day's numbers."""
    built = connection.execute("select to_regclass('marts.user_workflow_usage')").fetchone()
    return {
        name: dict(connection.execute(query).fetchall())  # type: ignore[arg-type]
        for name, query in _QUERIES.items()
        if name != "marts" or built != (None,)
    }


@dataclass
class Watcher:
    """What a reader saw that it should not have, and how often it looked.

    Attributes:
        before: what is right before the stage.
        after: what is right after it.
    """

    before: Seen
    after: Seen
    looked: int = 0
    halves: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def check(self, seen: Seen) -> None:
        self.looked += 1
        for name, days in seen.items():
            before, after = self.before[name], self.after[name]
            for day in days.keys() | before.keys() | after.keys():
                if days.get(day) not in (before.get(day), after.get(day)):
                    self.halves.append(f"{name} {day}: {days.get(day)}")


@contextmanager
def watching(warehouse: Warehouse, before: Seen, after: Seen) -> Iterator[Watcher]:
    """Poll for the length of the block; a lost connection is noted and opened again."""
    watcher, ended = Watcher(before, after), threading.Event()

    def poll() -> None:
        while not ended.is_set():
            try:
                with psycopg.connect(warehouse.url, autocommit=True, connect_timeout=5) as reader:
                    while not ended.is_set():
                        watcher.check(seen_in(reader))
                        ended.wait(0.02)
            except psycopg.Error as error:
                watcher.errors.append(str(error))
                ended.wait(0.05)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield watcher
    finally:
        ended.set()
        thread.join()
