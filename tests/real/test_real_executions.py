"""Real executions through the command, and every mart against the oracle.

A set goes in in two spans of days and the marts are built after each, so that the second build is
incremental: it must leave what one build of everything would.
"""

from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.oracle import Reading, marts, read_csv, read_github
from tests.oracle.compare import assert_marts_equal
from tests.real.conftest import Usage
from usage_pipeline.warehouse.connection import Warehouse

COLUMNS = (
    "id", "user_id", "workflow_id", "execution_date", "start_time", "end_time", "status",
    "trigger_type", "cost", "source", "attempt",
)  # fmt: skip


@pytest.mark.long
def test_every_mart_of_a_real_set_equals_the_oracle(
    real_data: Path, warehouse: Warehouse, usage: Usage
) -> None:
    check_set(real_data / "genai_alibaba_lora", warehouse, usage)


def check_set(folder: Path, warehouse: Warehouse, usage: Usage) -> None:
    """Load and build a set in two spans, and compare every mart."""
    path = folder / "executions.csv.gz"
    reading = read_csv(path)
    days = sorted({execution.execution_date for execution in reading.executions})
    cut = days[len(days) * 3 // 4]
    spans = [(days[0], cut), (cut + timedelta(days=1), days[-1])]
    load_build_and_check(warehouse, usage, ["--files", path], "files", reading, spans)


@pytest.mark.long
def test_every_mart_of_a_github_export_equals_the_oracle(real_data, warehouse, usage):
    path = real_data / "github_rest" / "list_workflow_runs.json.gz"
    reading = read_github(path)
    days = [execution.execution_date for execution in reading.executions]
    span = (min(days), max(days))
    load_build_and_check(warehouse, usage, ["--github-export", path], "github", reading, [span])


def load_build_and_check(
    warehouse: Warehouse,
    usage: Usage,
    given: list[object],
    source: str,
    reading: Reading,
    spans: list[tuple[date, date]],
) -> None:
    days = sorted({execution.execution_date for execution in reading.executions})
    for first, last in spans:
        usage("load", *given, "--from", first, "--to", last)
        with warehouse.connect() as connection:
            check_loaded(connection, reading, first, last)
        usage("backfill", first, last)
    with warehouse.connect() as connection:
        check_every_row_is_accounted_for(connection, reading, source)
        # A day of which all rows are rejected, or copies of an earlier one, is loaded, too.
        ledger = connection.execute("select distinct execution_date from raw.load_ledger")
        loaded = [day for (day,) in ledger.fetchall()]
        assert set(days) <= set(loaded)
        assert_marts_equal(
            connection,
            marts(reading.executions, reading.names, reading.users, loaded, days[-1]),
        )


def check_loaded(connection: psycopg.Connection, reading: Reading, first: date, last: date) -> None:
    """The days hold what the input says of them, before any of them is retired."""
    statement = f"select {', '.join(COLUMNS)} from raw.workflow_executions_simple"
    where = " where execution_date between %s and %s"
    assert set(connection.execute(statement + where, [first, last]).fetchall()) == {
        tuple(getattr(execution, column) for column in COLUMNS)
        for execution in reading.executions
        if first <= execution.execution_date <= last
    }


def check_every_row_is_accounted_for(
    connection: psycopg.Connection, reading: Reading, source: str
) -> None:
    counts = connection.execute(
        "select sum(read_count), sum(loaded_count), sum(rejected_count), sum(duplicate_count) "
        "from raw.load_ledger where source = %s",
        [source],
    ).fetchone()
    expected = (reading.read, len(reading.executions), len(reading.rejected), reading.duplicates)
    assert tuple(map(int, counts)) == expected
