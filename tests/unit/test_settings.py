"""Settings: what is refused, and that secrets stay secret."""

import pytest

from tests.conftest import CHECKOUT
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings, read_settings


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
