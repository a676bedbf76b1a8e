"""CSV files: what a user can feed ends as rows, rejected rows, or one clear sentence."""

import gzip
import json
from pathlib import Path

import pytest

from usage_pipeline.errors import InputError
from usage_pipeline.sources.reading.limits import Limits

from .reading import HEADER, csv_of, read, row, write


def test_a_row_becomes_an_execution_in_the_canonical_schema(tmp_path: Path) -> None:
    columns = (
        "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger,error_message,"
        "input_size,output_size,cost,source_status"
    )
    values = (
        "C0FFEE00-0000-0000-0000-000000000001,ann,7,Build,2024-03-01T10:00:00+02:00,"
        '2024-03-01T08:00:01.5Z,failed,cron,"no\nspace, ""left""",1,2,0.1234565,timed_out'
    )
    found = read(tmp_path, csv_of(values, header=columns)).only
    assert found["id"] == "c0ffee00-0000-0000-0000-000000000001"
    assert found["source_id"] == "C0FFEE00-0000-0000-0000-000000000001"
    assert found["source_user_id"] == "ann"
    assert found["source_workflow_id"] == "7"
    assert found["workflow_name"] == "Build"
    assert found["start_time"].isoformat() == "2024-03-01T08:00:00+00:00"
    assert (found["end_time"] - found["start_time"]).total_seconds() == 1.5
    assert (found["status"], found["source_status"]) == ("failed", "timed_out")
    assert found["trigger_type"] == "scheduled"
    assert found["error_message"] == 'no\nspace, "left"'
    assert (found["input_size"], found["output_size"]) == (1, 2)
    assert str(found["cost"]) == "0.123456"
    assert (found["source"], found["attempt"], found["updated_at"]) == ("test", 1, None)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(csv_of(row()), id="plain"),
        pytest.param("\ufeff" + csv_of(row()), id="byte order mark"),
        pytest.param(csv_of(row()).replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param(csv_of(row()).rstrip("\n"), id="no line end at the end"),
        pytest.param("\n\n" + csv_of("", row(), "", ""), id="blank lines are no rows"),
        pytest.param(csv_of(row(), "   "), id="a line of spaces is no row"),
        pytest.param(
            csv_of(row(), header=HEADER.replace("status", '" Status "')), id="quoted name"
        ),
        pytest.param(csv_of(row(trigger="")), id="no trigger"),
        pytest.param(csv_of(" 1 , ann ,build , 2024-03-01T10:00:00Z ,, SUCCESS ,"), id="spaces"),
    ],
)
def test_a_harmless_variation_loads(tmp_path: Path, content: str) -> None:
    found = read(tmp_path, content).only
    assert (found["source_id"], found["source_user_id"]) == ("1", "ann")
    assert found["status"] == "completed"


def test_gzip_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    packed = gzip.compress(f"{HEADER}\n{row('1')}\n".encode()) + gzip.compress(row("2").encode())
    path = tmp_path / "in" / "runs.csv"
    path.parent.mkdir()
    path.write_bytes(packed)
    assert len(read(tmp_path, packed).accepted) == 2


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "a.csv", "a.csv is empty: it has not even a header."),
        (b"\n\n", "a.csv", "a.csv is empty"),
        (b"", "a.csv.gz", "a.csv.gz is empty"),
        # A fixed time, or the workers of a run would name these examples differently.
        (gzip.compress(csv_of(row()).encode() * 1000, mtime=0)[:-9], "a.csv", "a.csv is cut off"),
        (gzip.compress(b"x" * 999, mtime=0)[:-8] + bytes(8), "a.csv", "a.csv is damaged"),
        (b"PK\x03\x04...", "a.csv", "a zip archive"),
        (csv_of(row()).encode("utf-16"), "a.csv", "UTF-16 text: set encoding: utf-16"),
        (csv_of(row()).replace(",", ";"), "a.csv", "separated by a semicolon"),
        ("id,id,user\n", "a.csv", "two columns named 'id'"),
        ("id,user,workflow,status\n", "a.csv", "no column for start_time: it has id, user, work"),
        ("id,workflow,start,status\n", "a.csv", "user_id: NAME (or set default_user)"),
        (b"\x00\x01,\n", "a.csv", "NUL bytes"),
        (csv_of(row(), 'x,"open', row(), row()), "a.csv", "close the quote in row 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, content: str | bytes, name: str, sentence: str
) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, content, name)
    assert sentence in str(error.value)
    assert str(error.value).endswith(".")
    assert str(tmp_path) not in str(error.value)


def test_a_file_with_only_a_header_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER).accepted == []
    assert read(tmp_path, HEADER + "\n\n").rejected == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(id=""), "id is missing"),
        (row(user="  "), "user_id is missing"),
        (row(workflow=""), "workflow_id is missing"),
        (row(status=""), "status is missing"),
        (row(start=""), "start_time is missing"),
        (row(status="exploded"), 'status "exploded" is not known: map it in statuses'),
        (row(trigger="moon"), 'trigger "moon" is not known: map it in triggers'),
        (row(start="yesterday"), 'start_time "yesterday" is not a time'),
        (row(start="2024-02-30T00:00:00Z"), "is not a time"),
        (row(start="1969-12-31T23:59:59Z"), "is not between 1970 and 2200"),
        (row(start="2200-01-01T00:00:00Z"), "is not between 1970 and 2200"),
        (row(user="a\0b"), "user_id holds a NUL byte"),
        (row(workflow="x" * 1_000_001), "workflow_id is longer than 1,000,000 bytes"),
        ("1,2,3", "it has 3 fields and not 7"),
        (row() + ",8", "it has 8 fields and not 7"),
        (row(id="", status="x"), 'id is missing; status "x" is not known: map it in statuses'),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(tmp_path: Path, bad: str, reason: str) -> None:
    found = read(tmp_path, csv_of(row("1"), bad, row("3")))
    assert [each["source_id"] for each in found.accepted] == ["1", "3"]
    assert len(found.reasons) == 1
    assert {part for part in reason.split("; ") if part not in found.reasons[0]} == set()
    assert found.rejected[0]["location"] == "runs.csv:row 2"
    assert found.rejected[0]["execution_date"].isoformat() == "2024-03-01"


def test_the_original_of_a_rejected_row_is_its_own_json(tmp_path: Path) -> None:
    found = read(tmp_path, csv_of(row("1"), row('"a ""b"" \\ \t\n"', status="?"), "", "only"))
    assert json.loads(found.rejected[0]["original"]) == {
        "id": 'a "b" \\ \t\n',
        "user_id": "ann",
        "workflow_id": "build",
        "start_time": "2024-03-01T10:00:00Z",
        "end_time": None,
        "status": "?",
        "trigger": "manual",
    }
    assert found.rejected[1]["original"] == "only"


def test_bytes_that_are_not_utf8_reject_their_rows_only(tmp_path: Path) -> None:
    lines = [
        HEADER.encode(),
        row("1", user="Jörg").encode(),
        row("2", user="Jörg").encode("latin-1"),
        row("3", workflow="naïve").encode("latin-1"),
        b"\xff,too,few",
    ]
    found = read(tmp_path, b"\n".join(lines))
    assert [each["source_user_id"] for each in found.accepted] == ["Jörg"]
    assert found.reasons == [
        "user_id is not UTF-8",
        "workflow_id is not UTF-8",
        "it has 3 fields and not 7",
    ]
    assert json.loads(found.rejected[0]["original"])["user_id"] == "J\\xf6rg"
    assert found.rejected[2]["original"] == "\\xff,too,few"


def test_nul_bytes_can_be_shown_but_not_loaded(tmp_path: Path) -> None:
    """The warehouse's text holds no NUL byte, in rejected rows neither."""
    found = read(tmp_path, csv_of(row("1"), row(user="a\0b"), "a\0b,few"))
    assert json.loads(found.rejected[0]["original"])["user_id"] == "a\0b"
    assert found.rejected[1]["original"] == "a\\x00b,few"
    assert not any("\0" in text for each in found.rejected for text in map(str, each.values()))


def test_ten_megabytes_in_one_field_reject_the_row_and_cut_its_original(tmp_path: Path) -> None:
    found = read(tmp_path, csv_of(row("1"), row("2", user="x" * 10_000_000), row("3")))
    assert len(found.accepted) == 2
    assert found.reasons == ["user_id is longer than 1,000,000 bytes"]
    assert len(found.rejected[0]["original"]) == 10_000


def test_a_row_longer_than_the_limit_fails_the_file(tmp_path: Path) -> None:
    content = csv_of(*[row()] * 1000, row(user="x" * 40_000_000), *[row()] * 1000)
    with pytest.raises(InputError, match="has a row longer than 16,777,216 bytes"):
        read(tmp_path, content)


def test_long_names_and_messages_are_cut_and_not_rejected(tmp_path: Path) -> None:
    header = f"{HEADER},workflow_name,error_message"
    found = read(tmp_path, csv_of(f"{row()},{'ü' * 300},{'x' * 20_000}", header=header)).only
    assert found["workflow_name"] == "ü" * 255
    assert found["error_message"] == "x" * 10_000


def test_a_file_that_unpacks_to_very_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "unpacked_ratio", 5)
    content = csv_of(row()) + "\n" * 80_000_000
    with pytest.raises(InputError, match="unpacks to more than 5 times its size"):
        read(tmp_path, content, "a.csv.gz")


def test_a_file_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"larger than 100 bytes: split it"):
        read(tmp_path, csv_of(*[row()] * 10), limits=Limits(file_bytes=100))


def test_rows_keep_their_numbers_across_blocks(tmp_path: Path) -> None:
    """Arrow reads ahead: broken rows must come back between the rows around them."""
    rows = [row(str(n), user="x" * 500) if n % 1000 else "broken" for n in range(1, 45_001)]
    found = read(tmp_path, csv_of(*rows))
    assert len(found.accepted) == 44_955
    places = [each["location"] for each in found.rejected]
    assert places == [f"runs.csv:row {n}" for n in range(1000, 45_001, 1000)]


def test_a_multibyte_character_may_straddle_two_chunks(tmp_path: Path) -> None:
    users = ["é" * 100 + "x" * (n % 3) for n in range(20_000)]
    content = csv_of(*(row(str(n), user=user) for n, user in enumerate(users)))
    bad = content.encode() + row("bad", user="\0").encode().replace(b"\0", b"\xe9")
    found = read(tmp_path, bad)
    assert [each["source_user_id"] for each in found.accepted] == users
    assert found.reasons == ["user_id is not UTF-8"]


def test_tab_separated_files_need_no_setting(tmp_path: Path) -> None:
    content = csv_of(row()).replace(",", "\t")
    assert read(tmp_path, content, "runs.tsv").only["source_id"] == "1"
    assert read(tmp_path, content, delimiter="\t").only["source_id"] == "1"


def test_the_record_names_the_file_its_size_and_hash(tmp_path: Path) -> None:
    import hashlib

    from usage_pipeline.sources.config import files_source
    from usage_pipeline.sources.reading.spool import open_source

    path = write(tmp_path / "a.csv.gz", csv_of(row()))
    source = open_source(files_source([str(path)]), tmp_path / "spool", "UTC")
    stored = path.read_bytes()
    assert source.inputs(source.days()[0]) == [
        {
            "file": str(path),
            "size": len(stored),
            "sha256": hashlib.sha256(stored).hexdigest(),
        }
    ]
