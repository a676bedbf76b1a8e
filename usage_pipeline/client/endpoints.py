"""The requests of the API, written once for both clients. Nothing is sent here."""
# ruff: noqa: D103 - the methods of the clients say what each is for

from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from datetime import date
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


def _days(first: date | None, last: date | None) -> dict[str, object]:
    return {"from": first, "to": last}


def me() -> Request[answers.Me]:
    return _get(answers.Me, "me")


def track(executions: Items[Report]) -> Request[answers.TrackAnswer]:
    body = {"executions": [plain(execution) for execution in executions]}
    return Request("POST", "/track", answers.TrackAnswer, body=body)


def users(search: str | None) -> Request[user_answers.User]:
    return _get(user_answers.User, "users", search=search)


def user_workflows(
    user_id: Identifier, order: str | None, search: str | None = None
) -> Request[user_answers.UserWorkflow]:
    return _get(user_answers.UserWorkflow, "user", user_id, order=order, search=search)


def user_rhythm(user_id: Identifier) -> Request[user_answers.RhythmHour]:
    return _get(user_answers.RhythmHour, "user", user_id, "rhythm")


def favorites(user_id: Identifier) -> Request[user_answers.Favorite]:
    return _get(user_answers.Favorite, "user", user_id, "favorites")


def add_favorite(
    user_id: Identifier, workflow_id: Identifier, custom_name: str | None, category: str | None
) -> Request[user_answers.Favorite]:
    given = {"workflow_id": str(workflow_id), "custom_name": custom_name, "category": category}
    body = {name: value for name, value in given.items() if value is not None}
    return Request("POST", _path("user", user_id, "favorites"), user_answers.Favorite, body=body)


def change_favorite(
    user_id: Identifier, workflow_id: Identifier, changes: dict[str, str | None]
) -> Request[user_answers.Favorite]:
    path = _path("user", user_id, "favorites", workflow_id)
    return Request("PATCH", path, user_answers.Favorite, body=dict(changes))


def remove_favorite(user_id: Identifier, workflow_id: Identifier) -> Request[object]:
    return Request("DELETE", _path("user", user_id, "favorites", workflow_id), object)


def order_favorites(user_id: Identifier, workflow_ids: Items[Identifier]) -> Request[object]:
    body = {"workflow_ids": [str(workflow_id) for workflow_id in workflow_ids]}
    return Request("PUT", _path("user", user_id, "favorites", "order"), object, body=body)


def sequences(
    user_id: Identifier, window: Literal[7, 28, 90] | None
) -> Request[user_answers.Sequence]:
    return _get(user_answers.Sequence, "sequences", user_id, window=window)


def templates(user_id: Identifier) -> Request[user_answers.Template]:
    return _get(user_answers.Template, "user", user_id, "templates")


def save_template(
    user_id: Identifier, sequence_id: Identifier, name: str
) -> Request[user_answers.Template]:
    path = _path("user", user_id, "templates")
    body = {"sequence_id": str(sequence_id), "name": name}
    return Request("POST", path, user_answers.Template, body=body)


def remove_template(user_id: Identifier, template_id: Identifier) -> Request[object]:
    return Request("DELETE", _path("user", user_id, "templates", template_id), object)


def patterns(user_id: Identifier) -> Request[user_answers.Pattern]:
    return _get(user_answers.Pattern, "user", user_id, "patterns")


def insights(user_id: Identifier, state: str | None) -> Request[user_answers.Insight]:
    return _get(user_answers.Insight, "user", user_id, "insights", state=state)


def set_insight(
    user_id: Identifier, insight_id: Identifier, action: Literal["dismiss", "reopen"]
) -> Request[user_answers.Insight]:
    path = _path("user", user_id, "insights", insight_id, action)
    return Request("POST", path, user_answers.Insight)


def popular(search: str | None = None) -> Request[answers.PopularWorkflow]:
    return _get(answers.PopularWorkflow, "popular", search=search)


def success_rates(search: str | None = None) -> Request[answers.WorkflowReliability]:
    return _get(answers.WorkflowReliability, "success-rates", search=search)


def success_rate(workflow_id: Identifier) -> Request[answers.WorkflowReliability]:
    return _get(answers.WorkflowReliability, "success-rate", workflow_id)


def abandoned(search: str | None = None) -> Request[answers.AbandonedWorkflow]:
    return _get(answers.AbandonedWorkflow, "abandoned", search=search)


def popular_sequences() -> Request[answers.PopularSequence]:
    return _get(answers.PopularSequence, "popular-sequences")


def workflow(workflow_id: Identifier) -> Request[answers.WorkflowReliability]:
    return _get(answers.WorkflowReliability, "workflow", workflow_id)


def workflow_daily(
    workflow_id: Identifier, first: date | None, last: date | None
) -> Request[answers.WorkflowDay]:
    return _get(answers.WorkflowDay, "workflow", workflow_id, "daily", **_days(first, last))


def workflow_neighbours(workflow_id: Identifier) -> Request[answers.Neighbours]:
    return _get(answers.Neighbours, "workflow", workflow_id, "neighbours")


def workflow_lifecycle(workflow_id: Identifier) -> Request[answers.LifecycleWeek]:
    return _get(answers.LifecycleWeek, "workflow", workflow_id, "lifecycle")


def organisation_daily(first: date | None, last: date | None) -> Request[answers.WorkflowDay]:
    return _get(answers.WorkflowDay, "organisation", "daily", **_days(first, last))


def organisation_insights() -> Request[answers.OrganisationInsight]:
    return _get(answers.OrganisationInsight, "organisation", "insights")


def definitions() -> Request[answers.Definitions]:
    return _get(answers.Definitions, "definitions")
