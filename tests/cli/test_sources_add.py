"""`sources add`: what is asked for comes into the sources file, and no secret does."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from usage_pipeline.cli.main import app
from usage_pipeline.errors import UsageError
from usage_pipeline.sources.adding import QUESTIONS
from usage_pipeline.sources.config import read_sources_file

_ANSWERS = {
    "files": "runs/{day}.csv\n\n",
    "github_actions": "acme\n\n\n",
    "airflow": "https://airflow.example.org\n\n\n\n",
    "prefect": "https://prefect.example.org\n\n",
    "dagster": "https://dagster.example.org\n\n",
    "n8n": "https://n8n.example.org\n\n\n",
    "sql": "sqlite:///runs.db\nselect * from runs where a >= :day_start and a < :day_end\n",
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources file of a home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USAGE_HOME", str(tmp_path))
    return tmp_path / "sources.yaml"


def add(*arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(app, ["sources", "add", *arguments], input=answers)


@pytest.mark.parametrize("kind", list(QUESTIONS))
def test_a_source_of_each_kind_is_declared_by_answering(file: Path, kind: str) -> None:
    result = add(kind, answers=_ANSWERS[kind])
    assert result.exit_code == 0, result.output
    assert f"{kind} is declared in {file}." in result.output
    (source,) = read_sources_file(file)
    assert (source.name, source.kind) == (kind, kind)
    assert [each.name for each in file.parent.iterdir()] == ["sources.yaml"]


@pytest.mark.parametrize(
    "before",
    ["", "# ours\n- {name: a, path: 'a/{day}.csv'}", "sources:\n  - {name: a, path: x.csv}\n"],
)
def test_what_stands_in_the_file_stays(file: Path, before: str) -> None:
    if before:
        file.write_text(before)
    arguments = ["--set", "url=https://p.example.org", "--set", "default_user=müller"]
    assert add("prefect", "--name", "flows", *arguments).exit_code == 0
    assert file.read_text().startswith(before)
    names = [source.name for source in read_sources_file(file)]
    assert names == (["a", "flows"] if before else ["flows"])
    assert read_sources_file(file)[-1].default_user == "müller"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mainframe"], "'mainframe' is no kind of source: it is files, github_actions"),
        (["prefect", "--set", "url"], "--set url sets nothing"),
        (["prefect", "--set", "token=x"], "token is no key that prefect is asked for"),
        (["n8n", "--set", "token=secret"], "The token is not written into a file"),
        (["prefect", "--name", "a"], "two sources named 'a'"),
        (
            ["github_actions", *(f"--set={key}=" for key in ("organisation", "repositories"))],
            "declare an organisation, or a list",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(
    file: Path, arguments: list[str], sentence: str
) -> None:
    text = "- {name: a, path: 'a/{day}.csv'}\n"
    file.write_text(text)
    result = add(*arguments, answers="${ANSWER}\n\n\n\n")
    assert isinstance(result.exception, UsageError)
    assert sentence in str(result.exception)
    assert str(file.parent / ".sources") not in str(result.exception)
    assert file.read_text() == text
    assert [each.name for each in file.parent.iterdir()] == ["sources.yaml"]


def test_toml_is_left_to_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USAGE_SOURCES_FILE", str(tmp_path / "all.toml"))
    result = add("prefect", "--set", "url=https://x", "--set", "default_user=x")
    assert "is TOML: declare the source there by hand" in str(result.exception)
