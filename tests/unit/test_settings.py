"""Settings: which variables there are, what is refused, and that secrets stay secret."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.conftest import CHECKOUT
from usage_pipeline import terms
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import (
    CONSTANTS,
    RENAMED,
    Settings,
    read_settings,
    settings_table,
    variables,
)

# Another value than the default for each setting, as it is written and as it is read.
_OTHERS: dict[str, tuple[str, Any]] = {
    "USAGE_HOME": ("/srv/usage", Path("/srv/usage")),
    "USAGE_DATABASE_URL": ("postgresql://me@db/usage", "postgresql://me@db/usage"),
    "USAGE_TIMEZONE": ("Europe/Berlin", "Europe/Berlin"),
    "USAGE_START_DATE": ("2026-02-03", "2026-02-03"),
    "USAGE_SOURCES_FILE": ("all.toml", Path("all.toml")),
    "USAGE_SCHEDULE_TIME": ("23:05", "23:05"),
    "USAGE_REJECTED_SHARE_LIMIT": ("0.5", 0.5),
    "USAGE_ALERT_WEBHOOK_URL": ("https://chat.example/x", "https://chat.example/x"),
    "USAGE_WEB_PASSWORD": ("sesame", "sesame"),
    "USAGE_API_HOST": ("0.0.0.0", "0.0.0.0"),  # noqa: S104
    "USAGE_API_CORS_ORIGINS": ("*", "*"),
    "USAGE_API_RATE_LIMIT": ("5/second", "5/second"),
    "USAGE_API_BASE_PATH": ("/usage", "/usage"),
    "USAGE_API_ID_NAMESPACE": ("apps", "apps"),
    "USAGE_OIDC_ISSUER": ("https://issuer.example", "https://issuer.example"),
    "USAGE_OIDC_AUDIENCE": ("usage", "usage"),
    "USAGE_OIDC_USER_CLAIM": ("login", "login"),
    "USAGE_SESSION_COLLAPSE_REPEATS": ("false", False),
}


@pytest.fixture(autouse=True)
def _no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for each in variables():
        monkeypatch.delenv(each.name, raising=False)


def _values(model: BaseModel, prefix: str = "USAGE_") -> Iterator[tuple[str, Any]]:
    for name, value in model:
        if isinstance(value, BaseModel):
            yield from _values(value, f"{prefix}{name.upper()}_")
        else:
            shown = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            yield f"{prefix}{name.upper()}", shown


@pytest.mark.parametrize("variable", [each.name for each in variables()])
def test_every_variable_changes_its_own_setting_and_no_other(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    before = dict(_values(read_settings()))
    if variable == "USAGE_OIDC_ISSUER":
        monkeypatch.setenv("USAGE_OIDC_AUDIENCE", "usage")
        before = dict(_values(read_settings()))
    if variable in _OTHERS:
        text, value = _OTHERS[variable]
    else:
        value = before[variable] + 1
        text = str(value)
    monkeypatch.setenv(variable, text)
    after = dict(_values(read_settings()))
    changed = {name: after[name] for name in after if after[name] != before[name]}
    assert {name: str(each) for name, each in changed.items()} == {variable: str(value)}


def test_there_are_few_enough_variables_to_read_through() -> None:
    assert len(list(variables())) <= 37


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("USAGE_TIMEZONE", "Mars/Olympus", "USAGE_TIMEZONE is not valid: .* not a time zone"),
        ("USAGE_START_DATE", "yesterday", "USAGE_START_DATE is not valid"),
        ("USAGE_SCHEDULE_TIME", "25:00", "USAGE_SCHEDULE_TIME is not valid"),
        ("USAGE_REJECTED_SHARE_LIMIT", "7", "USAGE_REJECTED_SHARE_LIMIT is not valid"),
        ("USAGE_API_PORT", "http", "USAGE_API_PORT is not valid"),
        ("USAGE_API_RATE_LIMIT", "many", "USAGE_API_RATE_LIMIT is not valid: write it like"),
        ("USAGE_API", "http://127.0.0.1:8000", "^USAGE_API is not a setting: correct its name"),
        ("USAGE_SESSION_GAP_SECONDS", "0", "USAGE_SESSION_GAP_SECONDS is not valid"),
        ("USAGE_INSIGHT_PER_USER", "5", "^USAGE_INSIGHT_PER_USER is not a setting: correct its"),
        ("USAGE_OIDC_ISSUER", "https://issuer.example", "^USAGE_OIDC_ISSUER needs USAGE_OIDC_AU"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=sentence) as error:
        read_settings()
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", sorted({*RENAMED, *CONSTANTS}))
def test_a_variable_of_an_earlier_version_is_one_sentence_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(UsageError) as error:
        read_settings()
    assert str(error.value) == (
        f"{name} is called {RENAMED[name]} now: rename it."
        if name in RENAMED
        else f"{name} is a constant now and changes nothing: unset it."
    )


def test_a_variable_of_an_earlier_version_in_the_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("usage_open_days=3\n")
    with pytest.raises(UsageError, match="USAGE_OPEN_DAYS is called USAGE_UNFINISHED_DAYS now"):
        read_settings()


def test_a_former_name_names_a_setting_that_there_is() -> None:
    names = {each.name for each in variables()}
    assert set(RENAMED.values()) <= names
    assert not names & {*RENAMED, *CONSTANTS}


def test_the_client_s_variables_are_nothing_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_settings()
    monkeypatch.setenv("USAGE_API_URL", "https://usage.example")
    monkeypatch.setenv("USAGE_API_KEY", "secret")
    assert read_settings() == before


def test_a_night_looks_back_no_further_than_dbt_folds() -> None:
    Settings(lookback_days=terms.FOLD_WINDOW_DAYS - 1, _env_file=None)
    with pytest.raises(ValueError, match="lookback_days"):
        Settings(lookback_days=terms.FOLD_WINDOW_DAYS, _env_file=None)


def test_tracked_executions_are_kept_as_long_as_their_day_may_be_loaded_again() -> None:
    assert Settings(_env_file=None).tracked_days_kept == 45
    settings = Settings(retention_days=40, unfinished_days=60, _env_file=None)
    assert settings.tracked_days_kept == 100


def test_the_database_url_is_not_shown() -> None:
    settings = Settings(database_url="postgresql://me:secret@db/usage", _env_file=None)
    assert "secret" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_every_setting_says_what_it_is_for() -> None:
    assert [each.name for each in variables() if not each.description] == []


def test_no_page_and_no_message_names_a_variable_of_an_earlier_version() -> None:
    """Migrations keep what they said when they were written."""
    files = [
        *CHECKOUT.glob("*.md"),
        *(CHECKOUT / "docs").rglob("*.md"),
        *(CHECKOUT / "dbt_project").glob("m*/**/*.*"),
        *(CHECKOUT / "usage_pipeline").rglob("*.py"),
    ]
    words = {
        (file.name, word)
        for file in files
        if file != CHECKOUT / "usage_pipeline" / "settings.py"
        for word in re.findall(r"\bUSAGE_[A-Z_]+\b", file.read_text())
    }
    assert sorted(word for word in words if word[1] in {*RENAMED, *CONSTANTS}) == []


def test_the_docs_hold_the_table_of_every_setting_with_its_default() -> None:
    """`python -m usage_pipeline.settings` prints it."""
    pages = [page.read_text() for page in (CHECKOUT / "docs").rglob("*.md")]
    assert sum(settings_table() in page for page in pages) == 1


def test_nobody_else_may_read_the_folders_of_a_home(tmp_path: Path) -> None:
    home = tmp_path / "of" / "mine"
    settings = Settings(home=home, _env_file=None)
    settings.make_home()
    folders = [home, settings.dagster_home, settings.dbt_target, settings.logs]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_an_open_folder_of_an_earlier_version_is_closed_and_the_home_left_alone(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path, _env_file=None)
    tmp_path.chmod(0o755)
    settings.logs.mkdir(mode=0o755)
    settings.make_home()
    assert stat.S_IMODE(settings.logs.stat().st_mode) == 0o700
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="choose another with USAGE_HOME"):
        Settings(home=tmp_path / "file" / "home", _env_file=None).make_home()
