"""Retiring a day: the aggregates say what the executions said, whatever comes late or twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import RunDbt
from tests.executions import DAY, at, batch, execution, rejection
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.retire import apply_retention
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, DayLoad, load_day
from usage_pipeline.warehouse.executions.retirement import (
    days_to_retire,
    forget_retired_ids,
    retire_day,
)
from usage_pipeline.warehouse.ledger import day_states

_LATER = DAY + timedelta(days=20)
_MARTS = (
    "user_workflow_usage", "user_workflow_durations", "user_workflow_errors",
    "workflow_daily_usage", "popular_workflows", "workflow_success_rates", "user_workflow_stats",
)  # fmt: skip


def _day_of_executions(day: date = DAY) -> list[dict[str, Any]]:
    statuses = ("completed", "failed", "cancelled", "completed", "completed")
    triggers = ("manual", None, "scheduled", "api", "chained")
    return [
        execution(
            f"{day}-{n}",
            user=f"u{n % 3}",
            workflow=f"w{n % 4}",
            start_time=at(9, n % 7, day=day),
            end_time=None if n % 6 == 0 else at(9 + n % 3, 10 + n, day=day),
            status=statuses[n % 5],
            trigger_type=triggers[n % 5],
            cost=None if n % 4 == 0 else 1,
        )
        for n in range(40)
    ]


def _load(warehouse: Warehouse, rows: list[dict[str, Any]], day: date = DAY) -> DayLoad:
    return load_day(warehouse, day, [DayInput("files", [batch(rows)])])


def _retire(warehouse: Warehouse, day: date = DAY, as_of: date = _LATER) -> tuple[int, int]:
    done = retire_day(warehouse, day, as_of=as_of, unfinished_days=30)
    return done.retired, done.still_open


def _rows(warehouse: Warehouse, query: str) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def _marts(warehouse: Warehouse) -> dict[str, list[Any]]:
    return {
        name: sorted(map(str, _rows(warehouse, f"select * from marts.{name}"))) for name in _MARTS
    }


def test_a_retired_day_gives_the_same_marts_incrementally_and_rebuilt_from_nothing(
    warehouse: Warehouse, dbt_on: RunDbt
) -> None:
    days = [DAY + timedelta(days=offset) for offset in range(3)]
    for day in days:
        _load(warehouse, _day_of_executions(day), day)
    dbt_on(warehouse, build_arguments(days[0], days[-1], days[-1]))
    before = _marts(warehouse)
    assert _retire(warehouse) == (40, 0)
    assert _retire(warehouse) == (0, 0)
    dbt_on(warehouse, build_arguments(DAY, DAY, days[-1]))
    assert _marts(warehouse) == before
    dbt_on(warehouse, ["build", "--full-refresh", "--exclude-resource-type", "unit_test"])
    assert _marts(warehouse) == before


def test_a_retired_day_leaves_no_execution_and_says_so(warehouse: Warehouse) -> None:
    _load(warehouse, _day_of_executions())
    _retire(warehouse)
    assert _rows(warehouse, "select count(*) from raw.workflow_executions_simple") == [(0,)]
    with warehouse.connect() as connection:
        (state,) = day_states(connection)
        assert days_to_retire(connection, DAY) == []
    assert (state.loaded, state.in_raw, state.retired) == (40, 0, 40)


def test_a_file_delivered_twice_is_counted_once(warehouse: Warehouse) -> None:
    rows = _day_of_executions()
    _load(warehouse, rows)
    _retire(warehouse)
    again = _load(warehouse, rows)
    assert (again.total("loaded"), again.total("replaced"), again.total("corrected")) == (40, 40, 0)
    assert _retire(warehouse) == (40, 0)
    assert _rows(warehouse, "select sum(execution_count) from raw.retired_usage") == [(40,)]


def test_late_executions_are_added_to_a_retired_day_and_retired_in_turn(
    warehouse: Warehouse, dbt_on: RunDbt
) -> None:
    rows = _day_of_executions()
    _load(warehouse, rows[:25])
    _retire(warehouse)
    late = _load(warehouse, rows[20:30])
    assert (late.total("loaded"), late.total("late"), late.total("kept")) == (10, 5, 20)
    assert _load(warehouse, rows[28:]).total("late") == 10
    assert _load(warehouse, rows[1:]).total("late") == 0
    with warehouse.connect() as connection:
        (state,) = day_states(connection)
    assert (state.in_raw, state.retired, state.late) == (15, 25, 15)
    dbt_on(warehouse, build_arguments(DAY, DAY, DAY))
    counted = _marts(warehouse)
    assert _retire(warehouse) == (15, 0)
    dbt_on(warehouse, build_arguments(DAY, DAY, DAY))
    assert _marts(warehouse) == counted
    assert _rows(warehouse, "select sum(total_executions) from marts.workflow_daily_usage") == [
        (40,)
    ]


def test_an_execution_that_ends_after_its_day_was_retired_is_counted_once_as_ended(
    warehouse: Warehouse,
) -> None:
    opened = execution("slow", status="started")
    _load(warehouse, [opened, execution("quick")])
    assert _retire(warehouse) == (1, 1)
    assert _retire(warehouse) == (0, 1)
    ended = execution("slow", status="failed", end_time=at(23))
    assert _load(warehouse, [ended]).total("loaded") == 1
    _load(warehouse, [opened])
    assert _retire(warehouse) == (1, 0)
    assert _rows(
        warehouse,
        "select sum(execution_count), sum(success_count), sum(failure_count), sum(open_count) "
        "from raw.retired_usage",
    ) == [(2, 1, 1, 0)]


def test_an_execution_that_never_ends_is_retired_as_open(warehouse: Warehouse) -> None:
    _load(warehouse, [execution("lost", status="started")])
    assert _retire(warehouse, as_of=DAY + timedelta(days=29)) == (0, 1)
    assert _retire(warehouse, as_of=DAY + timedelta(days=30)) == (1, 0)
    assert _rows(warehouse, "select sum(open_count) from raw.retired_usage") == [(1,)]


def test_an_empty_day_is_retired_too(warehouse: Warehouse) -> None:
    _load(warehouse, [])
    assert _retire(warehouse) == (0, 0)
    with warehouse.connect() as connection:
        assert days_to_retire(connection, DAY) == []


def test_once_the_ids_are_gone_nothing_is_loaded_rather_than_counted_twice(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, _day_of_executions())
    _retire(warehouse)
    said = "select ids_forgotten_at is not null from raw.load_ledger"
    with warehouse.connect() as connection:
        assert set(connection.execute(said).fetchall()) == {(False,)}
    assert forget_retired_ids(warehouse, DAY) == 0
    assert forget_retired_ids(warehouse, datetime.now(UTC).date()) == 40
    with warehouse.connect() as connection:
        assert set(connection.execute(said).fetchall()) == {(True,)}
    with pytest.raises(UsageError, match="can no longer be told from a counted one"):
        _load(warehouse, _day_of_executions())
    assert _rows(warehouse, "select sum(execution_count) from raw.retired_usage") == [(40,)]


def test_aggregates_that_do_not_account_for_every_execution_stop_the_retirement(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, _day_of_executions())
    with warehouse.connect() as connection:
        connection.execute(
            "create function raw.lose_one() returns trigger language plpgsql as "
            "$$ begin new.success_count := new.success_count + 1; "
            "new.execution_count := new.execution_count + 1; return new; end $$"
        )
        connection.execute(
            "create trigger lose before insert on raw.retired_usage "
            "for each row execute function raw.lose_one()"
        )
    with pytest.raises(RuntimeError, match="the aggregates say"):
        _retire(warehouse)
    assert _rows(warehouse, "select count(*) from raw.workflow_executions_simple") == [(40,)]
    assert _rows(warehouse, "select count(*) from raw.retired_usage") == [(0,)]


def test_each_kind_of_row_is_kept_for_as_long_as_its_own_setting_says(
    warehouse: Warehouse, settings: Settings
) -> None:
    days = [DAY + timedelta(days=offset) for offset in range(6)]
    for day in days:
        rejected = {**rejection("no id"), "execution_date": day}
        rows = [execution(f"{day}", start_time=at(9, day=day))]
        load_day(warehouse, day, [DayInput("files", [batch(rows, [rejected])])])
    with warehouse.connect() as connection:
        # Ids are remembered from when a day was loaded last.
        connection.execute("update raw.load_ledger set loaded_at = execution_date + time '20:00'")
    chosen = settings.model_copy(
        update={"retention_days": 2, "rejected_days": 3, "retired_ids_days": 5}
    )
    done = apply_retention(warehouse, chosen, days[-1])
    assert [each.day for each in done.days] == days[:4]
    assert (done.forgotten_rejected, done.forgotten_ids) == (3, 1)
    for table, kept in {
        "workflow_executions_simple": days[4:],
        "rejected_executions": days[3:],
        "retired_executions": days[1:4],
        "retired_usage": days[:4],
        "load_ledger": days,
    }.items():
        found = _rows(warehouse, f"select distinct execution_date from raw.{table} order by 1")
        assert [row[0] for row in found] == kept, table
    assert _rows(warehouse, "select sum(rejected_count) from raw.load_ledger") == [(6,)]
