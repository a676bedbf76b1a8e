"""Tables as files: what is in the table is in the file, in types that programs know."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from usage_pipeline.cli.main import app
from usage_pipeline.errors import UsageError, WrongUsageError
from usage_pipeline.warehouse import export as exporting
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.export import export

_ID = "018f3c1e-7a11-7cc2-9a55-0242ac120002"
_TABLE = f"""
create table marts.every_type (
    execution_date date, id uuid, ids uuid[], name varchar(255), cost numeric(24, 6), rate float8,
    count bigint, seen_at timestamptz, details jsonb, is_new boolean
);
insert into marts.every_type values
    ('2026-06-01', '{_ID}', array['{_ID}', '{_ID}']::uuid[], '=1+1', 999999999999.999999,
     0.1, 9007199254740993, '2026-06-01 22:30:00.5Z', '{{"a": 1}}', true),
    ('2026-06-02', '{_ID}', '{{}}', 'Ümläut, "x"', 0.000001, 1e-300, 0, null, null, false),
    ('2026-06-03', '{_ID}', null, null, null, null, null, null, null, null);
create table marts.of_no_day (workflow_id uuid, n integer);
"""


@pytest.fixture(scope="module")
def filled(module_warehouse: Warehouse) -> Warehouse:
    with module_warehouse.connect() as connection:
        connection.execute(_TABLE.encode())
    return Warehouse(module_warehouse.url, timezone="Europe/Berlin")


def test_parquet_has_every_value_in_a_type_of_its_own(filled: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / "new" / "all.parquet"
    assert export(filled, "every_type", path, "parquet") == 3
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    assert rows[0] == {
        "execution_date": date(2026, 6, 1),
        "id": _ID,
        "ids": [_ID, _ID],
        "name": "=1+1",
        "cost": Decimal("999999999999.999999"),
        "rate": 0.1,
        "count": 9007199254740993,
        "seen_at": datetime(2026, 6, 1, 22, 30, 0, 500_000, tzinfo=UTC),
        "details": '{"a": 1}',
        "is_new": True,
    }
    assert rows[1]["cost"] == Decimal("0.000001")
    assert set(list(rows[2].values())[2:]) == {None}
    assert [file.name for file in path.parent.iterdir()] == ["all.parquet"]


def test_csv_is_read_back_by_pandas(filled: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    days = (date(2026, 6, 2), date(2026, 6, 2))
    assert export(filled, "marts.every_type", path, "csv", *days) == 1
    frame = pd.read_csv(path)
    assert frame["name"].tolist() == ['Ümläut, "x"']
    assert frame["execution_date"].tolist() == ["2026-06-02"]
    assert export(filled, "every_type", path, "csv", date(2027, 1, 1)) == 0
    assert list(pd.read_csv(path).columns) == list(frame.columns)


def test_a_workbook_has_times_of_the_zone_and_no_formula(
    filled: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "all.xlsx"
    assert export(filled, "every_type", path, "xlsx") == 3
    sheet = openpyxl.load_workbook(path).active
    header, first, second, _ = (list(row) for row in sheet.iter_rows(values_only=True))
    values = dict(zip(header, first, strict=True))
    assert values["name"] == "=1+1"
    assert sheet.cell(2, header.index("name") + 1).data_type == "s"
    assert values["seen_at"] == datetime(2026, 6, 2, 0, 30, 0, 500_000)  # noqa: DTZ001
    assert str(values["execution_date"]) == "2026-06-01 00:00:00"
    assert values["ids"] == f"{_ID} {_ID}"
    assert dict(zip(header, second, strict=True))["is_new"] is False
    monkeypatch.setattr(exporting, "_MOST_EXCEL_ROWS", 2)
    with pytest.raises(UsageError, match="A workbook holds 2 rows, and there are more"):
        export(filled, "every_type", tmp_path / "more.xlsx", "xlsx")
    assert [file.name for file in tmp_path.iterdir()] == ["all.xlsx"]


def test_a_mistake_is_one_sentence(filled: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(
        WrongUsageError, match=r"no table 'nothing' to export; there are .*every_ty"
    ):
        export(filled, "nothing", tmp_path / "x", "csv")
    with pytest.raises(WrongUsageError, match=r"no table 'raw\.workflows'"):
        export(filled, "raw.workflows", tmp_path / "x", "csv")
    with pytest.raises(WrongUsageError, match="of_no_day are of no day"):
        export(filled, "of_no_day", tmp_path / "x", "csv", date(2026, 1, 1))
    with pytest.raises(UsageError, match=r"cannot be written \(.*\): choose another place"):
        export(filled, "of_no_day", Path("/proc/nowhere/x.csv"), "csv")


def test_the_command_says_what_it_did(
    filled: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USAGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USAGE_DATABASE_URL", filled.url)
    result = CliRunner().invoke(
        app, ["export", "every_type", "--format", "csv", "--to", "2026-06-02"]
    )
    assert result.exit_code == 0, result.output
    assert result.output == "2 rows of every_type are in every_type.csv.\n"
    assert len((tmp_path / "every_type.csv").read_text().splitlines()) == 3
