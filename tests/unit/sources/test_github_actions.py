"""GitHub's "list workflow runs" answer in every shape it is exported in."""

import json
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.errors import InputError

from .reading import Outcome, read, write


def run(**changes: Any) -> dict[str, Any]:
    return {
        "id": 8000161341,
        "name": "Nightly",
        "event": "schedule",
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 505,
        "run_attempt": 1,
        "created_at": "2024-02-22T06:03:12Z",
        "run_started_at": "2024-02-22T13:00:07Z",
        "updated_at": "2024-02-22T13:00:58Z",
        "actor": {"login": "ann", "id": 1},
        "triggering_actor": {"login": "bob", "id": 2},
        "pull_requests": [],
        **changes,
    }


def read_export(folder: Path, content: str, name: str = "runs.json") -> Outcome:
    return read(folder, content, name, kind="github_actions")


def read_run(folder: Path, **changes: Any) -> dict[str, Any]:
    return read_export(folder, json.dumps([run(**changes)])).only


RUNS = [run(id=1), run(id=2), run(id=3)]
PAGES = [
    {"total_count": 3, "workflow_runs": RUNS[:2]},
    {"total_count": 3, "workflow_runs": RUNS[2:]},
]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps({"total_count": 3, "workflow_runs": RUNS}), id="one answer"),
        pytest.param(
            json.dumps({"workflow_runs": RUNS, "total": {"a": [1]}}, indent=2), id="indented"
        ),
        pytest.param(json.dumps(PAGES), id="list of pages"),
        pytest.param(json.dumps([RUNS[:1], RUNS[1:]]), id="list of lists"),
        pytest.param("".join(json.dumps(page) for page in PAGES), id="pages without a break"),
        pytest.param("\n".join(json.dumps(page) for page in PAGES), id="a page a line"),
        pytest.param("\n".join(json.dumps(each) for each in RUNS) + "\n", id="a run a line"),
        pytest.param(json.dumps(RUNS), id="bare list of runs"),
    ],
)
@pytest.mark.parametrize("name", ["runs.json", "runs.json.gz"])
def test_every_shape_of_an_export_holds_the_same_runs(
    tmp_path: Path, content: str, name: str
) -> None:
    found = read_export(tmp_path, content, name)
    assert [each["source_id"] for each in found.accepted] == ["1", "2", "3"]
    assert not found.rejected


def test_a_folder_of_pages_is_one_source(tmp_path: Path) -> None:
    write(tmp_path / "in" / "1.json", json.dumps(PAGES[0]))
    write(tmp_path / "in" / "deeper" / "2.json.gz", json.dumps(PAGES[1]))
    write(tmp_path / "in" / "README.md", "not a page")
    found = read_export(tmp_path, json.dumps(PAGES[0]), "1.json")
    assert len(found.accepted) == 2
    from usage_pipeline.sources.config import github_source

    from .reading import read_config

    assert len(read_config(github_source([str(tmp_path / "in")]), tmp_path).accepted) == 3


def test_a_run_becomes_an_execution(tmp_path: Path) -> None:
    found = read_run(tmp_path)
    assert found["source_user_id"] == "ann"
    assert (found["source_workflow_id"], found["workflow_name"]) == ("505", "Nightly")
    assert found["start_time"].isoformat() == "2024-02-22T13:00:07+00:00"
    assert found["end_time"].isoformat() == "2024-02-22T13:00:58+00:00"
    assert found["updated_at"] == found["end_time"]
    assert (found["status"], found["source_status"]) == ("completed", "success")
    assert (found["trigger_type"], found["attempt"]) == ("scheduled", 1)


@pytest.mark.parametrize(
    ("status", "conclusion", "ours", "ended"),
    [
        ("completed", "success", "completed", True),
        ("completed", "neutral", "completed", True),
        ("completed", "failure", "failed", True),
        ("completed", "timed_out", "failed", True),
        ("completed", "startup_failure", "failed", True),
        ("completed", "cancelled", "cancelled", True),
        ("completed", "skipped", "cancelled", True),
        ("completed", "stale", "cancelled", True),
        ("completed", "action_required", "started", False),
        ("in_progress", None, "started", False),
        ("queued", "", "started", False),
        ("waiting", None, "started", False),
    ],
)
def test_only_what_has_ended_has_an_end(
    tmp_path: Path, status: str, conclusion: str | None, ours: str, ended: bool
) -> None:
    found = read_run(tmp_path, status=status, conclusion=conclusion)
    assert found["status"] == ours
    assert found["source_status"] == (conclusion or status)
    assert (found["end_time"] is not None) == ended


@pytest.mark.parametrize(
    ("event", "trigger"),
    [
        ("schedule", "scheduled"),
        ("workflow_dispatch", "manual"),
        ("workflow_run", "chained"),
        ("dynamic", "chained"),
        ("repository_dispatch", "api"),
        ("push", "api"),
        ("pull_request", "api"),
        ("an_event_of_next_year", "api"),
        (None, None),
    ],
)
def test_the_event_tells_the_trigger(tmp_path: Path, event: str, trigger: str) -> None:
    assert read_run(tmp_path, event=event)["trigger_type"] == trigger


def test_what_a_bot_causes_is_no_persons_doing(tmp_path: Path) -> None:
    bot = {"login": "renovate[bot]", "id": 3}
    for event, trigger in (("push", "chained"), ("schedule", "scheduled"), ("odd", "chained")):
        found = read_run(tmp_path, event=event, actor=bot)
        assert (found["trigger_type"], found["source_user_id"]) == (trigger, "renovate[bot]")
    alone = read_run(tmp_path, actor=None, triggering_actor=bot, event="push")
    assert alone["trigger_type"] == "chained"
    assert read_run(tmp_path, triggering_actor=bot, event="push")["trigger_type"] == "api"


def test_attempts_are_executions_of_their_own(tmp_path: Path) -> None:
    found = read_export(tmp_path, json.dumps([run(run_attempt=1), run(run_attempt=2)]))
    assert [each["attempt"] for each in found.accepted] == [1, 2]
    assert len({each["id"] for each in found.accepted}) == 2
    assert len({each["source_id"] for each in found.accepted}) == 1


def test_what_is_not_there_is_taken_from_what_is(tmp_path: Path) -> None:
    found = read_run(tmp_path, actor=None, run_started_at=None, run_attempt=None)
    assert found["source_user_id"] == "bob"
    assert found["start_time"].isoformat() == "2024-02-22T06:03:12+00:00"
    assert found["attempt"] == 1


def test_an_update_before_the_start_is_no_end(tmp_path: Path) -> None:
    assert read_run(tmp_path, updated_at="2024-02-22T13:00:00Z")["end_time"] is None


def test_runs_that_cannot_be_loaded_are_rejected(tmp_path: Path) -> None:
    runs = [
        run(),
        run(actor=None, triggering_actor=None),
        run(conclusion=None),
        17,
        run(updated_at="soon"),
        run(name="\ud800"),
    ]
    found = read_export(tmp_path, json.dumps(runs))
    assert [each["workflow_name"] for each in found.accepted] == [run()["name"], "\ufffd"]
    assert "user_id is missing" in found.reasons[0]
    assert 'status "completed" is not known' in found.reasons[1]
    assert found.reasons[2] == "it is not a JSON object"
    assert found.reasons[3].count("soon") == 1
    assert json.loads(found.rejected[0]["original"])["workflow_id"] == "505"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "runs.json is empty"),
        ("  \n", "runs.json is empty"),
        ('{"message": "Not Found"}', "holds no workflow_runs, only message"),
        ("{}", "only an empty object"),
        (json.dumps(RUNS)[:-5], "is not JSON: it is cut off or broken"),
        (json.dumps(RUNS)[:-1], "']' is expected"),
        ('{"workflow_runs": [{]}', "is not JSON"),
        ('{"workflow_runs": [] ,, }', "a name is expected"),
        ("<html>", "is not JSON"),
        ('[{"id": ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_export_is_one_sentence(
    tmp_path: Path, content: str, sentence: str
) -> None:
    with pytest.raises(InputError) as error:
        read_export(tmp_path, content)
    assert sentence in str(error.value)


def test_an_export_without_runs_is_empty(tmp_path: Path) -> None:
    assert read_export(tmp_path, '{"total_count": 0, "workflow_runs": []}').accepted == []


def test_a_long_answer_is_read_in_pieces(tmp_path: Path) -> None:
    runs = [run(id=n, head_commit={"message": "é" * 300}) for n in range(20_000)]
    found = read_export(tmp_path, json.dumps({"workflow_runs": runs}, ensure_ascii=False))
    assert [each["source_id"] for each in found.accepted] == [str(n) for n in range(20_000)]


def test_real_runs_are_all_accepted(real_data: Path, tmp_path: Path) -> None:
    from usage_pipeline.sources.config import github_source

    from .reading import read_config

    found = read_config(github_source([str(real_data / "github_rest")]), tmp_path)
    assert (len(found.accepted), len(found.rejected)) == (101, 0)
    assert {each["trigger_type"] for each in found.accepted} == {"scheduled", "manual"}
