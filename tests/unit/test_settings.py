"""Settings: what is refused, and that secrets stay secret."""

from dataclasses import asdict

import pytest

from tests.conftest import CHECKOUT
from usage_pipeline.errors import UsageError
from usage_pipeline.mining.insights.settings import InsightSettings
from usage_pipeline.mining.patterns.usage import PatternSettings
from usage_pipeline.mining.settings import MiningThresholds
from usage_pipeline.settings import Settings, read_settings
from usage_pipeline.steps.mine import insight_settings, pattern_settings

_OF_SESSIONS_AND_SEQUENCES = (
    "sequence_window_days", "session_gap_seconds", "collapse_repeats", "shared_min_users",
)  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("USAGE_TIMEZONE", "Mars/Olympus", "USAGE_TIMEZONE is not valid: .* no time zone"),
        ("USAGE_START_DATE", "yesterday", "USAGE_START_DATE is not valid"),
        ("USAGE_SCHEDULE_TIME", "25:00", "USAGE_SCHEDULE_TIME is not valid"),
        ("USAGE_REJECTED_SHARE_LIMIT", "7", "USAGE_REJECTED_SHARE_LIMIT is not valid"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=sentence):
        read_settings()


def test_the_database_url_is_not_shown() -> None:
    settings = Settings(database_url="postgresql://me:secret@db/usage", _env_file=None)
    assert "secret" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_every_setting_says_what_it_is_for() -> None:
    undocumented = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undocumented == []


def test_the_operations_page_lists_every_setting_with_its_default() -> None:
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    missing = [name for name in Settings.model_fields if f"| `USAGE_{name.upper()}` |" not in page]
    assert missing == []


def test_mining_uses_its_own_defaults_where_nothing_is_set() -> None:
    settings = Settings(_env_file=None)
    assert insight_settings(settings) == InsightSettings()
    assert pattern_settings(settings) == PatternSettings()


@pytest.mark.parametrize(
    "name", [n for n in MiningThresholds.model_fields if n not in _OF_SESSIONS_AND_SEQUENCES]
)
def test_every_threshold_is_a_variable_that_reaches_what_is_mined(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    default = MiningThresholds.model_fields[name].default
    other = default + 1 if default >= 1 else default / 2
    monkeypatch.setenv(f"USAGE_{name.upper()}", str(other))
    settings = Settings(_env_file=None)
    found = asdict(insight_settings(settings)).items() | asdict(pattern_settings(settings)).items()
    unset = asdict(InsightSettings()).items() | asdict(PatternSettings()).items()
    assert {value for _, value in found - unset} == {other}
