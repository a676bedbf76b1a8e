"""Limits on input: each is a setting; what exceeds it is refused with its reason."""

import gzip
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from usage_pipeline.errors import InputError
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.sources.reading.limits import Limits
from usage_pipeline.steps.day_counts import DayCounts
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import load_day

_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger,error_message\n"
_DAY = date(2026, 6, 1)


def _row(number: int, message: str = "", user: str = "ana") -> str:
    return f"{number},{user},report,Report,{_DAY}T09:00:00Z,,completed,manual,{message}\n"


def _load(warehouse: Warehouse, folder: Path, name: str, data: bytes, **limits: int) -> DayCounts:
    (folder / name).write_bytes(data)
    settings = Settings(
        home=folder / "home", database_url=warehouse.url, _env_file=None, limits=limits
    )
    (result,) = load_inputs(warehouse, settings, files_source([str(folder / name)]))
    return result


def _csv(*rows: str) -> bytes:
    return (_HEADER + "".join(rows)).encode()


def test_a_file_that_is_too_large_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    data = _csv(*[_row(number) for number in range(50)])
    with pytest.raises(InputError, match="larger than 1,000 bytes: split it"):
        _load(warehouse, tmp_path, "a.csv", data, file_bytes=1000)


def test_a_file_that_unpacks_to_too_much_is_refused(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "unpacked_ratio", 5)
    data = gzip.compress(_csv(*[_row(1, "x" * 900_000)] * 90))
    with pytest.raises(InputError, match="more than 5 times its size"):
        _load(warehouse, tmp_path, "a.csv.gz", data)


def test_a_row_that_is_too_long_fails_its_file(warehouse: Warehouse, tmp_path: Path) -> None:
    lines = [f'{{"id": "{number}", "note": "{"x" * 3_000_000}"}}\n' for number in range(2)]
    with pytest.raises(InputError, match="line longer than 2,000,000 bytes"):
        _load(warehouse, tmp_path, "a.ndjson", "".join(lines).encode(), row_bytes=2_000_000)


def test_a_field_that_is_too_long_rejects_its_row_only(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "field_bytes", 4_000)
    data = _csv(_row(1), _row(2, user="x" * 5_000))
    result = _load(warehouse, tmp_path, "a.csv", data)
    assert (result.loaded, result.rejected) == (1, 1)


def test_rejected_rows_are_all_counted_and_no_more_than_the_limit_kept_with_cut_text(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ten = partial(load_day, rejected_kept=10)
    monkeypatch.setattr("usage_pipeline.steps.load.load_day", ten)
    data = _csv(*[_row(number, "x" * 20_000, user="") for number in range(30)])
    result = _load(warehouse, tmp_path, "a.csv", data)
    assert result.rejected == 30
    with warehouse.connect() as connection:
        assert connection.execute(
            "select count(*), max(length(original)) from raw.rejected_executions "
            "where reason not like 'more rows%'"
        ).fetchone() == (10, 10_000)
