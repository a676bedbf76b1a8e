"""The sources file: every setting works, and every mistake in it is one clear sentence."""

from datetime import date
from pathlib import Path
from uuid import uuid5

import pytest

from usage_pipeline.errors import InputError, UsageError
from usage_pipeline.identity import ROOT_NAMESPACE
from usage_pipeline.sources.config import (
    SourceConfig,
    files_source,
    github_source,
    read_sources_file,
)

from .reading import HEADER, csv_of, read, row, write

YAML = """
sources:
  - name: own
    path: exports/{day}.csv
    columns: {user_id: login, trigger_type: null}
    statuses: {Exploded: failed}
    default_trigger: scheduled
    timezone: Europe/Berlin
    since: 2024-01-01
    until: 2024-06-30
  - name: ci
    kind: github_actions
    path: [s3://bucket/runs/*.json]
"""
TOML = """
[[sources]]
name = "own"
path = "exports/{day}.csv"
columns = {user_id = "login"}
since = 2024-01-01
until = 2024-06-30
"""


@pytest.mark.parametrize(("name", "text"), [("sources.yaml", YAML), ("sources.toml", TOML)])
def test_a_file_declares_sources(tmp_path: Path, name: str, text: str) -> None:
    own = read_sources_file(write(tmp_path / name, text))[0]
    assert own.columns["user_id"] == "login"
    assert own.paths == (str(tmp_path / "exports/{day}.csv"),)
    assert own.by_day
    days = (date(2023, 12, 31), date(2024, 1, 1), date(2024, 6, 30), date(2024, 7, 1))
    assert [own.expects(day) for day in days] == [False, True, True, False]


def test_a_url_stays_as_it_is(tmp_path: Path) -> None:
    ci = read_sources_file(write(tmp_path / "sources.yaml", YAML))[1]
    assert ci.paths == ("s3://bucket/runs/*.json",)
    assert ci.expects(date(1999, 1, 1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "declares no sources: it needs a list named sources."),
        ("sources: []", "declares no sources"),
        (
            "sources: [{name: a}]",
            "Source 1 of sources.yaml is not valid: it: a source of the kind files needs a path.",
        ),
        ("- {name: a, path: x, paht: y}", "paht: Extra inputs are not permitted."),
        ("- {name: a, path: x}\n- {name: a, path: y}", "two sources named 'a': rename one."),
        ("- {name: a/b, path: x}", "name: String should match pattern"),
        ("- {name: a, path: x, timezone: Mars}", "timezone: 'Mars' is no time zone"),
        ("- {name: a, path: x, columns: {user: y}}", "columns.user"),
        ("- {name: a, path: x, statuses: {ok: fine}}", "statuses.ok"),
        ("- {name: a, path: x, since: 2024-02-01, until: 2024-01-01}", "until is before since"),
        ("- {name: a, path: 'x{day:%H}'}", "uses %H"),
        ("- {name: a, path: 'x{day:%Y-%m}'}", "does not tell the day"),
        ("- {name: a, path: 'x{day'}", "is not written {day}"),
        ("- {name: a, path: [x, 'y{day}']}", "either all paths have {day}, or none"),
        ("- {name: a, path: x, delimiter: '\"'}", "delimiter: it must be one ASCII character"),
        ("- {name: a, path: x, delimiter: '§'}", "delimiter: it must be one ASCII character"),
        ("- {name: a, path: []}", "path: it is empty."),
        ("- just text", "Source 1 of sources.yaml is not valid"),
        ("a: [", "cannot be read as a sources file"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sources.yaml", text)
    with pytest.raises(UsageError) as error:
        read_sources_file(Path("sources.yaml"))
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no sources file .*none\.yaml"):
        read_sources_file(tmp_path / "none.yaml")


def test_the_builders_of_the_command_line(tmp_path: Path) -> None:
    assert files_source(["a.csv"]) == SourceConfig(name="files", path="a.csv")
    github = github_source(["a", "b"], name="ci", default_user="bot")
    assert (github.kind, github.paths, github.default_user) == ("github_actions", ("a", "b"), "bot")
    with pytest.raises(UsageError, match=r"The source 'a b' is not valid: name"):
        files_source(["a.csv"], name="a b")


def test_columns_are_found_by_their_usual_names_or_by_the_mapping(tmp_path: Path) -> None:
    header = "Execution ID,userName,dag_id,started-at,STATE,login"
    values = "1,ann,build,2024-03-01T10:00:00Z,ok,bob"
    assert read(tmp_path, csv_of(values, header=header)).only["source_user_id"] == "ann"
    mapped = read(tmp_path, csv_of(values, header=header), columns={"user_id": "login"}).only
    assert mapped["source_user_id"] == "bob"


def test_a_mapped_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'kosten', which the source 'test' maps to co"):
        read(tmp_path, csv_of(row()), columns={"cost": "kosten"})


def test_a_column_may_be_left_out_though_it_is_there(tmp_path: Path) -> None:
    found = read(tmp_path, csv_of(row(trigger="moon")), columns={"trigger_type": None}).only
    assert found["trigger_type"] is None


def test_defaults_fill_what_rows_leave_out(tmp_path: Path) -> None:
    content = csv_of(row("1", user="", trigger=""), row("2"))
    found = read(tmp_path, content, default_user="nobody", default_trigger="scheduled")
    assert [each["source_user_id"] for each in found.accepted] == ["nobody", "ann"]
    assert [each["trigger_type"] for each in found.accepted] == ["scheduled", "manual"]
    assert found.accepted[0]["user_id"] != found.accepted[1]["user_id"]
    without = read(tmp_path, "id,workflow,start,status\n1,b,2024-03-01,ok\n", default_user="me")
    assert without.only["source_user_id"] == "me"


def test_statuses_and_triggers_can_be_mapped_over_the_usual_ones(tmp_path: Path) -> None:
    content = csv_of(row("1", status="Went Boom"), row("2", status="skipped", trigger="Moon phase"))
    found = read(
        tmp_path,
        content,
        statuses={"went boom": "failed", "SKIPPED": "completed"},
        triggers={"moon-phase": "scheduled"},
    )
    assert [each["status"] for each in found.accepted] == ["failed", "completed"]
    assert [each["source_status"] for each in found.accepted] == ["Went Boom", "skipped"]
    assert found.accepted[1]["trigger_type"] == "scheduled"


def test_times_without_an_offset_are_in_the_zone_of_the_source(tmp_path: Path) -> None:
    content = csv_of(row("1", start="2024-03-01 00:30:00"), row("2", start="2024-03-01T00:30:00Z"))
    found = read(tmp_path, content, timezone="Europe/Berlin")
    by_id = {each["source_id"]: each for each in found.accepted}
    assert by_id["1"]["execution_date"] == date(2024, 2, 29)
    assert by_id["2"]["execution_date"] == date(2024, 3, 1)
    berlin = read(tmp_path, content, timezone="Europe/Berlin", zone="Europe/Berlin")
    assert {each["execution_date"] for each in berlin.accepted} == {date(2024, 3, 1)}


def test_sources_that_share_a_namespace_share_users(tmp_path: Path) -> None:
    content = csv_of(row())
    one = read(tmp_path, content, name="a.csv").only
    config = {"id_namespace": "shared"}
    two = read(tmp_path, content, **config).only
    assert one["user_id"] != two["user_id"]
    assert two["user_id"] == str(uuid5(uuid5(ROOT_NAMESPACE, "shared"), "user:ann"))
    own = str(uuid5(ROOT_NAMESPACE, "shared"))
    assert read(tmp_path, content, id_namespace=own).only["user_id"] == two["user_id"]


def test_a_header_is_all_an_empty_source_needs(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER).accepted == []
