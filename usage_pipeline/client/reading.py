"""The methods of `Client` that ask the API, each a plain method with its request.

`async_reading.py`, the same for `AsyncClient`, is generated from this file by
`python -m usage_pipeline.api.openapi.generate`. How a request is sent is the clients' own.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date
from types import NoneType
from typing import Any, Literal, TypeVar

import httpx

from usage_pipeline.client import answers
from usage_pipeline.client.reports import Report, plain
from usage_pipeline.client.requests import (
    Identifier,
    Listing,
    Page,
    Request,
    answer_of,
    get,
    page_of,
    path_of,
)

T = TypeVar("T")


class Reading(ABC):
    """Everything that the API answers. Methods raise `ApiError` when it refuses or is away."""

    @abstractmethod
    def _response(self, request: Request[Any]) -> httpx.Response:
        """Send a request; ApiError when there is no answer."""

    def _one(self, request: Request[T]) -> T:
        return answer_of(request, self._response(request))

    def _page(self, request: Request[T]) -> Page[T]:
        return page_of(request, self._response(request))

    def _many(self, request: Request[T]) -> Listing[T]:
        return Listing(self._page, request)

    def send(self, executions: Sequence[Report]) -> answers.Tracked:
        """Report executions at once, at most 1,000, and return what became of each."""
        body = {"executions": [plain(execution) for execution in executions]}
        return self._one(Request("POST", "/track", answers.Tracked, body=body))

    def me(self) -> answers.Me:
        """Who the key belongs to and what it may do."""
        return self._one(get(answers.Me, "me"))

    def users(
        self, *, search: str | None = None, page_size: int | None = None
    ) -> Listing[answers.User]:
        """The users, those who run most first; needs the scope `read:all`."""
        return self._many(get(answers.User, "users", search=search, limit=page_size))

    def user_workflows(
        self,
        user_id: Identifier,
        *,
        order: Literal["recent", "use"] | None = None,
        search: str | None = None,
        page_size: int | None = None,
    ) -> Listing[answers.UserWorkflow]:
        """Workflows of a user, with how they go; the most recent first, or the most used."""
        query = {"order": order, "search": search, "limit": page_size}
        return self._many(get(answers.UserWorkflow, "user", user_id, **query))

    def user_rhythm(
        self, user_id: Identifier, *, page_size: int | None = None
    ) -> Listing[answers.RhythmHour]:
        """When in the week a user runs workflows, over the last 28 days."""
        return self._many(get(answers.RhythmHour, "user", user_id, "rhythm", limit=page_size))

    def favourites(
        self, user_id: Identifier, *, page_size: int | None = None
    ) -> Listing[answers.Favourite]:
        """A user's favourites, in their order."""
        return self._many(get(answers.Favourite, "user", user_id, "favorites", limit=page_size))

    def add_favourite(
        self,
        user_id: Identifier,
        workflow_id: Identifier,
        *,
        custom_name: str | None = None,
        category: str | None = None,
    ) -> answers.FavouriteItem:
        """Add a favourite; one that is there already is left as it is."""
        path = path_of("user", user_id, "favorites")
        body = {"workflow_id": str(workflow_id)}
        if custom_name is not None:
            body["custom_name"] = custom_name
        if category is not None:
            body["category"] = category
        return self._one(Request("POST", path, answers.FavouriteItem, body=body))

    def change_favourite(
        self, user_id: Identifier, workflow_id: Identifier, **changes: str | None
    ) -> answers.FavouriteItem:
        """Change `custom_name` or `category` of a favourite; None removes it."""
        path = path_of("user", user_id, "favorites", workflow_id)
        return self._one(Request("PATCH", path, answers.FavouriteItem, body=dict(changes)))

    def remove_favourite(self, user_id: Identifier, workflow_id: Identifier) -> None:
        """Remove a favourite."""
        path = path_of("user", user_id, "favorites", workflow_id)
        return self._one(Request("DELETE", path, NoneType))

    def order_favourites(self, user_id: Identifier, workflow_ids: Sequence[Identifier]) -> None:
        """Put a user's favourites in this order."""
        path = path_of("user", user_id, "favorites", "order")
        body = {"workflow_ids": [str(workflow_id) for workflow_id in workflow_ids]}
        return self._one(Request("PUT", path, NoneType, body=body))

    def sequences(
        self,
        user_id: Identifier,
        *,
        window: Literal[7, 28, 90] | None = None,
        page_size: int | None = None,
    ) -> Listing[answers.Sequence]:
        """Workflows that a user runs one after the other, again and again."""
        query = {"window": window, "limit": page_size}
        return self._many(get(answers.Sequence, "sequences", user_id, **query))

    def templates(
        self, user_id: Identifier, *, page_size: int | None = None
    ) -> Listing[answers.Template]:
        """The sequences that a user saved."""
        return self._many(get(answers.Template, "user", user_id, "templates", limit=page_size))

    def save_template(
        self, user_id: Identifier, sequence_id: Identifier, name: str
    ) -> answers.TemplateItem:
        """Save a detected sequence under a name."""
        path = path_of("user", user_id, "templates")
        body = {"sequence_id": str(sequence_id), "name": name}
        return self._one(Request("POST", path, answers.TemplateItem, body=body))

    def remove_template(self, user_id: Identifier, template_id: Identifier) -> None:
        """Remove a saved sequence."""
        path = path_of("user", user_id, "templates", template_id)
        return self._one(Request("DELETE", path, NoneType))

    def patterns(
        self, user_id: Identifier, *, page_size: int | None = None
    ) -> Listing[answers.Pattern]:
        """A user's habits."""
        return self._many(get(answers.Pattern, "user", user_id, "patterns", limit=page_size))

    def insights(
        self,
        user_id: Identifier,
        *,
        state: Literal["open", "dismissed", "resolved"] | None = None,
        page_size: int | None = None,
    ) -> Listing[answers.Insight]:
        """Insights: facts that a user should know, each with something to do."""
        query = {"state": state, "limit": page_size}
        return self._many(get(answers.Insight, "user", user_id, "insights", **query))

    def dismiss_insight(self, user_id: Identifier, insight_id: Identifier) -> answers.InsightItem:
        """Dismiss an insight; returns it."""
        path = path_of("user", user_id, "insights", insight_id, "dismiss")
        return self._one(Request("POST", path, answers.InsightItem))

    def reopen_insight(self, user_id: Identifier, insight_id: Identifier) -> answers.InsightItem:
        """Open a dismissed insight again; returns it."""
        path = path_of("user", user_id, "insights", insight_id, "reopen")
        return self._one(Request("POST", path, answers.InsightItem))

    def popular(
        self, *, search: str | None = None, page_size: int | None = None
    ) -> Listing[answers.PopularWorkflow]:
        """The workflows of the last 7 days, the most used first."""
        return self._many(get(answers.PopularWorkflow, "popular", search=search, limit=page_size))

    def success_rates(
        self, *, search: str | None = None, page_size: int | None = None
    ) -> Listing[answers.WorkflowReliability]:
        """How every workflow did in the last 30 days, the worst first."""
        query = {"search": search, "limit": page_size}
        return self._many(get(answers.WorkflowReliability, "success-rates", **query))

    def success_rate(self, workflow_id: Identifier) -> answers.OneWorkflowReliability:
        """How a workflow did in the last 30 days."""
        return self._one(get(answers.OneWorkflowReliability, "success-rate", workflow_id))

    def abandoned(
        self, *, search: str | None = None, page_size: int | None = None
    ) -> Listing[answers.AbandonedWorkflow]:
        """The workflows that nobody runs any more."""
        query = {"search": search, "limit": page_size}
        return self._many(get(answers.AbandonedWorkflow, "abandoned", **query))

    def popular_sequences(
        self, *, page_size: int | None = None
    ) -> Listing[answers.PopularSequence]:
        """Workflows that many people run one after the other."""
        return self._many(get(answers.PopularSequence, "popular-sequences", limit=page_size))

    def workflow(self, workflow_id: Identifier) -> answers.OneWorkflow:
        """A workflow with its rank and how it did in the last 30 days."""
        return self._one(get(answers.OneWorkflow, "workflow", workflow_id))

    def workflow_daily(
        self,
        workflow_id: Identifier,
        *,
        first: date | None = None,
        last: date | None = None,
        page_size: int | None = None,
    ) -> Listing[answers.WorkflowDay]:
        """A workflow day by day, from `first` to `last`."""
        query = {"from": first, "to": last, "limit": page_size}
        return self._many(get(answers.WorkflowDay, "workflow", workflow_id, "daily", **query))

    def workflow_neighbours(self, workflow_id: Identifier) -> answers.Neighbours:
        """Workflows that people run just before and just after a workflow."""
        return self._one(get(answers.Neighbours, "workflow", workflow_id, "neighbours"))

    def workflow_lifecycle(
        self, workflow_id: Identifier, *, page_size: int | None = None
    ) -> Listing[answers.LifecycleWeek]:
        """The users of a workflow week by week: new, returning, resurrected, dormant."""
        query = {"limit": page_size}
        return self._many(get(answers.LifecycleWeek, "workflow", workflow_id, "lifecycle", **query))

    def organisation_daily(
        self,
        *,
        first: date | None = None,
        last: date | None = None,
        page_size: int | None = None,
    ) -> Listing[answers.OrganisationDay]:
        """All executions day by day, from `first` to `last`."""
        query = {"from": first, "to": last, "limit": page_size}
        return self._many(get(answers.OrganisationDay, "organisation", "daily", **query))

    def organisation_insights(
        self, *, page_size: int | None = None
    ) -> Listing[answers.OrganisationInsight]:
        """Insights that the organisation should act on."""
        query = {"limit": page_size}
        return self._many(get(answers.OrganisationInsight, "organisation", "insights", **query))

    def definitions(self) -> answers.Definitions:
        """The meaning of each published column."""
        return self._one(get(answers.Definitions, "definitions"))
