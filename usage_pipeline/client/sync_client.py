"""The client for ordinary programs."""

from collections.abc import Sequence as Items
from datetime import date
from types import TracebackType
from typing import Literal, Self, TypeVar

import httpx

from usage_pipeline.client import answers, endpoints, user_answers
from usage_pipeline.client.base import CLOSE_SECONDS, FLUSH_SECONDS, TrackingClient
from usage_pipeline.client.endpoints import Request
from usage_pipeline.client.listing import Listing
from usage_pipeline.client.reports import Report
from usage_pipeline.client.tracking import Identifier
from usage_pipeline.client.transport import Page, arguments, nothing, one, page, unreachable

T = TypeVar("T")


class Client(TrackingClient):
    """Tracks executions, and reads everything the API answers.

    It may be shared by threads. Reading methods raise `ApiError`; tracking raises nothing. Lists
    are read page by page while they are iterated.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        user_id: Identifier | None = None,
        timeout: float = 10.0,
        max_waiting: int = 10_000,
        send_interval: float = 1.0,
        error_messages: bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Set up a client as `TrackingClient` says; httpx sends all of it with `transport`."""
        super().__init__(
            url,
            api_key,
            user_id=user_id,
            timeout=timeout,
            max_waiting=max_waiting,
            send_interval=send_interval,
            error_messages=error_messages,
            tracking_transport=transport,
        )
        self._transport = transport
        self._http: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def after_fork(self) -> None:
        """Leave the parent's connections alone."""
        self._http = None

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Wait until all reports so far are settled; False when that took too long."""
        return self._reporter.sender.flush(timeout)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Send what waits for at most `timeout` seconds, then drop the rest and take no more.

        The end of the process does this too, for at most 2 seconds.
        """
        self._reporter.sender.close(timeout)
        if self._http is not None:
            self._http.close()

    def send(self, executions: Items[Report]) -> answers.TrackAnswer:
        """Report executions at once, at most 1,000, and return what became of each.

        Raises:
            ApiError: they were not taken.
        """
        return self._one(endpoints.track(executions))

    def me(self) -> answers.Me:
        """Who the key belongs to and what it may do."""
        return self._one(endpoints.me())

    def users(
        self, *, search: str | None = None, page_size: int | None = None
    ) -> Listing[user_answers.User]:
        """The users, those who run most first; needs the scope `read:all`."""
        return Listing(self._page, endpoints.users(search), page_size)

    def user_workflows(
        self,
        user_id: Identifier,
        *,
        order: Literal["recent", "use"] | None = None,
        search: str | None = None,
        page_size: int | None = None,
    ) -> Listing[user_answers.UserWorkflow]:
        """What a user runs, with how it goes; the most recent first, or the most used."""
        return Listing(self._page, endpoints.user_workflows(user_id, order, search), page_size)

    def user_rhythm(
        self, user_id: Identifier, *, page_size: int | None = None
    ) -> Listing[user_answers.RhythmHour]:
        """When in the week a user runs workflows, over the last 28 days."""
        return Listing(self._page, endpoints.user_rhythm(user_id), page_size)

    def favorites(
        self, user_id: Identifier, *, page_size: int | None = None
    ) -> Listing[user_answers.Favorite]:
        """A user's favourites, in their order."""
        return Listing(self._page, endpoints.favorites(user_id), page_size)

    def add_favorite(
        self,
        user_id: Identifier,
        workflow_id: Identifier,
        *,
        custom_name: str | None = None,
        category: str | None = None,
    ) -> user_answers.Favorite:
        """Add a favourite; one that is there already is left as it is."""
        return self._one(endpoints.add_favorite(user_id, workflow_id, custom_name, category))

    def change_favorite(
        self, user_id: Identifier, workflow_id: Identifier, **changes: str | None
    ) -> user_answers.Favorite:
        """Change `custom_name` or `category` of a favourite; None removes it."""
        return self._one(endpoints.change_favorite(user_id, workflow_id, changes))

    def remove_favorite(self, user_id: Identifier, workflow_id: Identifier) -> None:
        """Remove a favourite."""
        self._send(endpoints.remove_favorite(user_id, workflow_id))

    def order_favorites(self, user_id: Identifier, workflow_ids: Items[Identifier]) -> None:
        """Put a user's favourites in this order."""
        self._send(endpoints.order_favorites(user_id, workflow_ids))

    def sequences(
        self,
        user_id: Identifier,
        *,
        window: Literal[7, 28, 90] | None = None,
        page_size: int | None = None,
    ) -> Listing[user_answers.Sequence]:
        """What a user runs one after the other, again and again."""
        return Listing(self._page, endpoints.sequences(user_id, window), page_size)

    def templates(
        self, user_id: Identifier, *, page_size: int | None = None
    ) -> Listing[user_answers.Template]:
        """The sequences that a user saved."""
        return Listing(self._page, endpoints.templates(user_id), page_size)

    def save_template(
        self, user_id: Identifier, sequence_id: Identifier, name: str
    ) -> user_answers.Template:
        """Save a detected sequence under a name."""
        return self._one(endpoints.save_template(user_id, sequence_id, name))

    def remove_template(self, user_id: Identifier, template_id: Identifier) -> None:
        """Remove a saved sequence."""
        self._send(endpoints.remove_template(user_id, template_id))

    def patterns(
        self, user_id: Identifier, *, page_size: int | None = None
    ) -> Listing[user_answers.Pattern]:
        """A user's habits."""
        return Listing(self._page, endpoints.patterns(user_id), page_size)

    def insights(
        self,
        user_id: Identifier,
        *,
        state: Literal["open", "dismissed", "resolved"] | None = None,
        page_size: int | None = None,
    ) -> Listing[user_answers.Insight]:
        """What a user should know and do."""
        return Listing(self._page, endpoints.insights(user_id, state), page_size)

    def dismiss_insight(self, user_id: Identifier, insight_id: Identifier) -> user_answers.Insight:
        """Dismiss an insight; returns it."""
        return self._one(endpoints.set_insight(user_id, insight_id, "dismiss"))

    def reopen_insight(self, user_id: Identifier, insight_id: Identifier) -> user_answers.Insight:
        """Open a dismissed insight again; returns it."""
        return self._one(endpoints.set_insight(user_id, insight_id, "reopen"))

    def popular(
        self, *, search: str | None = None, page_size: int | None = None
    ) -> Listing[answers.PopularWorkflow]:
        """The workflows of the last 7 days, the most used first."""
        return Listing(self._page, endpoints.popular(search), page_size)

    def success_rates(
        self, *, search: str | None = None, page_size: int | None = None
    ) -> Listing[answers.WorkflowReliability]:
        """How every workflow did in the last 30 days, the worst first."""
        return Listing(self._page, endpoints.success_rates(search), page_size)

    def success_rate(self, workflow_id: Identifier) -> answers.WorkflowReliability:
        """How a workflow did in the last 30 days."""
        return self._one(endpoints.success_rate(workflow_id))

    def abandoned(
        self, *, search: str | None = None, page_size: int | None = None
    ) -> Listing[answers.AbandonedWorkflow]:
        """The workflows that nobody runs any more."""
        return Listing(self._page, endpoints.abandoned(search), page_size)

    def popular_sequences(
        self, *, page_size: int | None = None
    ) -> Listing[answers.PopularSequence]:
        """What many people run one after the other."""
        return Listing(self._page, endpoints.popular_sequences(), page_size)

    def workflow(self, workflow_id: Identifier) -> answers.WorkflowReliability:
        """A workflow with its rank and how it did in the last 30 days."""
        return self._one(endpoints.workflow(workflow_id))

    def workflow_daily(
        self,
        workflow_id: Identifier,
        *,
        first: date | None = None,
        last: date | None = None,
        page_size: int | None = None,
    ) -> Listing[answers.WorkflowDay]:
        """A workflow day by day, from `first` to `last`."""
        return Listing(self._page, endpoints.workflow_daily(workflow_id, first, last), page_size)

    def workflow_neighbours(self, workflow_id: Identifier) -> answers.Neighbours:
        """What people run just before and just after a workflow."""
        return self._one(endpoints.workflow_neighbours(workflow_id))

    def workflow_lifecycle(
        self, workflow_id: Identifier, *, page_size: int | None = None
    ) -> Listing[answers.LifecycleWeek]:
        """The users of a workflow week by week: new, returning, resurrected, dormant."""
        return Listing(self._page, endpoints.workflow_lifecycle(workflow_id), page_size)

    def organisation_daily(
        self, *, first: date | None = None, last: date | None = None, page_size: int | None = None
    ) -> Listing[answers.WorkflowDay]:
        """All executions day by day, from `first` to `last`."""
        return Listing(self._page, endpoints.organisation_daily(first, last), page_size)

    def organisation_insights(
        self, *, page_size: int | None = None
    ) -> Listing[answers.OrganisationInsight]:
        """What the organisation should do about its workflows."""
        return Listing(self._page, endpoints.organisation_insights(), page_size)

    def definitions(self) -> answers.Definitions:
        """What each published column means."""
        return self._one(endpoints.definitions())

    def _one(self, request: Request[T]) -> T:
        return one(request, self._response(request))

    def _page(self, request: Request[T]) -> Page[T]:
        return page(request, self._response(request))

    def _send(self, request: Request[object]) -> None:
        nothing(self._response(request))

    def _response(self, request: Request[T]) -> httpx.Response:
        if self._http is None:
            self._http = httpx.Client(transport=self._transport, **self._options.http)
        try:
            return self._http.request(**arguments(request))
        except httpx.HTTPError as error:
            raise unreachable(request, error) from error
