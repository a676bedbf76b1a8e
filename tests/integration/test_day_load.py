"""Loading a day: replaced whole, merged, accounted for, and all or nothing."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from tests.executions import DAY, at, batch, execution, rejection, uuid_of
from usage_pipeline.errors import InputError
from usage_pipeline.sources.conform.canonical import ReadBatch
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, DayLoad, load_day
from usage_pipeline.warehouse.ledger import day_states, unaccounted


def _load(warehouse: Warehouse, *batches: ReadBatch, source: str = "files") -> DayLoad:
    return load_day(warehouse, DAY, [DayInput(source, batches, [{"file": "a.csv"}])])


def _rows(warehouse: Warehouse, query: str) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def _ids(warehouse: Warehouse) -> set[str]:
    query = "select source_id from raw.workflow_executions_simple"
    return {row[0] for row in _rows(warehouse, query)}


def test_every_column_arrives_as_it_was(warehouse: Warehouse) -> None:
    given = execution(
        "run-1", end_time=at(9, 5), error_message='said "no", then\nstopped', input_size=12,
        output_size=0, status="failed", source_status="timed_out", updated_at=at(10),
        trigger_type=None,
    )  # fmt: skip
    _load(warehouse, batch([given]))
    with warehouse.connect() as connection:
        cursor = connection.execute("select * from raw.workflow_executions_simple")
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        row = dict(zip(names, cursor.fetchone() or (), strict=True))
    for name in set(given) & set(row):
        expected = given[name]
        found = str(row[name]) if name.endswith("id") and expected else row[name]
        assert found == expected, name


def test_an_empty_text_is_not_a_missing_one(warehouse: Warehouse) -> None:
    _load(warehouse, batch([execution("a", error_message=""), execution("b")]))
    found = _rows(
        warehouse, "select error_message from raw.workflow_executions_simple order by source_id"
    )
    assert found == [("",), (None,)]


def test_loading_a_day_again_replaces_it(warehouse: Warehouse) -> None:
    _load(warehouse, batch([execution(f"run-{n}") for n in range(4)], [rejection("no user")]))
    load = _load(warehouse, batch([execution("run-1"), execution("run-9")]))
    assert _ids(warehouse) == {"run-1", "run-9"}
    assert load.total("replaced") == 4
    assert _rows(warehouse, "select count(*) from raw.rejected_executions") == [(0,)]
    with warehouse.connect() as connection:
        (state,) = day_states(connection)
    assert (state.read, state.loaded, state.rejected, state.in_raw) == (2, 2, 0, 2)


def test_two_sources_feed_one_day_and_are_replaced_apart(warehouse: Warehouse) -> None:
    _load(warehouse, batch([execution("a1"), execution("a2")]))
    _load(warehouse, batch([execution("b1", source="github")]), source="github")
    _load(warehouse, batch([execution("a3")]))
    assert _ids(warehouse) == {"a3", "b1"}
    with warehouse.connect() as connection:
        assert unaccounted(connection, [DAY]) == []


def test_a_day_without_executions_is_loaded_and_empty(warehouse: Warehouse) -> None:
    _load(warehouse, batch([]))
    with warehouse.connect() as connection:
        (state,) = day_states(connection)
    assert (state.day, state.read, state.in_raw) == (DAY, 0, 0)


def test_started_then_completed_is_one_execution_whatever_comes_first(
    warehouse: Warehouse,
) -> None:
    started = execution("run", status="started", start_time=at(9), updated_at=at(12))
    completed = execution("run", start_time=at(9, 0, 5), end_time=at(9, 1), updated_at=at(11))
    for order in ([started, completed], [completed, started]):
        load = _load(warehouse, batch(order[:1]), batch(order[1:]))
        assert load.total("duplicates") == 1
        assert _rows(
            warehouse, "select status, start_time, end_time from raw.workflow_executions_simple"
        ) == [("completed", at(9), at(9, 1))]


def test_among_final_states_the_latest_wins_and_attempts_stay_apart(warehouse: Warehouse) -> None:
    copies = [
        execution("run", status="failed", updated_at=at(10)),
        execution("run", status="cancelled", updated_at=at(11)),
        execution("run", status="completed"),
        execution("run again", source_id="run", attempt=2),
    ]
    load = _load(warehouse, batch(copies))
    assert load.sources[0].duplicates == 2
    assert _rows(
        warehouse,
        "select attempt, status from raw.workflow_executions_simple order by attempt",
    ) == [(1, "cancelled"), (2, "completed")]


def test_read_is_loaded_plus_rejected_plus_duplicates_or_nothing_is_written(
    warehouse: Warehouse,
) -> None:
    load = _load(
        warehouse,
        batch([execution("a"), execution("a"), execution("b")], [rejection("no user")] * 3),
    )
    assert [load.total(name) for name in ("read", "loaded", "rejected", "duplicates")] == [
        6, 2, 3, 1,
    ]  # fmt: skip
    with warehouse.connect() as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("update raw.load_ledger set loaded_count = 3")


def test_rejected_rows_are_counted_beyond_what_is_kept(warehouse: Warehouse) -> None:
    load = load_day(
        warehouse,
        DAY,
        [DayInput("files", [batch([], [rejection("bad")] * 3) for _ in range(3)])],
        rejected_kept=4,
    )
    assert load.total("rejected") == 9
    kept = _rows(warehouse, "select reason from raw.rejected_executions order by rejected_id")
    assert [reason for (reason,) in kept] == ["bad"] * 4 + [
        "more rows were rejected; only the first 4 are kept"
    ]


def test_a_source_that_breaks_half_way_changes_nothing(warehouse: Warehouse) -> None:
    _load(warehouse, batch([execution("old")]))

    def breaking() -> Iterator[ReadBatch]:
        yield batch([execution("new")])
        raise InputError("the file ends in the middle of its data")

    with pytest.raises(InputError):
        load_day(warehouse, DAY, [DayInput("files", breaking())])
    assert _ids(warehouse) == {"old"}
    assert _rows(warehouse, "select to_regclass('raw.workflow_executions_simple_20260615_stage')")[
        0
    ] == (None,)


def test_the_latest_known_name_wins_in_any_order_of_days(warehouse: Warehouse) -> None:
    later = DAY + timedelta(days=1)
    new = execution(
        "b", workflow="report", workflow_name="Weekly report", start_time=at(9, day=later)
    )
    unnamed = execution("c", workflow="other", workflow_name=None)
    load_day(warehouse, later, [DayInput("files", [batch([new])])])
    _load(warehouse, batch([execution("a", workflow="report"), unnamed]))
    assert set(_rows(warehouse, "select source_workflow_id, workflow_name from raw.workflows")) == {
        ("report", "Weekly report"),
        ("other", None),
    }
    assert _rows(warehouse, "select user_id::text, source_user_id from raw.users") == [
        (uuid_of("ana"), "ana")
    ]


def test_days_are_partitions_with_the_specification_s_index(warehouse: Warehouse) -> None:
    _load(warehouse, batch([execution("a")]))
    with warehouse.connect() as connection:
        assert connection.execute(
            "select pg_get_expr(relpartbound, oid) from pg_class "
            "where relname = 'workflow_executions_simple_20260615'"
        ).fetchone() == ("FOR VALUES FROM ('2026-06-15') TO ('2026-06-16')",)
        definitions = connection.execute(
            "select indexdef from pg_indexes "
            "where tablename = 'workflow_executions_simple_20260615'"
        ).fetchall()
    assert any("(user_id, start_time DESC)" in row[0] for row in definitions)


def test_two_loads_of_one_day_at_once_end_as_one_of_them(warehouse: Warehouse) -> None:
    errors: list[Exception] = []

    def load(name: str) -> None:
        try:
            _load(warehouse, batch([execution(f"{name}-{n}") for n in range(50)]))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=load, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    names = {name[0] for name in _ids(warehouse)}
    assert len(_ids(warehouse)) == 50
    assert len(names) == 1


def test_a_reader_that_stays_open_sees_its_day_whole_and_delays_the_swap_only(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, batch([execution("old")]))
    quick = Warehouse(warehouse.url, lock_timeout=0.1)
    with warehouse.connect() as reader:
        reader.execute("select count(*) from raw.workflow_executions_simple")
        swap = threading.Thread(
            target=load_day, args=(quick, DAY, [DayInput("files", [batch([execution("new")])])])
        )
        swap.start()
        for _ in range(5):
            found = reader.execute("select source_id from raw.workflow_executions_simple")
            assert found.fetchall() == [("old",)]
            with warehouse.connect() as other:
                # Behind a waiting exclusive lock this reader would stand still.
                other.execute("select count(*) from raw.workflow_executions_simple")
    swap.join()
    assert _ids(warehouse) == {"new"}


def test_another_time_zone_is_refused_once_days_are_loaded(warehouse: Warehouse) -> None:
    from usage_pipeline.errors import UsageError
    from usage_pipeline.warehouse.migrate import migrate

    moved = Warehouse(warehouse.url, timezone="Europe/Berlin")
    migrate(moved)
    migrate(warehouse)
    _load(warehouse, batch([execution("a")]))
    with pytest.raises(UsageError, match="USAGE_TIMEZONE is Europe/Berlin: set it back"):
        migrate(moved)


def test_dates_far_away_have_partitions_too(warehouse: Warehouse) -> None:
    for day in (date(1970, 1, 1), date(2199, 12, 31)):
        row = execution(str(day), start_time=at(0, day=day))
        load_day(warehouse, day, [DayInput("files", [batch([row])])])
    assert len(_ids(warehouse)) == 2
