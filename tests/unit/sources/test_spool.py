"""Sources split by day: what days there are, what each holds, and what is not there."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig, files_source
from usage_pipeline.sources.reading.limits import Limits
from usage_pipeline.sources.reading.spool import open_source

from .reading import HEADER, csv_of, days_of, read, read_config, row, write

FIRST, SECOND, THIRD = date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3)


def at(day: date, hour: int = 10) -> str:
    return f"{day}T{hour:02}:00:00Z"


def test_one_file_is_split_by_day(tmp_path: Path) -> None:
    rows = [row("1", start=at(THIRD)), row("2", start=at(FIRST)), row("3", start=at(THIRD))]
    path = write(tmp_path / "a.csv", csv_of(*rows))
    source = open_source(files_source([str(path)]), tmp_path / "spool", "UTC")
    assert list(days_of(source)) == [(FIRST, 1, 0), (THIRD, 2, 0)]
    assert source.days(SECOND) == [THIRD]
    assert source.days(last=SECOND) == [FIRST]


def test_days_outside_of_what_is_asked_for_are_found_but_not_kept(tmp_path: Path) -> None:
    rows = [row(start=at(day)) for day in (FIRST, SECOND, THIRD)]
    path = write(tmp_path / "a.csv", csv_of(*rows))
    source = open_source(
        files_source([str(path)]), tmp_path / "spool", "UTC", first=SECOND, last=SECOND
    )
    assert source.days(SECOND, SECOND) == [SECOND]
    assert sum(batch.read_count for batch in source.read_day(SECOND)) == 1


def test_a_day_that_is_not_in_the_input_is_an_error_that_says_which_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", csv_of(row(start=at(FIRST)), row(start=at(THIRD))))
    source = open_source(files_source([str(path)]), tmp_path / "spool", "UTC")
    with pytest.raises(InputError) as error:
        source.read_day(SECOND)
    assert str(error.value) == (
        f"The source 'files' has no row of 2024-03-02 in {path}: "
        "its 2 days are from 2024-03-01 to 2024-03-03."
    )
    path = write(tmp_path / "b.csv", HEADER)
    empty = open_source(files_source([str(path)]), tmp_path / "spool", "UTC")
    with pytest.raises(InputError, match="it has no rows at all"):
        empty.inputs(FIRST)


def test_a_source_with_quiet_days_has_empty_days_between_its_first_and_last(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", csv_of(row(start=at(FIRST)), row(start=at(THIRD))))
    config = SourceConfig(name="a", path=str(path), quiet_days=True)
    source = open_source(config, tmp_path / "spool", "UTC")
    assert list(source.read_day(SECOND)) == []
    with pytest.raises(InputError):
        source.read_day(THIRD + timedelta(days=1))


def test_a_folder_a_glob_and_several_paths_hold_the_same_files(tmp_path: Path) -> None:
    write(tmp_path / "in" / "1.csv", csv_of(row("1")))
    write(tmp_path / "in" / "2.csv.gz", csv_of(row("2")))
    write(tmp_path / "in" / "deeper" / "3.ndjson", '{"id":3,"user":"a","workflow":"b",'
          '"start":"2024-03-01","status":"ok"}')  # fmt: skip
    for ignored in (".hidden.csv", "_SUCCESS", "notes.md", ".git/x.csv"):
        write(tmp_path / "in" / ignored, "nothing to read")
    for paths in (
        [str(tmp_path / "in")],
        [str(tmp_path / "in" / "*.*s*"), str(tmp_path / "in" / "deeper" / "3.ndjson")],
        [str(tmp_path / "in" / "*.csv*"), str(tmp_path / "in")],
        [f"file://{tmp_path}/in"],
    ):
        found = read_config(files_source(paths), tmp_path)
        assert sorted(each["source_id"] for each in found.accepted) == ["1", "2", "3"]


def test_files_behind_a_url_are_read_alike(tmp_path: Path) -> None:
    with fsspec.open("memory://exports/2024-03-01.csv", "wb") as file:
        file.write(csv_of(row()).encode())
    found = read_config(files_source(["memory://exports"]), tmp_path)
    assert len(found.accepted) == 1
    daily = open_source(files_source(["memory://exports/{day}.csv"]), tmp_path / "s", "UTC")
    assert list(days_of(daily)) == [(FIRST, 1, 0)]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("none.csv", r"There is no file at .*none\.csv: nothing was loaded\."),
        ("*.csv", r"There is no file at .*\*\.csv"),
        ("empty", r"There is no file at .*empty"),
        (
            "odd.xyz",
            r"odd\.xyz does not tell its format: set format to csv, ndjson, json",
        ),
        ("nosuch://x/y", r"nosuch://x/y cannot be opened"),
    ],
)
def test_an_input_that_is_not_there_is_named(tmp_path: Path, path: str, sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "odd.xyz", "?")
    where = path if "://" in path else str(tmp_path / path)
    with pytest.raises(InputError, match=sentence):
        open_source(files_source([where]), tmp_path / "spool", "UTC")


def test_a_path_that_looks_like_a_glob_but_is_a_file_is_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a[1].csv", csv_of(row()))
    assert len(read_config(files_source([str(path)]), tmp_path).accepted) == 1


class TestFilesOfADay:
    """Sources with {day} in their path."""

    def source_of(self, tmp_path: Path, **files: str) -> SourceConfig:
        for name, content in files.items():
            write(tmp_path / "in" / f"{name.strip('_').replace('_', '-')}.csv", content)
        return files_source([str(tmp_path / "in" / "{day}.csv")])

    def test_only_the_files_of_the_day_are_read(self, tmp_path: Path) -> None:
        config = self.source_of(tmp_path, _2024_03_01=csv_of(row()), _2024_03_02="not a table")
        source = open_source(config, tmp_path / "spool", "UTC")
        assert source.days() == [FIRST, SECOND]
        assert [batch.accepted.num_rows for batch in source.read_day(FIRST)] == [1]
        with pytest.raises(InputError, match=r"2024-03-02\.csv has no column for id"):
            source.read_day(SECOND)

    def test_a_missing_file_is_no_empty_day(self, tmp_path: Path) -> None:
        config = self.source_of(tmp_path, _2024_03_01=HEADER)
        source = open_source(config, tmp_path / "spool", "UTC")
        with pytest.raises(InputError, match=r"There is no file for 2024-03-02 at .*2024-03-02\.c"):
            source.read_day(SECOND)

    def test_a_file_with_only_a_header_is_an_empty_day(self, tmp_path: Path) -> None:
        config = self.source_of(tmp_path, _2024_03_01=HEADER)
        source = open_source(config, tmp_path / "spool", "UTC")
        assert source.days() == [FIRST]
        assert list(source.read_day(FIRST)) == []
        assert source.inputs(FIRST)[0]["size"] == len(HEADER)

    def test_rows_of_another_day_are_rejected_and_charged_to_the_day(self, tmp_path: Path) -> None:
        content = csv_of(row("1"), row("2", start=at(SECOND)), row("3", start="?"), "x")
        config = self.source_of(tmp_path, _2024_03_01=content)
        found = read_config(config, tmp_path)
        assert len(found.accepted) == 1
        assert found.reasons[0] == "it starts on 2024-03-02 and not on the day of its file"
        assert {each["execution_date"] for each in found.rejected} == {FIRST}
        assert len(found.rejected) == 3

    def test_a_day_without_one_good_row_is_still_accounted_for(self, tmp_path: Path) -> None:
        config = self.source_of(tmp_path, _2024_03_01=csv_of(row(start="?"), "x,y"))
        found = read_config(config, tmp_path)
        assert (len(found.accepted), len(found.rejected)) == (0, 2)


def test_rejected_rows_are_charged_to_the_nearest_day_before(tmp_path: Path) -> None:
    rows = [
        row(start="first?"),
        "broken",
        row("1", start=at(SECOND)),
        row(start="second?"),
        row("2", start=at(FIRST), status="bad but with a day"),
        "broken",
        row("3", start="2150-01-01T00:00:00Z"),
    ]
    latest = datetime(2024, 6, 1, tzinfo=UTC)
    found = read(tmp_path, csv_of(*rows), latest=latest)
    charged = {each["location"]: each["execution_date"] for each in found.rejected}
    assert charged == {
        "runs.csv:row 1": SECOND,
        "runs.csv:row 2": SECOND,
        "runs.csv:row 4": SECOND,
        "runs.csv:row 5": FIRST,
        "runs.csv:row 6": FIRST,
        "runs.csv:row 7": FIRST,
    }


def test_a_file_in_which_no_start_can_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, csv_of(row(start="01/02/2024"), row(start="02/02/2024")))
    assert str(error.value).startswith("No row of runs.csv has a start_time that can be read")
    assert 'runs.csv:row 1: start_time "01/02/2024" is not a time' in str(error.value)
    late = csv_of(*[row(start="?", user="x" * 100)] * 150_000, row())
    with pytest.raises(InputError, match="No row of runs"):
        read(tmp_path, late, limits=Limits(row_bytes=1 << 20))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                row(start=at(FIRST)),
                row(start=at(THIRD)),
                row(start=at(SECOND), status="?"),
                row(start="?"),
                row(user=""),
                "broken,row",
                row() + ",too,many",
                "",
            ]
        ),
        max_size=30,
    )
)
def test_every_row_is_accepted_or_rejected_exactly_once(tmp_path: Path, rows: list[str]) -> None:
    count = sum(map(bool, rows))
    if count and not any("2024" in each for each in rows if "many" not in each):
        with pytest.raises(InputError, match="No row of runs"):
            read(tmp_path, csv_of(*rows))
        return
    found = read(tmp_path, csv_of(*rows))
    assert len(found.accepted) + len(found.rejected) == count
    numbers = [int(each["location"].rpartition(" ")[2]) for each in found.rejected]
    expected = [
        place
        for place, each in enumerate(filter(None, rows), start=1)
        if each not in (row(start=at(FIRST)), row(start=at(THIRD)))
    ]
    assert sorted(numbers) == expected


def test_many_days_in_any_order_come_back_whole(tmp_path: Path) -> None:
    days = [FIRST + timedelta(days=n * 7919 % 400) for n in range(20_000)]
    rows = [row(str(n), start=at(day)) for n, day in enumerate(days)]
    found = read(tmp_path, csv_of(*rows))
    assert len(found.accepted) == 20_000
    assert [each["source_id"] for each in found.accepted] == [
        str(n) for n in sorted(range(20_000), key=lambda n: days[n])
    ]


@pytest.mark.parametrize(
    ("name", "accepted", "rejected", "days"),
    [
        ("gha_pulumi_ci", 12_763, 0, 353),
        ("genai_alibaba_lora", 26_823, 0, 24),
        ("hpc_llnl_atlas", 43_745, 33, 194),
    ],
)
def test_real_executions(
    real_data: Path, tmp_path: Path, name: str, accepted: int, rejected: int, days: int
) -> None:
    found = read_config(files_source([str(real_data / name)]), tmp_path)
    assert (len(found.accepted), len(found.rejected)) == (accepted, rejected)
    dates = [each["execution_date"] for each in found.accepted + found.rejected]
    assert len(set(dates)) == days
    assert {each["reason"] for each in found.rejected} <= {"user_id is missing"}
