"""What the API takes in becomes part of a day like any other source, in any order of arrival."""

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from usage_pipeline.api.tracking.rows import Start, TrackedItem, Window, row_of, start_of
from usage_pipeline.identity import source_namespace
from usage_pipeline.settings import Settings
from usage_pipeline.steps.forget import forget_everywhere
from usage_pipeline.steps.load import load_configured_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.tracked import forget_before, tracked_days
from usage_pipeline.warehouse.ledger import unaccounted
from usage_pipeline.warehouse.people.erasure import forget_user
from usage_pipeline.warehouse.people.forgotten import ANONYMOUS_USER

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=3)
DAY = NOW.date()


def report(
    warehouse: Warehouse, *, received: datetime = NOW, run: str = "run-1", **said: Any
) -> None:
    row = row_said(run, **said)
    with warehouse.connect() as connection:
        connection.execute("set local role usage_api")
        connection.execute("select raw.track_executions(%s::json)", [f"[{row}]"])
        connection.execute("reset role")
        connection.execute(_AS_IF_RECEIVED, {"received": received})


# What was written in this transaction, moved to when the test says that it arrived.
_AS_IF_RECEIVED = """
update raw.tracked_executions set
    received_at = %(received)s,
    start_time = case
        when is_start_given or end_time is not null then start_time
        else start_time + (%(received)s - received_at)
    end
where received_at = current_timestamp
"""


def row_said(run: str = "run-1", **said: Any) -> str:
    item = TrackedItem.model_validate({"user_id": "ana", "workflow_id": "report", **said})
    start = start_of(item, Window(date.min, datetime.now(UTC)))
    assert isinstance(start, Start)
    return row_of(item, run, start, source_namespace("tracked"))


def loaded(warehouse: Warehouse, settings: Settings, day: date = DAY) -> list[tuple[Any, ...]]:
    load_configured_days(warehouse, settings, [day])
    with warehouse.connect() as connection:
        assert unaccounted(connection, [day]) == []
        return connection.execute(
            "select source_id, status, start_time, end_time, trigger_type, cost, source "
            "from raw.workflow_executions_simple where execution_date = %s order by source_id",
            [day],
        ).fetchall()


def test_started_then_completed_is_one_execution_with_both_times(
    warehouse: Warehouse, settings: Settings
) -> None:
    end = NOW + timedelta(minutes=2)
    report(warehouse, status="started", trigger="api", cost="0.5")
    report(warehouse, status="completed", received=end)
    rows = loaded(warehouse, settings)
    assert [(str(row[5]), *row[:5], row[6]) for row in rows] == [
        ("0.500000", "run-1", "completed", NOW, end, "api", "tracked")
    ]


_STATES = [
    {"status": "started", "start_time": NOW, "trigger": "manual", "cost": "1"},
    {"status": "failed", "end_time": NOW + timedelta(seconds=30), "cost": "2"},
    {"status": "completed", "end_time": NOW + timedelta(seconds=90)},
    {"status": "completed", "end_time": NOW + timedelta(seconds=80), "cost": "4"},
]


def test_states_give_the_same_execution_in_whatever_order_they_arrive(
    warehouse: Warehouse, settings: Settings
) -> None:
    orders = list(itertools.permutations(_STATES))
    for number, order in enumerate(orders):
        for state in order:
            report(warehouse, run=f"run-{number:02}", **state)
    rows = loaded(warehouse, settings)
    assert len(rows) == len(orders)
    assert {row[1:] for row in rows} == {
        ("completed", NOW, NOW + timedelta(seconds=90), "manual", rows[0][5], "tracked")
    }
    assert str(rows[0][5]) == "2.000000"


def test_a_report_sent_again_later_changes_nothing(
    warehouse: Warehouse, settings: Settings
) -> None:
    report(warehouse, status="completed", duration=1500)
    report(warehouse, status="completed", duration=1500, received=NOW + timedelta(minutes=5))
    assert [row[1:4] for row in loaded(warehouse, settings)] == [
        ("completed", NOW - timedelta(seconds=1.5), NOW)
    ]


def test_an_execution_that_began_the_day_before_belongs_to_that_day_only(
    warehouse: Warehouse, settings: Settings
) -> None:
    start = NOW - timedelta(days=1)
    report(warehouse, status="started", received=start)
    report(warehouse, status="completed", end_time=NOW)
    assert loaded(warehouse, settings) == []
    assert len(loaded(warehouse, settings, start.date())) == 1


def test_another_users_execution_of_the_same_id_is_another_execution(
    warehouse: Warehouse, settings: Settings
) -> None:
    report(warehouse, status="started")
    report(warehouse, status="failed", user_id="mallory")
    assert sorted(row[1] for row in loaded(warehouse, settings)) == ["failed", "started"]


def test_one_id_of_a_user_in_three_workflows_is_three_executions(
    warehouse: Warehouse, settings: Settings
) -> None:
    for name in ("a", "b", "c"):
        report(warehouse, run="1", workflow_id=name, status="completed", start_time=NOW)
    assert len(loaded(warehouse, settings)) == 3


def test_a_day_without_reports_after_the_first_is_an_empty_day(
    warehouse: Warehouse, settings: Settings
) -> None:
    report(warehouse, status="completed", received=NOW - timedelta(days=1))
    assert loaded(warehouse, settings) == []
    with warehouse.connect() as connection:
        assert connection.execute(
            "select source, read_count from raw.load_ledger where execution_date = %s", [DAY]
        ).fetchall() == [("tracked", 0)]


def test_files_and_reports_of_one_day_stand_side_by_side(
    warehouse: Warehouse, settings: Settings
) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "sources.yaml").write_text("- {name: apps, path: 'apps-{day}.csv'}\n")
    (settings.home / f"apps-{DAY}.csv").write_text(
        f"id,user_id,workflow_id,start_time,status\n7,ben,report,{DAY}T09:00:00Z,completed\n"
    )
    report(warehouse, status="completed")
    assert [row[6] for row in loaded(warehouse, settings)] == ["apps", "tracked"]


def test_days_with_reports_that_no_load_has_seen_are_late(
    warehouse: Warehouse, settings: Settings
) -> None:
    assert tracked_days(warehouse, 45) is None
    report(warehouse, status="started")
    found = tracked_days(warehouse, 45)
    assert found is not None
    assert (found.first, found.late) == (DAY, {DAY})
    loaded(warehouse, settings)
    found = tracked_days(warehouse, 45)
    assert found is not None
    assert found.late == frozenset()
    report(warehouse, status="completed", received=datetime.now(UTC) + timedelta(seconds=1))
    found = tracked_days(warehouse, 45)
    assert found is not None
    assert DAY in found.late


def test_a_report_that_was_being_committed_while_a_load_read_is_late_whatever_its_time(
    warehouse: Warehouse, settings: Settings
) -> None:
    report(warehouse, status="started")
    with psycopg.connect(warehouse.url) as slow:
        slow.execute(
            "select raw.track_executions(%s::json)",
            [f"[{row_said('slow', status='completed', start_time=NOW, duration=5)}]"],
        )
        slow.execute(
            "update raw.tracked_executions set received_at = %s where source_id = 'slow'", [NOW]
        )
        assert [row[0] for row in loaded(warehouse, settings)] == ["run-1"]
    found = tracked_days(warehouse, 45)
    assert found is not None
    assert found.late == {DAY}
    assert [row[0] for row in loaded(warehouse, settings)] == ["run-1", "slow"]
    found = tracked_days(warehouse, 45)
    assert found is not None
    assert found.late == frozenset()


def test_a_warehouse_restored_elsewhere_tells_late_reports_by_their_time(
    warehouse: Warehouse, settings: Settings
) -> None:
    report(warehouse, status="started")
    loaded(warehouse, settings)
    # There transactions have other numbers.
    with warehouse.connect() as connection:
        connection.execute("update raw.tracked_executions set written_in = 1::bigint << 40")
        connection.execute(
            "update raw.load_ledger set inputs = '[{\"unseen_from\": 1099511627777}]'"
        )
    found = tracked_days(warehouse, 45)
    assert found is not None
    assert found.late == frozenset()
    report(warehouse, status="completed", received=datetime.now(UTC) + timedelta(seconds=1))
    found = tracked_days(warehouse, 45)
    assert found is not None
    assert DAY in found.late


def test_late_reports_are_loaded_without_the_file_of_the_day(
    warehouse: Warehouse, settings: Settings
) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "sources.yaml").write_text("- {name: apps, path: 'gone-{day}.csv'}\n")
    report(warehouse, status="completed")
    done = load_configured_days(warehouse, settings, [DAY], only_tracked=True)
    assert [(result.loaded, result.sources) for result in done.results] == [(1, ("tracked",))]


def test_reports_over_age_go_and_the_rest_stays(warehouse: Warehouse) -> None:
    report(warehouse, status="completed", run="old", received=NOW - timedelta(days=50))
    report(warehouse, status="completed", run="new")
    with warehouse.connect() as connection:
        assert forget_before(connection, DAY - timedelta(days=45)) == 1
        assert connection.execute("select source_id from raw.tracked_executions").fetchall() == [
            ("new",)
        ]


def test_a_forgotten_user_is_gone_from_reports_and_stays_counted_when_the_day_is_loaded_again(
    warehouse: Warehouse, settings: Settings
) -> None:
    report(warehouse, status="failed", error_message="ana's file is missing")
    loaded(warehouse, settings)
    user = json.loads(row_said(status="started"))["user_id"]
    forget_user(warehouse, user)
    report(warehouse, status="failed", run="run-2", error_message="again")
    assert len(loaded(warehouse, settings)) == 2
    with warehouse.connect() as connection:
        for table in ("raw.workflow_executions_simple", "raw.tracked_executions"):
            assert connection.execute(
                f"select count(*) from {table} where user_id = %s or error_message is not null",
                [user],
            ).fetchone() == (0,)


@pytest.mark.parametrize("called", ["ana", "our id"])
def test_a_user_of_whom_nothing_but_reports_came_in_can_be_forgotten_before_the_first_load(
    warehouse: Warehouse, settings: Settings, called: str
) -> None:
    report(warehouse, status="failed", error_message="ana's file is missing")
    report(warehouse, status="completed", run="run-2", user_id="bo")
    user = json.loads(row_said(status="started"))["user_id"]
    name = user if called == "our id" else called
    assert forget_everywhere(settings, warehouse, name).reports == 1
    # Known as forgotten now, by both ids, and reports that come after it are nobody's.
    report(warehouse, status="completed", run="run-3")
    assert len(loaded(warehouse, settings)) == 3
    assert forget_everywhere(settings, warehouse, "ana").reports == 0
    with warehouse.connect() as connection:
        for table in ("users", "workflow_executions_simple", "tracked_executions"):
            assert connection.execute(
                sql.SQL("select count(*) from {} as each where each::text ilike any (%s)").format(
                    sql.Identifier("raw", table)
                ),
                [["%ana%", f"%{user}%"]],
            ).fetchone() == (0,)
        assert connection.execute(
            "select user_id = %s, count(*) from raw.workflow_executions_simple group by 1 "
            "order by 1",
            [ANONYMOUS_USER],
        ).fetchall() == [(False, 1), (True, 2)]


def test_a_user_of_whom_only_a_favourite_is_known_can_be_forgotten(
    warehouse: Warehouse, settings: Settings
) -> None:
    user = json.loads(row_said(status="started"))["user_id"]
    with warehouse.connect() as connection:
        connection.execute(
            "insert into raw.workflow_favorites (user_id, workflow_id) values (%s, %s)",
            [user, user],
        )
    assert forget_everywhere(settings, warehouse, user).deleted == 1
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from raw.workflow_favorites").fetchone() == (0,)


def test_a_source_in_the_file_may_not_take_the_name(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "sources.yaml").write_text("- {name: tracked, path: 'x-{day}.csv'}\n")
    with pytest.raises(Exception, match="rename it"):
        load_configured_days(warehouse, settings, [DAY])
