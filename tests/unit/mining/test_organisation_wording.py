"""What the organisation is told, word for word."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from usage_pipeline.mining.insights.wording import organisation_insight_in_words


def _id(number: int) -> UUID:
    return UUID(int=number)


def _row(kind: str, **changed: Any) -> dict[str, Any]:
    row = {
        "insight_type": kind,
        "workflow_id": _id(1),
        "workflow_name": "Import",
        "workflow_ids": None,
        "workflow_names": None,
        "user_count": 3,
        "execution_count": 1234,
        "success_rate_fraction": 0.5,
        "last_used_date": date(2026, 1, 2),
    }
    return row | changed


@pytest.mark.parametrize(
    ("row", "subject", "message"),
    [
        (
            _row("valuable", workflow_name='Say "hi"', user_count=1, execution_count=1),
            "\"Say 'hi'\"",
            "\"Say 'hi'\" is valuable: 1 user ran it 1 time in the last 7 days",
        ),
        (
            _row("valuable"),
            '"Import"',
            '"Import" is valuable: 3 users ran it 1234 times in the last 7 days',
        ),
        (
            _row("fix_this", execution_count=40),
            '"Import"',
            '"Import" fails often: 50% of 40 finished runs succeeded in the last 30 days. Fix it',
        ),
        (
            _row("fix_this", execution_count=1000, success_rate_fraction=0.004),
            '"Import"',
            '"Import" fails often: less than 1% of 1000 finished runs succeeded in the last 30 '
            "days. Fix it",
        ),
        (
            _row("retire_this", workflow_name=None, user_count=7),
            '"workflow 00000000"',
            'Nobody has run "workflow 00000000" since 2026-01-02; 7 users used it before. '
            "Retire it?",
        ),
        (
            _row(
                "automate_this",
                workflow_id=None,
                workflow_name=None,
                workflow_ids=[_id(2), _id(1), _id(9)],
                workflow_names=["Report", 'Say "hi"', None],
                user_count=4,
                execution_count=30,
            ),
            '"Report" → "Say \'hi\'" → "workflow 00000000"',
            '4 users run "Report" → "Say \'hi\'" → "workflow 00000000" again and again '
            "(30 times in the last 28 days). Automate it for everyone?",
        ),
    ],
)
def test_an_insight_of_the_organisation_is_one_sentence(
    row: dict[str, Any], subject: str, message: str
) -> None:
    assert organisation_insight_in_words(row) == {"subject": subject, "message": message}


def test_a_type_without_a_sentence_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a sentence for insights of type other"):
        organisation_insight_in_words(_row("other"))
