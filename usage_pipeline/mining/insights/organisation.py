"""The sentences of the organisation's insights: from the numbers of the mart, in one place."""

from collections.abc import Mapping, Sequence
from typing import Any

from usage_pipeline.mining.insights.wording import clean_name, percent, quoted
from usage_pipeline.terms import MONTH_DAYS, POPULAR_DAYS, RELIABILITY_DAYS


def in_words(insight: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of `marts.organisation_insights` is about, and what it says.

    Args:
        insight: insight_type, workflow_id, workflow_name, workflow_ids, workflow_names, user_count,
            execution_count, success_rate_fraction and last_used_date of the row.

    Returns:
        `subject` and `message`.
    """
    subject = _subject(insight)
    users = _counted(insight["user_count"], "user")
    match insight["insight_type"]:
        case "valuable":
            times = _counted(insight["execution_count"], "time")
            message = (
                f"{subject} is valuable: {users} ran it {times} in the last {POPULAR_DAYS} days"
            )
        case "fix_this":
            runs = _counted(insight["execution_count"], "finished run")
            message = (
                f"{subject} fails often: {percent(insight['success_rate_fraction'])} of {runs} "
                f"succeeded in the last {RELIABILITY_DAYS} days. Fix it"
            )
        case "retire_this":
            message = (
                f"Nobody has run {subject} since {insight['last_used_date']}; "
                f"{users} used it before. Retire it?"
            )
        case "automate_this":
            times = _counted(insight["execution_count"], "time")
            message = (
                f"{users} run {subject} again and again ({times} in the last {MONTH_DAYS} days). "
                "Automate it for everyone?"
            )
        case other:
            raise ValueError(f"There is not a sentence for insights of type {other}.")
    return {"subject": subject, "message": message}


def _subject(insight: Mapping[str, Any]) -> str:
    ids: Sequence[Any] = insight["workflow_ids"] or [insight["workflow_id"]]
    names: Sequence[str | None] = insight["workflow_names"] or [insight["workflow_name"]]
    steps = zip(names, ids, strict=True)
    return " → ".join(quoted(clean_name(name, str(workflow))) for name, workflow in steps)


def _counted(count: int, one: str) -> str:
    """A count with its noun, digits not grouped."""
    return f"{count} {one if count == 1 else one + 's'}"
