"""Requests to the API and the lists of its answers. Nothing is sent here."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlsplit
from uuid import UUID

from usage_pipeline.client.errors import ApiError

T = TypeVar("T")
Identifier = str | int | UUID
PREFIX: Final = "/api/v1/workflow-usage"


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One request.

    Attributes:
        method: the HTTP method.
        path: below the prefix.
        kind: the class of the answer; for a list, of each of its items.
        query: query parameters.
        body: the JSON object to send.
    """

    method: str
    path: str
    kind: type[T]
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The request as arguments of httpx's `request`."""
        arguments: dict[str, Any] = {"method": self.method, "url": PREFIX + self.path}
        if self.query:
            arguments["params"] = self.query
        if self.body is not None:
            arguments["json"] = self.body
        return arguments


def path_of(*parts: Identifier) -> str:
    """A path of these parts. An id is one part, whatever characters it holds.

    Raises:
        ValueError: a part would change the path; quoting leaves dots as they are.
    """
    for part in parts:
        if str(part) in ("", ".", ".."):
            raise ValueError(f"{part!r} is not an id")
    return "".join("/" + quote(str(part), safe="") for part in parts)


def get(kind: type[T], *parts: Identifier, **query: object) -> Request[T]:
    """A request to read; query parameters that are None are left out."""
    texts = {name: str(value) for name, value in query.items() if value is not None}
    return Request("GET", path_of(*parts), kind, texts)


def checked_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        ValueError: it is not an http or https URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"{url!r} is not the address of an API: write http://host:port or https://host"
        )
    return url.rstrip("/")


def headers(api_key: str | None) -> dict[str, str]:
    """The headers of every request.

    Raises:
        ValueError: the key cannot stand in a header.
    """
    fixed = {"Accept": "application/json", "User-Agent": "usage-pipeline-client"}
    if not api_key:
        return fixed
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise ValueError("the API key holds characters that no key has")
    return {**fixed, "Authorization": f"Bearer {api_key}"}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        as_of: the last complete day the numbers are about.
        items: the page's items.
        next_cursor: where the next page starts; None on the last one.
    """

    as_of: date | None
    items: tuple[T, ...]
    next_cursor: str | None


class Listing(Generic[T]):
    """A list of the API: iterate over its items, or over its `pages()`, as often as you like.

    Pages are fetched as far as the caller iterates.
    """

    def __init__(self, fetch: Callable[[Request[T]], Page[T]], request: Request[T]) -> None:
        """Read pages by `fetch`, from that of the request on."""
        self._fetch = fetch
        self._request = request

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """The pages, each fetched when it is asked for."""
        request: Request[T] | None = self._request
        while request is not None:
            page = self._fetch(request)
            yield page
            request = _next_request(request, page)

    def first_page(self) -> Page[T]:
        """The first page, with the as-of date."""
        return self._fetch(self._request)


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
        request: Request[T] | None = self._request
        while request is not None:
            page = await self._fetch(request)
            yield page
            request = _next_request(request, page)

    async def first_page(self) -> Page[T]:
        """The first page, with the as-of date."""
        return await self._fetch(self._request)


def _next_request(request: Request[T], page: Page[T]) -> Request[T] | None:
    if page.next_cursor is None:
        return None
    if request.query.get("cursor") == page.next_cursor:
        # Going on would ask for the same page for ever.
        raise ApiError("The API repeats itself", detail=f"{request.path} gave one cursor twice")
    return replace(request, query={**request.query, "cursor": page.next_cursor})
