"""NDJSON files: a line is a row, and no line fails its file."""

import json
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.errors import InputError

from .reading import Outcome, read

RUN = {
    "id": 17,
    "user": "ann",
    "workflowId": "build",
    "startedAt": "2024-03-01T10:00:00Z",
    "status": "success",
}


def read_lines(folder: Path, *lines: str | dict[str, Any], **config: Any) -> Outcome:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return read(folder, "\n".join(texts), "runs.ndjson", **config)


def test_an_object_becomes_an_execution(tmp_path: Path) -> None:
    run = {**RUN, "cost": 12345678901.1234565, "input_size": 5, "error": None, "attempt": 2}
    found = read_lines(tmp_path, json.dumps(run).replace("12345678901.123457", "11.1234565")).only
    assert found["source_id"] == "17"
    assert (found["attempt"], found["input_size"]) == (2, 5)
    assert str(found["cost"]) == "11.123456"
    assert found["error_message"] is None


def test_numbers_keep_the_digits_they_are_written_with(tmp_path: Path) -> None:
    """As a float this cost would be 123456789012.12346."""
    found = read_lines(
        tmp_path, json.dumps({**RUN, "cost": 0}).replace("0}", "123456789012.123457}")
    )
    assert str(found.only["cost"]) == "123456789012.123457"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"id": 1', "it is not JSON"),
        ("[1, 2]", "it is not a JSON object"),
        ("17", "it is not a JSON object"),
        ("[" * 100_000, "it is nested too deeply"),
        ({**RUN, "user": {"login": "ann"}}, "user_id is a list or an object and not one value"),
        ({**RUN, "user": ["ann"]}, "user_id is a list or an object and not one value"),
        ({**RUN, "user": "a\0b"}, "user_id holds a NUL byte"),
        ({**RUN, "user": "\ud800"}, "user_id is not Unicode text"),
        ({**RUN, "user": None}, "user_id is missing"),
        ({**RUN, "status": True}, 'status "true" is not known'),
        ({**RUN, "cost": float("nan")}, 'cost "NaN" is not a number'),
        ({**RUN, "input_size": -1}, 'input_size "-1" is less than 0'),
        ({**RUN, "input_size": 2**63}, 'input_size "9223372036854775808" is too large'),
        (json.dumps(RUN)[:-1] + ', "input_size": 1' + "0" * 5000 + "}", "is not a whole number"),
        ({**RUN, "attempt": 0}, 'attempt "0" is less than 1'),
        ({**RUN, "attempt": 2**31}, "is greater than 2147483647"),
    ],
)
def test_a_bad_line_is_rejected_with_its_reason(
    tmp_path: Path, bad: str | dict[str, Any], reason: str
) -> None:
    found = read_lines(tmp_path, RUN, bad, {**RUN, "id": 18})
    assert [each["source_id"] for each in found.accepted] == ["17", "18"]
    assert [reason in each for each in found.reasons] == [True]
    assert found.rejected[0]["location"] == "runs.ndjson:row 2"
    text = bad if isinstance(bad, str) else json.dumps(bad)
    assert found.rejected[0]["original"] == text[:10_000]


def test_two_broken_lines_that_make_one_object_together_stay_broken(tmp_path: Path) -> None:
    whole = json.dumps(RUN)
    found = read_lines(tmp_path, RUN, whole[:7], whole[7:])
    assert (len(found.accepted), len(found.rejected)) == (1, 2)
    two_on_a_line = f'{json.dumps({**RUN, "id": 2})},"x",{json.dumps({**RUN, "id": 3})}'
    found = read_lines(tmp_path, RUN, '{"a": [', '{"b": 1}]}', two_on_a_line)
    assert (len(found.accepted), len(found.rejected)) == (1, 3)


def test_a_later_line_may_leave_out_or_add_columns(tmp_path: Path) -> None:
    found = read_lines(tmp_path, RUN, {**RUN, "id": 2, "error_message": "boom"}, {"id": 3})
    assert [each["error_message"] for each in found.accepted] == [None, "boom"]
    assert "start_time is missing" in found.reasons[0]


def test_blank_lines_are_no_rows_and_an_empty_file_has_none(tmp_path: Path) -> None:
    assert len(read_lines(tmp_path, "", RUN, "  ", "").accepted) == 1
    assert read_lines(tmp_path / "empty", "").accepted == []


def test_bytes_that_are_not_utf8_reject_their_lines_only(tmp_path: Path) -> None:
    content = json.dumps(RUN).encode() + b'\n{"id": "\xff"}'
    found = read(tmp_path, content, "runs.jsonl.gz")
    assert len(found.accepted) == 1
    assert "id is not UTF-8" in found.reasons[0]
    assert found.rejected[0]["original"] == '{"id": "\\xff"}'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (json.dumps([RUN, RUN], indent=1), "is no NDJSON: line 1 is not JSON"),
        ("id,user\n1,ann", "is no NDJSON"),
        (json.dumps({"user": "ann"}), "no column for id: it has user."),
        ("x" * 20_000_000, "has a line longer than 16,777,216 bytes"),
    ],
)
def test_a_file_that_is_no_ndjson_is_one_sentence(
    tmp_path: Path, content: str, sentence: str
) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, content, "runs.json")
    assert sentence in str(error.value)
