"""What COPY carries: every value arrives as it was, whichever format takes it."""

import json
import string
from collections.abc import Iterator
from datetime import UTC, date
from decimal import Decimal
from uuid import UUID

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.sources.conform.canonical import COST, INSTANT
from usage_pipeline.warehouse import binary_rows
from usage_pipeline.warehouse.columns import snapshot
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.copy import copy_batch

SCHEMA = pa.schema(
    {
        "place": pa.int32(), "id": pa.string(), "name": pa.string(), "word": pa.string(),
        "at": INSTANT, "day": pa.date32(), "size": pa.int64(), "cost": COST,
        "hour": pa.int16(), "share": pa.float64(), "note": pa.string(),
        "ids": pa.list_(pa.field("item", pa.string())),
        "places": pa.list_(pa.field("item", pa.int32())),
        "weekdays": pa.list_(pa.field("item", pa.int16())),
    }
)  # fmt: skip
TABLE = sql.Identifier("carried")
CREATE = (
    "create temporary table carried (place integer, id uuid, name text, word varchar(20), "
    "at timestamptz, day date, size bigint, cost numeric(18, 6), hour smallint, "
    "share double precision, note jsonb, ids uuid[], places integer[], weekdays smallint[])"
)


def _rows() -> st.SearchStrategy[list[dict[str, object]]]:
    text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
    small = st.integers(-(2**15), 2**15 - 1)
    values = {
        "id": st.uuids().map(str),
        "name": text,
        "word": st.text(string.ascii_letters + '",\\\n', max_size=20),
        "at": st.datetimes(timezones=st.just(UTC)),
        "day": st.dates(),
        "size": st.integers(-(2**63), 2**63 - 1),
        "cost": st.decimals(-999_999_999_999, 999_999_999_999, places=6),
        "hour": small,
        "share": st.floats(allow_nan=False),
        "note": st.sampled_from(["{}", '{"a": [1, "\u00e9"]}']),
        "ids": st.lists(st.uuids().map(str), max_size=4),
        "places": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4),
        "weekdays": st.lists(small, max_size=4),
    }
    row = st.fixed_dictionaries({name: st.none() | each for name, each in values.items()})
    return st.lists(row, min_size=1, max_size=30)


def _carried(connection: psycopg.Connection, table: pa.Table) -> list[dict[str, object]]:
    connection.execute("truncate carried")
    assert copy_batch(connection, TABLE, table) == table.num_rows
    cursor = connection.execute("select * from carried order by place")
    names = [column.name for column in cursor.description or ()]
    found = [dict(zip(names, row, strict=True)) for row in cursor]
    for row in found:
        row["id"] = row["id"] and str(row["id"])
        row["ids"] = row["ids"] and [str(each) for each in row["ids"]]
        row["note"] = (
            row["note"] if row["note"] is None else json.dumps(row["note"], ensure_ascii=False)
        )
    return found


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with warehouse.connect() as opened:
        opened.execute(CREATE)
        yield opened


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=_rows(), skipped=st.integers(0, 3))
def test_every_value_arrives_as_it_was(
    connection: psycopg.Connection, rows: list[dict[str, object]], skipped: int
) -> None:
    numbered = [{"place": place, **row} for place, row in enumerate(rows)]
    table = pa.Table.from_pylist(numbered, SCHEMA)
    # A slice keeps the buffers of the whole: its values do not start where they do.
    skipped = min(skipped, len(rows) - 1)
    assert _carried(connection, table.slice(skipped)) == numbered[skipped:]


def test_many_rows_go_in_several_parts(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usage_pipeline.warehouse.copy._BYTES_AT_ONCE", 1_000)
    rows = [
        {"place": place, "id": str(UUID(int=place)), "cost": Decimal(place).scaleb(-6)}
        for place in range(2_000)
    ]
    found = _carried(connection, pa.Table.from_pylist(rows, SCHEMA))
    assert [(row["id"], row["cost"]) for row in found] == [(row["id"], row["cost"]) for row in rows]


def test_a_type_without_a_binary_form_goes_as_csv(connection: psycopg.Connection) -> None:
    rows = pa.table({"place": pa.array([7], pa.int64()), "name": [""], "day": [date(2026, 1, 1)]})
    assert not binary_rows.can_write(rows.schema, {"place": "integer", "name": "text"})
    (found,) = _carried(connection, rows)
    assert (found["place"], found["name"], found["word"]) == (7, "", None)


@pytest.mark.parametrize("text", ["", "not-a-uuid", "g" * 36, "95898919-a6ff-42ad-8e28-a5322a33"])
def test_an_id_that_is_no_uuid_is_refused(connection: psycopg.Connection, text: str) -> None:
    rows = pa.Table.from_pylist([{"place": 1, "id": text}], SCHEMA)
    with pytest.raises(ValueError, match="UUID"):
        copy_batch(connection, TABLE, rows)


def test_a_null_inside_a_list_is_refused(connection: psycopg.Connection) -> None:
    rows = pa.Table.from_pylist([{"place": 1, "places": [1, None]}], SCHEMA)
    with pytest.raises(ValueError, match="null"):
        copy_batch(connection, TABLE, rows)


def test_columns_come_out_as_they_went_in(warehouse: Warehouse) -> None:
    rows = pa.Table.from_pylist(
        [
            {"place": 1, "id": str(UUID(int=1)), "name": "ä", "share": 0.25, "hour": 9,
             "cost": Decimal("1.500000"), "note": "{}", "ids": [str(UUID(int=2)), str(UUID(int=1))],
             "places": [1, 2], "day": date(2026, 6, 15)},
            {"place": 2, "ids": []},
        ],
        SCHEMA,
    )  # fmt: skip
    with warehouse.connect() as opened:
        opened.execute(CREATE.replace("temporary table ", "table public."))
        copy_batch(opened, sql.Identifier("public", "carried"), rows)
    with snapshot(warehouse) as reader:
        found = reader.read(sql.SQL("select * from public.carried order by place"))
        with warehouse.connect() as opened:
            opened.execute("delete from public.carried")
        counts = reader.read(sql.SQL("select count(*) from public.carried"))
        assert counts["count"].to_pylist() == [2]
    floating = SCHEMA.set(SCHEMA.get_field_index("cost"), pa.field("cost", pa.float64()))
    assert found.schema.remove_metadata().equals(floating)
    cost = rows["cost"].cast(pa.float64())
    assert found.equals(rows.set_column(SCHEMA.get_field_index("cost"), "cost", cost))
    with snapshot(warehouse) as reader:
        nothing = reader.read(sql.SQL("select id, ids, cost from public.carried"))
    assert (nothing.num_rows, nothing.schema.types) == (
        0,
        [pa.string(), SCHEMA.field("ids").type, pa.float64()],
    )


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    nowhere = Warehouse("postgresql://nobody:secret@127.0.0.1:1/none", connect_timeout=2)
    with pytest.raises(WarehouseUnavailableError, match="does not answer"), snapshot(nowhere):
        pass
