"""Parquet files: their own types are taken as they are."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig

from .reading import Outcome, read, read_config

START = datetime(2024, 3, 1, 10, tzinfo=UTC)


def read_table(folder: Path, table: pa.Table, zone: str = "UTC") -> Outcome:
    path = folder / "in.parquet"
    parquet.write_table(table, path)
    config = SourceConfig(name="test", path=str(path), timezone=zone)
    return read_config(config, folder)


def table_of(**columns: pa.Array) -> pa.Table:
    count = len(next(iter(columns.values()))) if columns else 1
    usual = {
        "id": pa.array([str(n) for n in range(count)]),
        "user_id": pa.array(["ann"] * count),
        "workflow_id": pa.array(["build"] * count),
        "start_time": pa.array([START] * count, pa.timestamp("us", tz="UTC")),
        "status": pa.array(["completed"] * count),
    }
    return pa.table({**usual, **columns})


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([START], pa.timestamp("ms", tz="America/New_York")), "2024-03-01T10:00:00+00:00"),
        (pa.array([START.replace(tzinfo=None)], pa.timestamp("ns")), "2024-03-01T09:00:00+00:00"),
        (pa.array([date(2024, 3, 1)]), "2024-02-29T23:00:00+00:00"),
        (pa.array(["2024-03-01 10:00"]), "2024-03-01T09:00:00+00:00"),
    ],
)
def test_times_of_every_type_are_read(tmp_path: Path, column: pa.Array, expected: str) -> None:
    found = read_table(tmp_path, table_of(start_time=column), "Europe/Berlin").only
    assert found["start_time"].isoformat() == expected


def test_ids_may_be_numbers_dictionaries_or_uuids(tmp_path: Path) -> None:
    one = uuid.uuid5(uuid.NAMESPACE_DNS, "one")
    table = table_of(
        id=pa.array([one.bytes], pa.binary(16)),
        user_id=pa.array([7]),
        workflow_id=pa.array(["build"]).dictionary_encode(),
    )
    found = read_table(tmp_path, table).only
    assert found["id"] == str(one)
    assert (found["source_user_id"], found["source_workflow_id"]) == ("7", "build")


def test_whole_numbers_with_gaps_arrive_as_floats_and_are_whole_again(tmp_path: Path) -> None:
    table = table_of(
        id=pa.array([1.0, 2.0]),
        input_size=pa.array([5.0, float("nan")]),
        cost=pa.array([0.1, None]),
        output_size=pa.array([2**64 - 1, 1], pa.uint64()),
    )
    found = read_table(tmp_path, table)
    assert [each["source_id"] for each in found.accepted] == ["2"]
    assert found.accepted[0]["input_size"] is None
    assert found.reasons == ['output_size "18446744073709551615" is too large']


def test_costs_of_any_type_are_exact(tmp_path: Path) -> None:
    for column in (
        pa.array([Decimal("1.50")], pa.decimal128(30, 2)),
        pa.array([1.5]),
        pa.array(["1.5"]),
    ):
        assert read_table(tmp_path, table_of(cost=column)).only["cost"] == Decimal("1.500000")
    assert read_table(tmp_path, table_of(cost=pa.array([1e-7]))).only["cost"] == 0


def test_nested_values_and_foreign_bytes_reject_their_rows(tmp_path: Path) -> None:
    nested = read_table(tmp_path, table_of(id=pa.array([["a"], None, ["b"]])))
    assert nested.reasons[0] == "id is a list or an object and not one value"
    assert nested.reasons[1] == "id is missing"
    foreign = read_table(tmp_path, table_of(user_id=pa.array([b"ann", b"J\xf6rg", None])))
    assert len(foreign.accepted) == 1
    assert foreign.reasons == ["user_id is not UTF-8", "user_id is missing"]


def test_a_column_of_an_exotic_type_does_no_harm_beside_the_others(tmp_path: Path) -> None:
    table = table_of(
        lasted=pa.array([5], pa.duration("us")),
        at=pa.array([5], pa.time32("s")),
        ok=pa.array([True]),
        none=pa.nulls(1),
        raw=pa.array([b"\xff"], pa.large_binary()),
        workflow_name=pa.array(["Build"], pa.large_string()),
        status=pa.array(["?"]),
    )
    found = read_table(tmp_path, pa.concat_tables([table, table_of()], promote_options="default"))
    assert len(found.accepted) == 1
    assert '"workflow_name": "Build"' in found.rejected[0]["original"]


def test_times_far_out_are_rejected_and_do_not_wrap_around(tmp_path: Path) -> None:
    far = pa.array([2**62, 0], pa.int64()).cast(pa.timestamp("ms", tz="UTC"))
    found = read_table(tmp_path, table_of(start_time=far))
    assert len(found.accepted) == 1
    assert "is not between 1970 and 2200" in found.reasons[0]


@pytest.mark.parametrize("content", [b"", b"PAR1 not really PAR1", b"id,user\n1,2\n"])
def test_a_file_that_is_no_parquet_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"^runs\.parquet cannot be read as Parquet: .*\.$"):
        read(tmp_path, content, "runs.parquet")


def test_a_parquet_file_of_another_name_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a Parquet file: set format: parquet"):
        read(tmp_path, b"PAR1...", "runs.csv")


def test_a_file_without_rows_has_none_and_one_without_columns_is_refused(tmp_path: Path) -> None:
    assert read_table(tmp_path, table_of().slice(0, 0)).accepted == []
    with pytest.raises(InputError, match="no column for start_time"):
        read_table(tmp_path, table_of().drop_columns(["start_time"]))


def test_a_damaged_name_of_a_column_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    parquet.write_table(pa.table({"abcdef": [1]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"abcdef", b"abc\x80ef"))
    with pytest.raises(InputError, match=r"runs\.parquet cannot be read as Parquet: "):
        read_config(SourceConfig(name="s", path=str(path)), tmp_path)
