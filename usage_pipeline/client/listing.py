"""Lists that are read page by page, as far as the caller iterates."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from usage_pipeline.client.endpoints import Request
from usage_pipeline.client.errors import ApiError
from usage_pipeline.client.transport import Page

T = TypeVar("T")


class Listing(Generic[T]):
    """A list of the API: iterate over its items, or over its `pages()`, as often as you like."""

    def __init__(self, fetch: Callable[[Request[T]], Page[T]], request: Request[T]) -> None:
        """Read pages by `fetch`, from that of the request on."""
        self._fetch = fetch
        self._request = request

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """The pages, each fetched when it is asked for."""
        request = self._request
        while True:
            page = self._fetch(request)
            yield page
            if page.next_cursor is None:
                return
            request = _following(request, page.next_cursor)

    def first_page(self) -> Page[T]:
        """The first page, with the as-of date."""
        return next(self.pages())


class AsyncListing(Generic[T]):
    """A list of the API: iterate over its items, or over its `pages()`, with `async for`."""

    def __init__(
        self, fetch: Callable[[Request[T]], Awaitable[Page[T]]], request: Request[T]
    ) -> None:
        """Read pages by `fetch`, from that of the request on."""
        self._fetch = fetch
        self._request = request

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[T]]:
        """The pages, each fetched when it is asked for."""
        request = self._request
        while True:
            page = await self._fetch(request)
            yield page
            if page.next_cursor is None:
                return
            request = _following(request, page.next_cursor)

    async def first_page(self) -> Page[T]:
        """The first page, with the as-of date."""
        return await self._fetch(self._request)


def _following(request: Request[T], cursor: str) -> Request[T]:
    if request.query.get("cursor") == cursor:
        # Going on would ask for the same page for ever.
        raise ApiError("The API repeats itself", detail=f"{request.path} gave one cursor twice")
    return replace(request, query={**request.query, "cursor": cursor})
