"""Files hold what the truth says: every row, copy, fault and late arrival."""

import csv
import gzip
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.unit.synthetic.configs import SMALL
from usage_pipeline.errors import UsageError
from usage_pipeline.synthetic import (
    DEMO,
    GENERATED_SCHEMA,
    Truth,
    WriteSummary,
    generate_day,
    generate_table,
    write,
)
from usage_pipeline.synthetic.write import LATE_FOLDER

DIRTY = replace(SMALL, days=8, zone="UTC", dirty_share=0.05, duplicate_share=0.08, late_share=0.05)

Cells = dict[str, Any]


def read_csv(path: Path) -> list[Cells]:
    text = gzip.decompress(path.read_bytes()).decode("utf-8", errors="surrogateescape")
    return list(csv.DictReader(io.StringIO(text)))


def fault_of(cells: Cells) -> str | None:
    if not cells["user_id"]:
        return "missing_user"
    if cells["status"] not in ("started", "completed", "failed", "cancelled"):
        return "unknown_status"
    if not cells["start_time"].startswith("20"):
        return "unreadable_start"
    if not cells["workflow_id"]:
        return "missing_workflow"
    if any("\udc80" <= character <= "\udcff" for character in cells["workflow_name"]):
        return "not_utf8"
    return None


def assert_files_are_as_told(summary: WriteSummary) -> None:
    rows: dict[str, list[Cells]] = {}
    for path in summary.files:
        rows.setdefault(path.name[:10], []).extend(read_csv(path))
    executions: Counter[str] = Counter()
    seen: dict[tuple[str, str], str] = {}
    for told in summary.truth.days:
        name = str(told.day)
        faults = Counter(filter(None, map(fault_of, rows[name])))
        assert faults == Counter({kind: n for kind, n in told.dirty.items() if n})
        good = [cells for cells in rows[name] if fault_of(cells) is None]
        distinct = {(cells["id"], cells["attempt"]): cells["start_time"][:10] for cells in good}
        assert len(good) - len(distinct) == told.started_copies + told.exact_copies
        assert sum(day != name for day in distinct.values()) == told.late_rows
        assert len(rows[name]) == told.rows
        assert not seen.keys() & distinct.keys()
        seen |= distinct
        executions.update(distinct.values())
        late = told.executions - sum(day == name for day in distinct.values())
        assert late == told.delivered_late
    assert executions == {str(day.day): day.executions for day in summary.truth.days}
    assert sum(day.rows for day in summary.truth.days) == summary.rows


@pytest.mark.parametrize("late_into", ["later_file", "late_folder"])
def test_every_row_is_accounted_for(tmp_path: Path, late_into: Any) -> None:
    summary = write(replace(DIRTY, late_into=late_into), tmp_path)
    assert_files_are_as_told(summary)
    assert sum(day.late_rows for day in summary.truth.days) > 50
    assert all(sum(day.dirty[kind] for day in summary.truth.days) for kind in DIRTY.dirty_kinds)
    in_late_folder = [path for path in summary.files if path.parent.name == LATE_FOLDER]
    assert bool(in_late_folder) == (late_into == "late_folder")


def test_the_demo_has_each_row_in_the_file_of_its_own_day(tmp_path: Path) -> None:
    summary = write(replace(DEMO, days=14), tmp_path)
    assert_files_are_as_told(summary)
    assert [path.name for path in summary.files][:2] == [
        "2026-05-04.csv.gz", "2026-05-05.csv.gz",
    ]  # fmt: skip
    dirty = sum(sum(day.dirty.values()) for day in summary.truth.days)
    assert 0.001 < dirty / summary.rows < 0.01
    assert sum(day.delivered_late for day in summary.truth.days) == 0


def test_a_started_copy_comes_before_its_final_state_and_an_exact_copy_is_equal(
    tmp_path: Path,
) -> None:
    summary = write(replace(DIRTY, late_share=0, dirty_share=0), tmp_path)
    by_identity: dict[tuple[str, str], list[Cells]] = {}
    for path in summary.files:
        for cells in read_csv(path):
            by_identity.setdefault((cells["id"], cells["attempt"]), []).append(cells)
    copies = [copied for copied in by_identity.values() if len(copied) > 1]
    started = [copied for copied in copies if copied[0] != copied[1]]
    assert len(started) == sum(day.started_copies for day in summary.truth.days)
    for first, final in started:
        assert (first["status"], first["end_time"]) == ("started", "")
        assert final["status"] != "started"
        assert first["updated_at"] <= final["updated_at"]


@pytest.mark.parametrize("file_format", ["csv.gz", "ndjson", "parquet"])
def test_writing_twice_gives_the_same_bytes(tmp_path: Path, file_format: Any) -> None:
    first = write(DIRTY, tmp_path / "first", file_format=file_format)
    second = write(DIRTY, tmp_path / "second", file_format=file_format)
    for one, other in zip(first.files, second.files, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert first.truth_path.read_bytes() == second.truth_path.read_bytes()


def test_clean_files_hold_the_generated_table_in_every_format(tmp_path: Path) -> None:
    config = replace(SMALL, days=3)
    for file_format in ("csv.gz", "ndjson", "parquet"):
        write(config, tmp_path / file_format, file_format=file_format)
    day = config.last_day
    table = generate_day(config, day)
    assert pq.read_table(tmp_path / "parquet" / f"{day}.parquet").equals(table)
    expected = [{name: _as_text(value) for name, value in row.items()} for row in table.to_pylist()]
    assert read_csv(tmp_path / "csv.gz" / f"{day}.csv.gz") == [
        {name: value or "" for name, value in row.items()} for row in expected
    ]
    lines = (tmp_path / "ndjson" / f"{day}.ndjson").read_text(encoding="utf-8").splitlines()
    parsed = [json.loads(line, parse_float=str, parse_int=str) for line in lines]
    assert parsed == expected


def _as_text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return None if value is None else str(value)


def test_parquet_holds_no_fault_that_it_cannot_hold(tmp_path: Path) -> None:
    summary = write(replace(DIRTY, late_share=0), tmp_path, file_format="parquet")
    assert "not_utf8" not in summary.truth.days[0].dirty
    for told, path in zip(summary.truth.days, summary.files, strict=True):
        table = pq.read_table(path)
        assert table.schema.equals(GENERATED_SCHEMA)
        assert table.num_rows == told.rows
        assert table["start_time"].null_count == told.dirty["unreadable_start"]
        assert table["user_id"].null_count == told.dirty["missing_user"]


def test_ndjson_with_faults_has_one_object_a_line(tmp_path: Path) -> None:
    summary = write(DIRTY, tmp_path, file_format="ndjson")
    count = 0
    for path in summary.files:
        for line in path.read_bytes().splitlines():
            assert list(json.loads(line.decode(errors="replace"))) == GENERATED_SCHEMA.names
            count += 1
    assert count == summary.rows


def test_execution_ids_can_be_texts(tmp_path: Path) -> None:
    config = replace(DIRTY, execution_ids="run")
    assert_files_are_as_told(write(config, tmp_path))
    assert generate_table(config)["id"][0].as_py().startswith("run-20260309-0")


def test_the_truth_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    summary = write(DIRTY, tmp_path)
    assert Truth.read(tmp_path) == summary.truth
    assert summary.truth.config == DIRTY


def test_each_day_is_reported_once_it_is_written(tmp_path: Path) -> None:
    told: list[tuple[date, int]] = []
    summary = write(DIRTY, tmp_path, on_day=lambda day, rows: told.append((day, rows)))
    assert told == [(day.day, day.rows) for day in summary.truth.days]


def test_days_of_another_history_are_not_mixed_in(tmp_path: Path) -> None:
    write(replace(DIRTY, late_into="late_folder"), tmp_path)
    with pytest.raises(UsageError, match="holds other days already"):
        write(replace(DIRTY, late_share=0), tmp_path)
    with pytest.raises(UsageError, match="holds other days already"):
        write(replace(DIRTY, days=5), tmp_path)
    with pytest.raises(UsageError, match="holds other days already"):
        write(replace(DIRTY, late_into="late_folder"), tmp_path, file_format="parquet")
    write(replace(DIRTY, late_into="late_folder"), tmp_path)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Choose another folder"):
        write(DIRTY, tmp_path / "file")


def test_a_day_without_executions_is_a_file_with_a_header_only(tmp_path: Path) -> None:
    config = replace(
        DIRTY, executions_per_day=0, sequence_habits=0, time_habits=0, conditional_habits=0,
        schedules=0,
    )  # fmt: skip
    for file_format in ("csv.gz", "ndjson", "parquet"):
        summary = write(config, tmp_path / file_format, file_format=file_format)
        assert (summary.executions, summary.rows) == (0, 0)
    header = gzip.decompress((tmp_path / "csv.gz" / f"{config.first_day}.csv.gz").read_bytes())
    assert header.decode() == ",".join(GENERATED_SCHEMA.names) + "\n"
