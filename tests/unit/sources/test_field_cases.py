"""Inputs as people really have them, each after something that failed in the field."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tests.unit.sources.reading import Outcome, read_config
from usage_pipeline.errors import UsageError
from usage_pipeline.sources.config import SourceConfig, read_sources_file
from usage_pipeline.sources.conform.vocabulary import STATUS_WORDS, plain_word
from usage_pipeline.sources.reading.spool import open_source

_HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status"
_LATEST = datetime(2026, 12, 1, tzinfo=UTC)


def _read(folder: Path, content: str | bytes, name: str = "runs.csv", **declared: Any) -> Outcome:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    config = SourceConfig(name="s", path=str(path), **declared)
    return read_config(config, folder, latest=_LATEST)


def _warnings(folder: Path, content: str, name: str = "runs.csv", **declared: Any) -> list[str]:
    path = folder / name
    path.write_text(content)
    source = open_source(SourceConfig(name="s", path=str(path), **declared), folder / "w", "UTC")
    records = [record for day in source.days() for record in source.inputs(day)]
    return list(dict.fromkeys(text for each in records for text in each.get("warnings", [])))


def _row(name: str = "1", **fields: str) -> str:
    values = {
        "id": name,
        "user_id": "mara",
        "workflow_id": "w1",
        "workflow_name": "Invoices",
        "start_time": "2026-05-04T08:00:00Z",
        "end_time": "2026-05-04T08:01:00Z",
        "status": "success",
    }
    return ",".join({**values, **fields}.values())


@pytest.mark.parametrize("delimiter", [";", ","])
def test_excels_line_that_names_the_separator_is_not_the_header(
    tmp_path: Path, delimiter: str
) -> None:
    lines = ["\ufeffsep=;", _HEADER, _row("1"), _row("2", status="failed")]
    text = "\r\n".join(lines).replace(",", ";")
    found = _read(tmp_path, text, delimiter=delimiter)
    assert [(each["source_id"], each["status"]) for each in found.accepted] == [
        ("1", "completed"),
        ("2", "failed"),
    ]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("epoch_s", "1777881600.123456"),
        ("epoch_ms", "1777881600123.456"),
        ("epoch_us", "1777881600123456"),
        ("epoch_ns", "1777881600123456789"),
    ],
)
def test_epochs_of_every_unit_are_the_same_instant(tmp_path: Path, form: str, text: str) -> None:
    found = _read(
        tmp_path, f"{_HEADER}\n{_row(start_time=text, end_time='')}", timestamp_format=form
    )
    assert found.only["start_time"] == datetime(2026, 5, 4, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("form", ["epoch_h", "epoch", "dd.mm.yyyy", "%H:%M", "%Q"])
def test_a_format_that_cannot_be_one_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match="timestamp_format"):
        SourceConfig(name="s", path="a.csv", timestamp_format=form)


def test_a_zone_name_in_the_text_counts_and_one_that_is_not_known_is_refused(
    tmp_path: Path,
) -> None:
    rows = [
        _row("1", start_time="30.06.2026 23:30:00 UTC", end_time=""),
        _row("2", start_time="30.06.2026 23:30:00 CET", end_time=""),
    ]
    found = _read(
        tmp_path,
        "\n".join([_HEADER, *rows]),
        timezone="Europe/Berlin",
        timestamp_format="%d.%m.%Y %H:%M:%S %Z",
    )
    assert [each["start_time"] for each in found.accepted] == [
        datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    ]
    assert "of zone names only UTC and GMT are known" in found.reasons[0]


def test_words_for_missing_values_are_no_ids_and_no_names(tmp_path: Path) -> None:
    rows = [
        _row("1", user_id="NULL"),
        _row("2", user_id="None"),
        _row("3", workflow_id="nan"),
        _row("\\N"),
        _row("5", workflow_name="\\N"),
    ]
    found = _read(tmp_path, "\n".join([_HEADER, *rows]))
    assert [(each["source_id"], each["workflow_name"]) for each in found.accepted] == [("5", None)]
    assert found.reasons == [
        "user_id is missing", "user_id is missing", "workflow_id is missing", "id is missing",
    ]  # fmt: skip


def test_the_words_of_a_source_are_missing_values_in_every_column(tmp_path: Path) -> None:
    text = f"{_HEADER}\n{_row(end_time='NaT', workflow_name='-')}\n{_row('2', user_id='None')}"
    found = _read(tmp_path, text, nulls=["NaT", "-"])
    assert [(each["end_time"], each["workflow_name"]) for each in found.accepted] == [
        (None, None),
        (datetime(2026, 5, 4, 8, 1, tzinfo=UTC), "Invoices"),
    ]
    assert found.accepted[1]["source_user_id"] == "None"


def test_a_file_in_another_encoding_is_read_as_declared_and_said_once_otherwise(
    tmp_path: Path,
) -> None:
    text = "\n".join([_HEADER, _row("1", user_id="jörg"), _row("2", workflow_name="Prüfung €")])
    found = _read(tmp_path, text.encode("cp1252"), encoding="cp1252")
    assert [(each["source_user_id"], each["workflow_name"]) for each in found.accepted] == [
        ("jörg", "Invoices"),
        ("mara", "Prüfung €"),
    ]
    assert len(_read(tmp_path, text.encode("utf-16"), encoding="utf-16").accepted) == 2
    (tmp_path / "x").mkdir()
    path = tmp_path / "x" / "runs.csv"
    path.write_bytes("\n".join([text, _row("3")]).encode("cp1252"))
    source = open_source(SourceConfig(name="s", path=str(path)), tmp_path / "w", "UTC")
    (record,) = source.inputs(source.days()[0])
    assert [text for text in record["warnings"] if "encoding: cp1252" in text] == record["warnings"]
    with pytest.raises(ValueError, match="is not an encoding"):
        SourceConfig(name="s", path="a.csv", encoding="utf-9")


@pytest.mark.parametrize("folder", ["runs [prod]", "a?b", "2026*", "[!x]"])
def test_folders_may_be_called_like_patterns(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    (place / "2026-05-04.csv").write_text(f"{_HEADER}\n{_row()}")
    for number, path in enumerate(["2026-05-04.csv", "", "{day}.csv", "*.csv"]):
        config = SourceConfig(name="s", path=str(place / path))
        assert len(read_config(config, tmp_path / str(number)).accepted) == 1, path


def test_an_escape_character_may_be_declared(tmp_path: Path) -> None:
    row = _row(workflow_name='"said \\"no\\", then"')
    found = _read(tmp_path, f"{_HEADER}\n{row}", escape="\\")
    assert found.only["workflow_name"] == 'said "no", then'


def test_whole_numbers_of_every_type_are_one_id(tmp_path: Path) -> None:
    start = pa.array([datetime(2026, 5, 4, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    ids = []
    for number, (kind, value) in enumerate(
        [(pa.int64(), 7001), (pa.decimal128(38, 10), Decimal(7001)), (pa.float64(), 7001.0)]
    ):
        table = pa.table(
            {
                **dict.fromkeys(("id", "user_id", "workflow_id"), pa.array([value], kind)),
                "start_time": start,
                "status": ["ok"],
            }
        )
        path = tmp_path / f"{number}.parquet"
        parquet.write_table(table, path)
        config = SourceConfig(name="s", path=str(path))
        ids.append(read_config(config, tmp_path / f"spool-{number}").only)
    rows = (_row("7001.0", workflow_id="7001.00"), _row("7001", workflow_id="7001"))
    ids += [_read(tmp_path, f"{_HEADER}\n{row}").only for row in rows]
    assert len({each["id"] for each in ids}) == 1
    assert {each["source_id"] for each in ids} == {"7001"}
    assert {each["source_workflow_id"] for each in ids} == {"7001"}


def test_a_failed_run_is_not_lost_for_its_error_text(tmp_path: Path) -> None:
    run = {
        "id": "1", "user_id": "mara", "workflow_id": "w", "start_time": "2026-05-04T08:00:00Z",
        "status": "failed",
    }  # fmt: skip
    messages: list[Any] = ["a\0b", "half \ud800", {"code": 5}, ["x"], "y" * 3_000_000]
    lines = [
        json.dumps({**run, "id": str(n), "error": message}) for n, message in enumerate(messages)
    ]
    found = _read(tmp_path, "\n".join(lines), "runs.ndjson")
    assert [each["error_message"] for each in found.accepted] == [
        "ab", "half \ufffd", None, None, "y" * 10_000,
    ]  # fmt: skip


def test_ends_before_their_start_do_not_lose_the_execution(tmp_path: Path) -> None:
    start = "2026-05-04T11:00:00.500Z"
    rows = [
        _row("1", start_time=start, end_time="2026-05-04T11:00:00.499Z"),
        _row("2", start_time=start, end_time="2026-05-04T10:59:59.500Z"),
        _row("3", start_time=start, end_time="2026-05-04T10:59:59.499Z"),
    ]
    found = _read(tmp_path, "\n".join([_HEADER, *rows]))
    began = datetime(2026, 5, 4, 11, 0, 0, 500_000, tzinfo=UTC)
    assert [each["end_time"] for each in found.accepted] == [began, began, None]
    (warning,) = _warnings(tmp_path, "\n".join([_HEADER, *rows]))
    assert warning.startswith("1 row of runs.csv: an end more than a second before the start")


def test_a_run_that_waits_to_start_is_neither_loaded_nor_rejected(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "dag_id,run_id,state,queued_at,start_date,end_date,owner",
            "d1,q1,queued,2026-05-04 10:00:00+00,,,data",
            "d1,q2,success,2026-05-04 10:00:00+00,2026-05-04 10:01:00+00,,data",
            "d1,q3,failed,2026-05-04 10:00:00+00,,,data",
        ]
    )
    found = _read(tmp_path, text)
    assert [each["source_id"] for each in found.accepted] == ["q2"]
    assert found.reasons == ["start_time is missing"]


@pytest.mark.parametrize(("name", "value"), [("duration_ms", "61250.9"), ("duration_s", "61.25")])
def test_a_duration_gives_the_end_where_there_is_none(
    tmp_path: Path, name: str, value: str
) -> None:
    text = f"{_HEADER},{name}\n{_row(end_time='')},{value}\n{_row('2')},5"
    found = _read(tmp_path, text)
    lasted = [each["end_time"] - each["start_time"] for each in found.accepted]
    assert lasted[0] // timedelta(milliseconds=1) == 61_250
    assert lasted[1] == timedelta(minutes=1)


def test_a_duration_that_would_end_in_the_future_is_refused(tmp_path: Path) -> None:
    ten_years = str(10 * 366 * 86_400)
    found = _read(tmp_path, f"{_HEADER},duration_s\n{_row(end_time='')},{ten_years}")
    assert found.reasons == ["duration_s gives an end that is in the future"]


@pytest.mark.parametrize("yes", ["true", "'true'", "on", "yes", "1"])
def test_a_mapping_may_name_words_that_yaml_takes_for_booleans(tmp_path: Path, yes: str) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(f"- {{name: s, path: a.csv, statuses: {{{yes}: completed}}}}\n")
    (config,) = read_sources_file(file)
    assert config.statuses == {yes.strip("'"): "completed"}


def test_booleans_in_json_are_mapped_by_such_words(tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(
        "- {name: s, path: jobs.ndjson, columns: {status: success},"
        " statuses: {true: completed, false: failed}}\n"
    )
    run = {"user": "m", "workflow": "w", "started_at": "2026-05-04T00:00:07Z"}
    lines = [json.dumps({**run, "id": n, "success": n > 0}) for n in range(2)]
    (tmp_path / "jobs.ndjson").write_text("\n".join(lines))
    (config,) = read_sources_file(file)
    found = read_config(config, tmp_path)
    assert [each["status"] for each in found.accepted] == ["failed", "completed"]


_PAGE = {
    "data": [
        {
            "id": str(n), "status": "success", "startedAt": "2026-05-04T08:00:00.000Z",
            "workflowId": "w", "user": "m", "workflowData": {"id": "w", "name": "Sync CRM"},
        }
        for n in range(3)
    ],
    "nextCursor": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("document", "member"), [(_PAGE, "data"), ({"page": _PAGE}, "page.data"), (_PAGE["data"], None)]
)
def test_a_json_document_has_its_rows_in_a_member(
    tmp_path: Path, document: Any, member: str | None
) -> None:
    found = _read(
        tmp_path,
        json.dumps(document, indent=1),
        "page.json",
        format="json",
        rows=member,
        columns={"workflow_name": "workflowData.name"},
    )
    assert [each["workflow_name"] for each in found.accepted] == ["Sync CRM"] * 3


@pytest.mark.parametrize("indent", [None, 1])
def test_the_message_for_an_undeclared_document_says_how(
    tmp_path: Path, indent: int | None
) -> None:
    with pytest.raises(UsageError, match=r"set rows|rows: NAME"):
        _read(tmp_path, json.dumps(_PAGE, indent=indent), "page.json")
    with pytest.raises(UsageError, match="has no member 'items', which rows names: it has data"):
        _read(tmp_path, json.dumps(_PAGE), "page.json", rows="items")


def test_a_mapping_that_matches_nothing_is_said(tmp_path: Path) -> None:
    run = {
        "id": 1, "user": "m", "workflow": "w", "start": "2026-05-04T08:00:00Z", "status": "ok",
        "flow": {"title": "Sync"},
    }  # fmt: skip
    said = _warnings(
        tmp_path,
        json.dumps(run),
        "runs.ndjson",
        columns={"workflow_name": "titel", "error_message": "flow.eror", "cost": "flow.title.x"},
        statuses={"koo": "failed", "ok": "completed"},
    )
    assert said == [
        "No row of runs.ndjson has 'titel', which the source maps to workflow_name.",
        "No row of runs.ndjson has 'flow.eror', which the source maps to error_message.",
        "No row of runs.ndjson has 'flow.title.x', which the source maps to cost.",
        "No row of runs.ndjson has the status koo, which statuses maps.",
    ]


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("Running Waiting InProgress Suspended Paused QUEUED NOT_STARTED up_for_retry", "started"),
        ("deferred restarting Late AwaitingRetry CREATED KILLING SUBMITTED CANCELING", "started"),
        ("Succeeded SUCCESS Completed Cached ok done", "completed"),
        ("TimedOut timedout TIMEOUT timed_out Timed-Out CRASHED upstream_failed", "failed"),
        ("Faulted INTERNAL_ERROR QUOTA_EXCEEDED failed-with-retry error", "failed"),
        ("Cancelled CANCELED aborted KILLED Terminated Skipped STOPPED removed", "cancelled"),
    ],
)
def test_clear_words_of_common_systems_are_known_however_they_are_spelt(
    words: str, meaning: str
) -> None:
    assert {word: STATUS_WORDS.get(plain_word(word)) for word in words.split()} == dict.fromkeys(
        words.split(), meaning
    )


@pytest.mark.parametrize("word", ["unknown", "WARNING", "RETRIED", "missed", "Ignored", "none"])
def test_words_that_could_mean_two_things_are_rejected_by_name(tmp_path: Path, word: str) -> None:
    found = _read(tmp_path, f"{_HEADER}\n{_row(status=word)}")
    assert found.reasons == [f'status "{word}" is not known: map it in statuses']


@given(st.text(alphabet="aZ _-\t", min_size=1), st.sampled_from([str.upper, str.lower, str.title]))
def test_case_and_separators_never_tell_words_apart(word: str, spelling: Any) -> None:
    assert plain_word(spelling(word)) == plain_word(word)
    assert plain_word(word.replace(" ", "_")) == plain_word(word.replace("_", "-"))


def test_sentinel_dates_are_quoted_as_they_stand_in_the_file(tmp_path: Path) -> None:
    texts = ["0001-01-01T00:00:00Z", "9999-12-31 23:59:59.9999999"]
    rows = [_row(str(n), start_time=text, end_time="") for n, text in enumerate(texts)]
    found = _read(tmp_path, "\n".join([_HEADER, *rows, _row("3")]))
    assert [text in reason for text, reason in zip(texts, found.reasons, strict=True)] == [
        True,
        True,
    ]
