"""The requests of the API, written once for both clients. Nothing is sent here.

Names, arguments and texts are those of the clients' methods (`reading.py`).
"""

from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from datetime import date
from types import NoneType
from typing import Any, Final, Generic, Literal, TypeVar
from urllib.parse import quote
from uuid import UUID

from usage_pipeline.client import answers, user_answers
from usage_pipeline.client.reports import Report, plain

T = TypeVar("T")
Identifier = str | int | UUID
PREFIX: Final = "/api/v1/workflow-usage"


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One request.

    Attributes:
        method: the HTTP method.
        path: below the prefix.
        kind: what the answer is made of; for a list, each of its items.
        query: query parameters.
        body: what is sent as JSON.
    """

    method: str
    path: str
    kind: type[T]
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None


def _path(*parts: Identifier) -> str:
    # An id is one part of a path, whatever is in it; quoting leaves the dots as they are.
    for part in parts:
        if str(part) in ("", ".", ".."):
            raise ValueError(f"{part!r} is no id")
    return "".join("/" + quote(str(part), safe="") for part in parts)


def _get(kind: type[T], *parts: Identifier, **query: object) -> Request[T]:
    given = {name: str(value) for name, value in query.items() if value is not None}
    return Request("GET", _path(*parts), kind, given)


def _days(first: date | None, last: date | None, page_size: int | None) -> dict[str, object]:
    return {"from": first, "to": last, "limit": page_size}


def send(executions: Items[Report]) -> Request[answers.TrackAnswer]:
    """Report executions at once, at most 1,000, and return what became of each."""
    body = {"executions": [plain(execution) for execution in executions]}
    return Request("POST", "/track", answers.TrackAnswer, body=body)


def me() -> Request[answers.Me]:
    """Who the key belongs to and what it may do."""
    return _get(answers.Me, "me")


def users(*, search: str | None = None, page_size: int | None = None) -> Request[user_answers.User]:
    """The users, those who run most first; needs the scope `read:all`."""
    return _get(user_answers.User, "users", search=search, limit=page_size)


def user_workflows(
    user_id: Identifier,
    *,
    order: Literal["recent", "use"] | None = None,
    search: str | None = None,
    page_size: int | None = None,
) -> Request[user_answers.UserWorkflow]:
    """What a user runs, with how it goes; the most recent first, or the most used."""
    return _get(
        user_answers.UserWorkflow, "user", user_id, order=order, search=search, limit=page_size
    )


def user_rhythm(
    user_id: Identifier, *, page_size: int | None = None
) -> Request[user_answers.RhythmHour]:
    """When in the week a user runs workflows, over the last 28 days."""
    return _get(user_answers.RhythmHour, "user", user_id, "rhythm", limit=page_size)


def favorites(
    user_id: Identifier, *, page_size: int | None = None
) -> Request[user_answers.Favorite]:
    """A user's favourites, in their order."""
    return _get(user_answers.Favorite, "user", user_id, "favorites", limit=page_size)


def add_favorite(
    user_id: Identifier,
    workflow_id: Identifier,
    *,
    custom_name: str | None = None,
    category: str | None = None,
) -> Request[user_answers.Favorite]:
    """Add a favourite; one that is there already is left as it is."""
    given = {"workflow_id": str(workflow_id), "custom_name": custom_name, "category": category}
    body = {name: value for name, value in given.items() if value is not None}
    path = _path("user", user_id, "favorites")
    return Request("POST", path, user_answers.Favorite, body=body)


def change_favorite(
    user_id: Identifier, workflow_id: Identifier, **changes: str | None
) -> Request[user_answers.Favorite]:
    """Change `custom_name` or `category` of a favourite; None removes it."""
    path = _path("user", user_id, "favorites", workflow_id)
    return Request("PATCH", path, user_answers.Favorite, body=dict(changes))


def remove_favorite(user_id: Identifier, workflow_id: Identifier) -> Request[None]:
    """Remove a favourite."""
    return Request("DELETE", _path("user", user_id, "favorites", workflow_id), NoneType)


def order_favorites(user_id: Identifier, workflow_ids: Items[Identifier]) -> Request[None]:
    """Put a user's favourites in this order."""
    body = {"workflow_ids": [str(workflow_id) for workflow_id in workflow_ids]}
    return Request("PUT", _path("user", user_id, "favorites", "order"), NoneType, body=body)


def sequences(
    user_id: Identifier, *, window: Literal[7, 28, 90] | None = None, page_size: int | None = None
) -> Request[user_answers.Sequence]:
    """What a user runs one after the other, again and again."""
    return _get(user_answers.Sequence, "sequences", user_id, window=window, limit=page_size)


def templates(
    user_id: Identifier, *, page_size: int | None = None
) -> Request[user_answers.Template]:
    """The sequences that a user saved."""
    return _get(user_answers.Template, "user", user_id, "templates", limit=page_size)


def save_template(
    user_id: Identifier, sequence_id: Identifier, name: str
) -> Request[user_answers.Template]:
    """Save a detected sequence under a name."""
    path = _path("user", user_id, "templates")
    body = {"sequence_id": str(sequence_id), "name": name}
    return Request("POST", path, user_answers.Template, body=body)


def remove_template(user_id: Identifier, template_id: Identifier) -> Request[None]:
    """Remove a saved sequence."""
    return Request("DELETE", _path("user", user_id, "templates", template_id), NoneType)


def patterns(user_id: Identifier, *, page_size: int | None = None) -> Request[user_answers.Pattern]:
    """A user's habits."""
    return _get(user_answers.Pattern, "user", user_id, "patterns", limit=page_size)


def insights(
    user_id: Identifier,
    *,
    state: Literal["open", "dismissed", "resolved"] | None = None,
    page_size: int | None = None,
) -> Request[user_answers.Insight]:
    """What a user should know and do."""
    return _get(user_answers.Insight, "user", user_id, "insights", state=state, limit=page_size)


def dismiss_insight(user_id: Identifier, insight_id: Identifier) -> Request[user_answers.Insight]:
    """Dismiss an insight; returns it."""
    path = _path("user", user_id, "insights", insight_id, "dismiss")
    return Request("POST", path, user_answers.Insight)


def reopen_insight(user_id: Identifier, insight_id: Identifier) -> Request[user_answers.Insight]:
    """Open a dismissed insight again; returns it."""
    path = _path("user", user_id, "insights", insight_id, "reopen")
    return Request("POST", path, user_answers.Insight)


def popular(
    *, search: str | None = None, page_size: int | None = None
) -> Request[answers.PopularWorkflow]:
    """The workflows of the last 7 days, the most used first."""
    return _get(answers.PopularWorkflow, "popular", search=search, limit=page_size)


def success_rates(
    *, search: str | None = None, page_size: int | None = None
) -> Request[answers.WorkflowReliability]:
    """How every workflow did in the last 30 days, the worst first."""
    return _get(answers.WorkflowReliability, "success-rates", search=search, limit=page_size)


def success_rate(workflow_id: Identifier) -> Request[answers.WorkflowReliability]:
    """How a workflow did in the last 30 days."""
    return _get(answers.WorkflowReliability, "success-rate", workflow_id)


def abandoned(
    *, search: str | None = None, page_size: int | None = None
) -> Request[answers.AbandonedWorkflow]:
    """The workflows that nobody runs any more."""
    return _get(answers.AbandonedWorkflow, "abandoned", search=search, limit=page_size)


def popular_sequences(*, page_size: int | None = None) -> Request[answers.PopularSequence]:
    """What many people run one after the other."""
    return _get(answers.PopularSequence, "popular-sequences", limit=page_size)


def workflow(workflow_id: Identifier) -> Request[answers.WorkflowReliability]:
    """A workflow with its rank and how it did in the last 30 days."""
    return _get(answers.WorkflowReliability, "workflow", workflow_id)


def workflow_daily(
    workflow_id: Identifier,
    *,
    first: date | None = None,
    last: date | None = None,
    page_size: int | None = None,
) -> Request[answers.WorkflowDay]:
    """A workflow day by day, from `first` to `last`."""
    days = _days(first, last, page_size)
    return _get(answers.WorkflowDay, "workflow", workflow_id, "daily", **days)


def workflow_neighbours(workflow_id: Identifier) -> Request[answers.Neighbours]:
    """What people run just before and just after a workflow."""
    return _get(answers.Neighbours, "workflow", workflow_id, "neighbours")


def workflow_lifecycle(
    workflow_id: Identifier, *, page_size: int | None = None
) -> Request[answers.LifecycleWeek]:
    """The users of a workflow week by week: new, returning, resurrected, dormant."""
    return _get(answers.LifecycleWeek, "workflow", workflow_id, "lifecycle", limit=page_size)


def organisation_daily(
    *, first: date | None = None, last: date | None = None, page_size: int | None = None
) -> Request[answers.WorkflowDay]:
    """All executions day by day, from `first` to `last`."""
    days = _days(first, last, page_size)
    return _get(answers.WorkflowDay, "organisation", "daily", **days)


def organisation_insights(*, page_size: int | None = None) -> Request[answers.OrganisationInsight]:
    """What the organisation should do about its workflows."""
    return _get(answers.OrganisationInsight, "organisation", "insights", limit=page_size)


def definitions() -> Request[answers.Definitions]:
    """What each published column means."""
    return _get(answers.Definitions, "definitions")
