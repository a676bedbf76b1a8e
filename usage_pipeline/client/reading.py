"""The methods that both clients have: each asks one of `endpoints`, and is called as that is.

`Client` gives the answer at once and `AsyncClient` when it is awaited; lists are `Listing` and
`AsyncListing`. How a request is sent is the client's own.
"""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

import httpx

from usage_pipeline.client import endpoints
from usage_pipeline.client.endpoints import Request
from usage_pipeline.client.listing import AsyncListing, Listing
from usage_pipeline.client.transport import Page, one, page

P = ParamSpec("P")
T = TypeVar("T")


class Blocking:
    """A client that waits for its answers."""

    def response(self, request: Request[Any]) -> httpx.Response:
        """Send a request; ApiError when there is no answer."""
        raise NotImplementedError


class Awaiting:
    """A client whose answers are awaited."""

    async def response(self, request: Request[Any]) -> httpx.Response:
        """Send a request; ApiError when there is no answer."""
        raise NotImplementedError


class One(Generic[P, T]):
    """A method that returns one object, or None where there is nothing to say.

    It raises ApiError when the API refuses or is away.
    """

    def __init__(self, endpoint: Callable[P, Request[T]]) -> None:
        """Ask an endpoint."""
        self._endpoint = endpoint
        self.__doc__ = endpoint.__doc__

    @overload
    def __get__(self, client: None, kind: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaiting, kind: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, client: Blocking | Awaiting | None, kind: type) -> Any:
        """The method of a client."""
        if client is None:
            return self
        method = self._now(client) if isinstance(client, Blocking) else self._later(client)
        return wraps(self._endpoint)(method)

    def _now(self, client: Blocking) -> Callable[P, T]:
        def ask(*given: P.args, **named: P.kwargs) -> T:
            request = self._endpoint(*given, **named)
            return one(request, client.response(request))

        return ask

    def _later(self, client: Awaiting) -> Callable[P, Coroutine[Any, Any, T]]:
        async def ask(*given: P.args, **named: P.kwargs) -> T:
            request = self._endpoint(*given, **named)
            return one(request, await client.response(request))

        return ask


class Many(Generic[P, T]):
    """A method that returns a list, which is read page by page while it is iterated."""

    def __init__(self, endpoint: Callable[P, Request[T]]) -> None:
        """Ask an endpoint."""
        self._endpoint = endpoint
        self.__doc__ = endpoint.__doc__

    @overload
    def __get__(self, client: None, kind: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, kind: type) -> Callable[P, Listing[T]]: ...
    @overload
    def __get__(self, client: Awaiting, kind: type) -> Callable[P, AsyncListing[T]]: ...

    def __get__(self, client: Blocking | Awaiting | None, kind: type) -> Any:
        """The method of a client."""
        if client is None:
            return self
        method = self._now(client) if isinstance(client, Blocking) else self._later(client)
        return wraps(self._endpoint)(method)

    def _now(self, client: Blocking) -> Callable[P, Listing[T]]:
        def fetch(request: Request[T]) -> Page[T]:
            return page(request, client.response(request))

        def ask(*given: P.args, **named: P.kwargs) -> Listing[T]:
            return Listing(fetch, self._endpoint(*given, **named))

        return ask

    def _later(self, client: Awaiting) -> Callable[P, AsyncListing[T]]:
        async def fetch(request: Request[T]) -> Page[T]:
            return page(request, await client.response(request))

        def ask(*given: P.args, **named: P.kwargs) -> AsyncListing[T]:
            return AsyncListing(fetch, self._endpoint(*given, **named))

        return ask


class Reading:
    """Everything that the API answers."""

    send = One(endpoints.send)
    me = One(endpoints.me)
    users = Many(endpoints.users)
    user_workflows = Many(endpoints.user_workflows)
    user_rhythm = Many(endpoints.user_rhythm)
    favorites = Many(endpoints.favorites)
    add_favorite = One(endpoints.add_favorite)
    change_favorite = One(endpoints.change_favorite)
    remove_favorite = One(endpoints.remove_favorite)
    order_favorites = One(endpoints.order_favorites)
    sequences = Many(endpoints.sequences)
    templates = Many(endpoints.templates)
    save_template = One(endpoints.save_template)
    remove_template = One(endpoints.remove_template)
    patterns = Many(endpoints.patterns)
    insights = Many(endpoints.insights)
    dismiss_insight = One(endpoints.dismiss_insight)
    reopen_insight = One(endpoints.reopen_insight)
    popular = Many(endpoints.popular)
    success_rates = Many(endpoints.success_rates)
    success_rate = One(endpoints.success_rate)
    abandoned = Many(endpoints.abandoned)
    popular_sequences = Many(endpoints.popular_sequences)
    workflow = One(endpoints.workflow)
    workflow_daily = Many(endpoints.workflow_daily)
    workflow_neighbours = One(endpoints.workflow_neighbours)
    workflow_lifecycle = Many(endpoints.workflow_lifecycle)
    organisation_daily = Many(endpoints.organisation_daily)
    organisation_insights = Many(endpoints.organisation_insights)
    definitions = One(endpoints.definitions)
