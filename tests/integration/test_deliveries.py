"""Deliveries: what replaces a day, what merges, which day an execution is of, and corrections."""

import itertools
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import RunDbt
from tests.executions import DAY, at, batch, execution
from tests.oracle.deliveries import Delivery, Holdings, Merged, Retirement
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.source import Replaces
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.day_counts import Loaded
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.warehouse.built_days import with_changed_days
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, DayLoad, load_day
from usage_pipeline.warehouse.executions.retirement import retire_day
from usage_pipeline.warehouse.ledger import day_states, unaccounted

_NEXT = DAY + timedelta(days=1)
# Beyond the reach of copies, so that examples in one warehouse do not touch.
_APART = timedelta(days=40)
_EXAMPLES = itertools.count()


def _load(
    warehouse: Warehouse,
    day: date,
    rows: Iterable[dict[str, Any]],
    replaces: Replaces = "day",
    source: str = "files",
    *,
    replace_retired: bool = False,
) -> DayLoad:
    delivery = DayInput(source, [batch(rows)], replaces=replaces)
    return load_day(warehouse, day, [delivery], replace_retired=replace_retired)


def _retire(warehouse: Warehouse, day: date) -> int:
    return retire_day(warehouse, day, as_of=day + timedelta(days=90), unfinished_days=30).retired


def _rows(warehouse: Warehouse, query: str, *values: Any) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


def _held(warehouse: Warehouse, first: date = DAY, last: date = _NEXT) -> dict[str, Merged]:
    query = (
        "select source_id, execution_date, start_time, status from raw.workflow_executions_simple "
        "where execution_date between %s and %s"
    )
    rows = _rows(warehouse, query, first, last)
    assert len({row[0] for row in rows}) == len(rows), "an execution is counted twice"
    return {row[0]: Merged(*row[1:]) for row in rows}


def _queued_and_run() -> tuple[dict[str, Any], dict[str, Any]]:
    """Two copies of one execution: queued just before midnight, run the next day."""
    queued = execution("x", start_time=at(23, 59), status="started", updated_at=at(23, 59))
    run = execution(
        "x", start_time=at(5, day=_NEXT), end_time=at(6, day=_NEXT), updated_at=at(6, day=_NEXT)
    )
    return queued, run


def _moved(copy: dict[str, Any], days: timedelta, prefix: str) -> dict[str, Any]:
    start = copy["start_time"] + days
    name = prefix + copy["source_id"]
    return execution(
        name, start_time=start, status=copy["status"], updated_at=copy["updated_at"] + days
    )


@st.composite
def _stories(draw: st.DrawFn) -> list[Delivery | Retirement]:
    """Deliveries and retirements of three days, with copies of four executions on several days."""
    versions = itertools.count()
    copies = [
        execution(
            f"run-{number}",
            start_time=at(draw(st.integers(0, 23)), day=DAY + timedelta(days=offset)),
            status=draw(st.sampled_from(["started", "completed", "failed"])),
            updated_at=at(0, next(versions)),
        )
        for number in range(4)
        for offset in draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    ]
    events: list[Delivery | Retirement] = []
    for _ in range(draw(st.integers(2, 7))):
        day = DAY + timedelta(days=draw(st.integers(0, 2)))
        if events and draw(st.integers(0, 3)) == 0:
            events.append(Retirement(day))
            continue
        own = [copy for copy in copies if copy["execution_date"] == day]
        chosen = draw(st.lists(st.sampled_from(own), unique_by=id)) if own else []
        events.append(Delivery(day, draw(st.booleans()), tuple(chosen)))
    return events


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(story=_stories())
def test_deliveries_in_any_order_leave_what_all_of_them_say(
    module_warehouse: Warehouse, story: list[Delivery | Retirement]
) -> None:
    number = next(_EXAMPLES)
    shift, expected = _APART * number, Holdings()
    days = [DAY + shift + timedelta(days=offset) for offset in range(3)]
    for event in story:
        if isinstance(event, Retirement):
            moved: Delivery | Retirement = Retirement(event.day + shift)
            _retire(module_warehouse, moved.day)
        else:
            copies = tuple(_moved(copy, shift, f"{number}-") for copy in event.copies)
            moved = Delivery(event.day + shift, event.everything, copies)
            replaces: Replaces = "day" if event.everything else "nothing"
            _load(module_warehouse, moved.day, copies, replaces)
        expected.take(moved)
        assert _held(module_warehouse, days[0], days[-1]) == expected.live(), event
    counted = Counter(one.day for one in expected.counted.values())
    with module_warehouse.connect() as connection:
        assert unaccounted(connection, days) == []
        states = {state.day: state for state in day_states(connection, days[0], days[-1])}
    assert {day: states[day].retired for day in states if states[day].retired} == counted
    usage = _rows(
        module_warehouse,
        "select execution_date, sum(execution_count), sum(success_count), sum(failure_count) "
        "from raw.retired_usage where execution_date between %s and %s group by execution_date",
        days[0],
        days[-1],
    )
    assert {row[0]: tuple(map(int, row[1:])) for row in usage} == {
        day: (
            count,
            sum(one.status == "completed" for one in expected.counted.values() if one.day == day),
            sum(one.status == "failed" for one in expected.counted.values() if one.day == day),
        )
        for day, count in counted.items()
    }


@pytest.mark.parametrize("first", [0, 1])
def test_an_execution_is_of_the_day_of_its_earliest_start(warehouse: Warehouse, first: int) -> None:
    copies = _queued_and_run()
    for copy in (copies[first], copies[1 - first]):
        load = _load(warehouse, copy["execution_date"], [copy])
    assert _held(warehouse) == {"x": Merged(DAY, at(23, 59), "completed")}
    assert load.changed_days == ((DAY,) if first == 0 else (_NEXT,))
    with warehouse.connect() as connection:
        assert unaccounted(connection, [DAY, _NEXT]) == []
        held = {state.day: state.loaded + state.kept for state in day_states(connection)}
    assert held == {DAY: 1, _NEXT: 0}


def test_a_day_that_changed_with_another_is_built_with_it(
    warehouse: Warehouse, dbt_on: RunDbt
) -> None:
    queued, run = _queued_and_run()
    _load(warehouse, _NEXT, [run])
    dbt_on(warehouse, build_arguments(_NEXT, _NEXT, _NEXT))
    with warehouse.connect() as connection:
        connection.execute(
            "insert into raw.built_days (execution_date, loaded_at) "
            "select execution_date, max(loaded_at) from raw.load_ledger group by 1"
        )
    _load(warehouse, DAY, [queued])
    with warehouse.connect() as connection:
        assert with_changed_days(connection, DAY, DAY, DAY) == (DAY, DAY)
        first, last = with_changed_days(connection, DAY, DAY, _NEXT)
    assert (first, last) == (DAY, _NEXT)
    dbt_on(warehouse, build_arguments(first, last, _NEXT))
    counts = "select execution_date, total_executions, open_count from marts.workflow_daily_usage"
    assert _rows(warehouse, counts) == [(DAY, 1, 0)]


def test_copies_of_one_file_that_start_on_two_days_are_one_execution(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "executions.csv").write_text(
        "id,user_id,workflow_id,start_time,end_time,status,updated_at\n"
        "x1,ann,cross,2026-04-24T16:59:58Z,,started,2026-04-24T16:59:58Z\n"
        "x1,ann,cross,2026-04-25T05:27:35Z,2026-04-25T05:38:43Z,completed,2026-04-25T05:38:43Z\n"
    )
    config = SourceConfig(name="s", path=str(tmp_path / "executions.csv"))
    loads = list(load_inputs(warehouse, settings, config))
    assert (loads[0].read, loads[0].executions) == (1, 1)
    held = _held(warehouse, date(2026, 4, 24), date(2026, 4, 25))
    assert [(one.day, one.status) for one in held.values()] == [(date(2026, 4, 24), "completed")]


def test_what_a_partial_delivery_does_not_mention_stays(warehouse: Warehouse) -> None:
    failed = execution("9030", status="failed", updated_at=at(10))
    again = execution("9030 again", source_id="9030", attempt=2, start_time=at(18))
    other = execution("9031")
    _load(warehouse, DAY, [failed, other], "nothing")
    load = _load(warehouse, DAY, [again, other], "nothing")
    assert (load.total("loaded"), load.total("kept")) == (2, 1)
    found = _rows(
        warehouse,
        "select source_id, attempt, status from raw.workflow_executions_simple order by 1, 2",
    )
    assert found == [("9030", 1, "failed"), ("9030", 2, "completed"), ("9031", 1, "completed")]


def test_exports_of_github_actions_are_partial_unless_declared_otherwise() -> None:
    assert SourceConfig(name="g", kind="github_actions", path="a.json").replaces == "nothing"
    assert SourceConfig(name="f", path="a.csv").replaces == "day"
    assert SourceConfig(name="f", path="a.csv", delivers="changes").replaces == "nothing"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("days", [(DAY, DAY), (DAY, _NEXT)])
def test_a_copy_that_names_another_user_is_rejected_whatever_comes_first(
    warehouse: Warehouse, order: tuple[int, int], days: tuple[date, date]
) -> None:
    copies = [
        execution("x", user="ana", start_time=at(9, day=days[0]), updated_at=at(9)),
        execution("x", user="bob", start_time=at(10, day=days[1]), updated_at=at(10)),
    ]
    for place in order:
        load = _load(warehouse, days[place], [copies[place]], "nothing")
    rows = _rows(warehouse, "select source_user_id, execution_date from "
                 "raw.workflow_executions_simple inner join raw.users using (user_id)")  # fmt: skip
    assert rows == [("bob", days[1])]
    assert _rows(warehouse, "select reason from raw.rejected_executions") == [
        ("another copy of this execution stands, and names another user",)
    ]
    with warehouse.connect() as connection:
        assert unaccounted(connection, [DAY, _NEXT]) == []
        assert sum(state.conflicts for state in day_states(connection)) == 1
    assert load.total("read") == 1


def _history(
    folder: Path, name: str, statuses: dict[str, str], lines: Iterable[str]
) -> SourceConfig:
    path = folder / f"{name}.csv"
    header = "id,user_id,workflow_id,workflow_name,start_time,end_time,status"
    path.write_text("\n".join([header, *lines]))
    return SourceConfig(name="hist", path=str(path), statuses=statuses)


def _line(name: str, user: str, workflow: str, called: str, day: str, status: str) -> str:
    return f"{name},{user},{workflow},{called},{day}T10:00:00Z,{day}T10:01:00Z,{status}"


@pytest.mark.long
def test_a_mapping_is_corrected_after_retirement(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, dbt_on: RunDbt
) -> None:
    old = [
        _line("a1", "mara", "w1", "Invoices", "2026-05-10", "fertig"),
        _line("a2", "oleg", "w1", "Invoices", "2026-05-10", "kaputt"),
    ]
    new = [
        _line("b1", "mara", "w2", "Old name", "2026-05-23", "fertig"),
        _line("c1", "mara", "w2", "New name", "2026-05-24", "fertig"),
    ]
    wrong = {"fertig": "completed", "kaputt": "completed"}
    right = {"fertig": "completed", "kaputt": "failed"}
    _load_all(warehouse, settings, _history(tmp_path, "all", wrong, [*old, *new]))
    first, last = date(2026, 5, 10), date(2026, 5, 24)
    dbt_on(warehouse, build_arguments(first, last, last))
    assert _retire(warehouse, first) == 2
    (load,) = _load_all(warehouse, settings, _history(tmp_path, "10", right, old))
    assert (load.loaded, load.corrected, load.duplicates) == (2, 1, 0)
    assert "1 corrected" in str(load)
    again = [
        _line("b1", "mara", "w2", "Old name", "2026-05-23", "fertig"),
        _line("b2", "oleg", "w2", "Old name", "2026-05-23", "fertig"),
    ]
    (load,) = _load_all(warehouse, settings, _history(tmp_path, "23", right, again))
    assert load.loaded == 2
    dbt_on(warehouse, build_arguments(first, last, last))
    counts = (
        "select workflow_name, success_count, failure_count from marts.workflow_daily_usage "
        "where execution_date = %s"
    )
    assert _rows(warehouse, counts, first) == [("Invoices", 1, 1)]
    assert _rows(warehouse, counts, date(2026, 5, 23)) == [("New name", 2, 0)]
    assert _retire(warehouse, first) == 2
    dbt_on(warehouse, build_arguments(first, first, last))
    assert _rows(warehouse, counts, first) == [("Invoices", 1, 1)]


def _load_all(warehouse: Warehouse, settings: Settings, config: SourceConfig) -> list[Loaded]:
    return list(load_inputs(warehouse, settings, config))


def test_a_smaller_delivery_of_a_retired_day_replaces_it_only_when_told_to(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, DAY, [execution("a"), execution("b")])
    _retire(warehouse, DAY)
    load = _load(
        warehouse, DAY, [execution("a", status="failed", updated_at=at(11)), execution("c")]
    )
    assert (load.total("late"), load.total("missing"), load.total("kept")) == (1, 1, 2)
    assert load.total("rejected") == 1
    assert load.total("duplicates") == 0
    load = _load(
        warehouse,
        DAY,
        [execution("a", status="failed", updated_at=at(11)), execution("c")],
        replace_retired=True,
    )
    assert (load.total("loaded"), load.total("kept"), load.total("corrected")) == (2, 0, 1)
    assert {name: one.status for name, one in _held(warehouse).items()} == {
        "a": "failed", "c": "completed",
    }  # fmt: skip
    assert _rows(warehouse, "select count(*) from raw.retired_usage") == [(0,)]


def test_a_day_counted_anew_keeps_what_copies_of_other_days_said(warehouse: Warehouse) -> None:
    queued, run = _queued_and_run()
    _load(warehouse, DAY, [queued])
    _load(warehouse, _NEXT, [run])
    assert _retire(warehouse, DAY) == 1
    _load(warehouse, DAY, [queued, execution("late")])
    assert _held(warehouse)["x"] == Merged(DAY, at(23, 59), "completed")


def test_sources_that_share_workflows_of_a_retired_day_are_replaced_together(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, DAY, [execution("a")])
    _load(warehouse, DAY, [execution("b", source="other")], source="other")
    _retire(warehouse, DAY)
    changed = [execution("a", status="failed", updated_at=at(11))]
    load = _load(warehouse, DAY, changed)
    assert (load.total("corrected"), load.total("rejected")) == (0, 1)
    with pytest.raises(UsageError, match="load them together"):
        _load(warehouse, DAY, changed, replace_retired=True)
    assert _rows(warehouse, "select sum(success_count) from raw.retired_usage") == [(2,)]


def test_nothing_after_the_as_of_date_is_counted(warehouse: Warehouse, dbt_on: RunDbt) -> None:
    for day in (DAY, _NEXT):
        _load(warehouse, day, [execution(f"{day}", start_time=at(9, day=day))])
    dbt_on(warehouse, build_arguments(DAY, DAY, DAY))
    for mart, column in (
        ("workflow_daily_usage", "execution_date"),
        ("user_workflow_usage", "execution_date"),
        ("popular_workflows", "as_of_date"),
    ):
        assert _rows(warehouse, f"select max({column}) from marts.{mart}") == [(DAY,)], mart
    dbt_on(warehouse, build_arguments(_NEXT, _NEXT, _NEXT))
    assert _rows(warehouse, "select max(execution_date) from marts.workflow_daily_usage") == [
        (_NEXT,)
    ]
