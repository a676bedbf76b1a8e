"""Words for what was mined: names made safe to show, counts in singular and plural, days, hours.

The sentences of the organisation's insights stand here too, made from the numbers of the mart.

Texts are plain: whoever puts them into HTML escapes them as any other text.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa

from usage_pipeline.terms import MONTH_DAYS, POPULAR_DAYS, RELIABILITY_DAYS

LONGEST_NAME = 80
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Control characters, invisible format characters (such as those that turn the direction of
# writing), surrogates and line separators would change how the rest of a text is shown.
_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def clean_name(name: str | None, workflow_id: str) -> str:
    """A workflow's name on one line, without quotes, of at most 80 characters.

    A workflow without a name is called by the beginning of its id.
    """
    shown = "".join(" " if unicodedata.category(c) in _UNSAFE else c for c in name or "")
    shown = " ".join(shown.replace('"', "'").split())
    if not shown:
        return f"workflow {workflow_id[:8]}"
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1].rstrip() + "…"


def quoted(name: str) -> str:
    """A clean name in quotes."""
    return f'"{name}"'


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 time`, `1,200 times`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Words as a list: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def on_weekdays(weekdays: Sequence[int]) -> str:
    """On which days of the week, 0 for Monday."""
    chosen = sorted(weekdays)
    if len(chosen) == len(_WEEKDAYS):
        return "every day"
    if chosen == [0, 1, 2, 3, 4]:
        return "on weekdays"
    if chosen == [5, 6]:
        return "at weekends"
    return "on " + listed([_WEEKDAYS[day] + "s" for day in chosen])


def between_hours(hour: int, hours: int) -> str:
    """A window of whole hours of the day."""
    return f"between {hour:02d}:00 and {(hour + hours) % 24:02d}:00"


def rounded(value: float, digits: int = 0) -> Decimal:
    """The decimal nearest to a value, halves up, as Postgres and the dashboard round.

    15 digits are what a float surely holds: 14.5 stays a half where 100 x 0.145 is a little less.
    """
    return Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def percent(share: float) -> str:
    """A share in whole per cent, halves up; neither 0 % nor 100 % unless it is exactly that."""
    whole = rounded(share * 100)
    if whole == 0 and share > 0:
        return "less than 1%"
    if whole == 100 and share < 1:
        return "more than 99%"
    return f"{whole}%"


def duration(milliseconds: float) -> str:
    """A length of time in its two greatest units."""
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


class Names:
    """The clean names of workflows in quotes, each made once."""

    def __init__(self, named: dict[str, str | None]) -> None:
        """Take the names by workflow id; null where a workflow does not have one."""
        self._named = named
        self._clean: dict[str, str] = {}

    def __getitem__(self, workflow_id: str) -> str:
        """The name to show."""
        if workflow_id not in self._clean:
            clean = clean_name(self._named.get(workflow_id), workflow_id)
            self._clean[workflow_id] = quoted(clean)
        return self._clean[workflow_id]

    @classmethod
    def of(cls, workflows: pa.Table) -> "Names":
        """The names in a table with workflow_id and workflow_name."""
        ids = workflows["workflow_id"].cast(pa.string()).to_pylist()
        return cls(dict(zip(ids, workflows["workflow_name"].to_pylist(), strict=True)))


def organisation_insight_in_words(insight: Mapping[str, Any]) -> dict[str, Any]:
    """The subject and the message of a row of `marts.organisation_insights`.

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
