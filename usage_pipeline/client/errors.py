"""The one exception that reading methods and direct sending raise, and what an error answer says.

Tracking raises nothing.
"""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

# A server that asks for more is taken to mean this: tracking must come back some day.
LONGEST_ASKED_SECONDS: Final = 300.0
_SHOWN_CHARACTERS: Final = 500


class ApiError(Exception):
    """The API refused a request, gave an answer that makes no sense, or could not be reached.

    Attributes:
        status: the HTTP status; None when there was no answer at all.
        title: what is wrong in general, in a few words.
        detail: what is wrong with this request, in one sentence.
        type: the URI of the kind of problem, if the API gave one.
        instance: the request it is about, if the API gave one.
        retry_after: how many seconds the API asked to wait, if it did.
        problem: the whole problem document (RFC 9457), empty when the answer was something else.
    """

    def __init__(
        self,
        title: str,
        *,
        status: int | None = None,
        detail: str = "",
        retry_after: float | None = None,
        problem: dict[str, Any] | None = None,
    ) -> None:
        """Describe one failed request."""
        self.title = title
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
        self.problem = problem or {}
        self.type = _text(self.problem.get("type"))
        self.instance = _text(self.problem.get("instance"))
        shown = f"{status} {title}" if status is not None else title
        super().__init__(f"{shown}: {detail}" if detail else shown)


def problem_document(response: httpx.Response) -> dict[str, Any]:
    """The problem document of an answer; empty when it is not a JSON object."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def describe(response: httpx.Response) -> tuple[str, str]:
    """Title and detail of an answer that is an error, never longer than a log line should be."""
    problem = problem_document(response)
    title = _text(problem.get("title")) or response.reason_phrase or "Error"
    return title[:_SHOWN_CHARACTERS], (_text(problem.get("detail")) or "")[:_SHOWN_CHARACTERS]


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The seconds a `Retry-After` header asks for, as a number or as a date; None when unusable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # Not int(): a number of thousands of digits is an error there.
        return min(float(text), LONGEST_ASKED_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_ASKED_SECONDS)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
