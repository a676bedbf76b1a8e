"""Requests to the API, the lists of its answers, and what came back. Nothing is sent here.

Dates, times and ids become what they are. A field the API adds is left out, so that an older client
reads a newer API. A field it leaves out is None where it may be null. Anything else that does not
fit is an error, never a wrong value.
"""

import dataclasses
import types
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from types import NoneType
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx

from usage_pipeline.client.errors import ApiError, describe, problem_document, retry_after_seconds

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


Convert = Callable[[Any], Any]
_NO_FIT: Final = "The answer is not what this client expects"


def answer_of(request: Request[T], response: httpx.Response) -> T:
    """The answer as what the request asks for; None when that is nothing.

    Raises:
        ApiError: the API refused, or the answer does not fit.
    """
    _check(response)
    if request.kind is NoneType:
        return cast("T", None)
    try:
        return decoder(request.kind)(response.json())
    except (ValueError, TypeError, LookupError) as error:
        raise ApiError(_NO_FIT, status=response.status_code, detail=str(error)) from error


def page_of(request: Request[T], response: httpx.Response) -> Page[T]:
    """The answer as one page of items.

    Raises:
        ApiError: the API refused, or the answer does not fit.
    """
    _check(response)
    try:
        body = response.json()
        as_of, cursor, decode = body.get("as_of"), body.get("next_cursor"), decoder(request.kind)
        return Page(
            as_of=None if as_of is None else date.fromisoformat(as_of),
            items=tuple(decode(item) for item in body["items"]),
            next_cursor=None if cursor is None else str(cursor),
        )
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ApiError(_NO_FIT, status=response.status_code, detail=str(error)) from error


def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    title, detail = describe(response)
    raise ApiError(
        title,
        status=response.status_code,
        detail=detail,
        retry_after=retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC)),
        problem=problem_document(response),
    )


def decoder(kind: type[T]) -> Callable[[Any], T]:
    """The function that makes a `kind` of parsed JSON.

    It raises ValueError, TypeError or LookupError when the JSON does not fit.
    """
    return cast("Callable[[Any], T]", _converter(cast("Hashable", kind)))


@cache
def _converter(kind: Any) -> Convert:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _record(kind)
    if origin in (types.UnionType, typing.Union):
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return _optional(_converter(inner))
    if origin is tuple:
        convert = _converter(arguments[0])
        return lambda value: tuple(convert(item) for item in _typed(list, value))
    if origin is dict:
        convert = _converter(arguments[1])
        return lambda value: {key: convert(item) for key, item in _typed(dict, value).items()}
    return _SCALARS.get(kind, lambda value: value)


def _record(kind: Any) -> Convert:
    hints = typing.get_type_hints(kind)
    converters = {field.name: _converter(hints[field.name]) for field in dataclasses.fields(kind)}

    def convert(value: Any) -> Any:
        record = _typed(dict, value)
        return kind(**{name: make(record.get(name)) for name, make in converters.items()})

    return convert


def _optional(inner: Convert) -> Convert:
    return lambda value: None if value is None else inner(value)


def _typed(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("a number expected, not a truth value")
    try:
        return float(_typed(int, value) if isinstance(value, int) else _typed(float, value))
    except OverflowError:
        raise ValueError("a number beyond what can be counted with") from None


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError("an integer expected, not a truth value")
    return _typed(int, value)


_SCALARS: dict[Any, Convert] = {
    str: lambda value: _typed(str, value),
    bool: lambda value: _typed(bool, value),
    int: _integer,
    float: _number,
    UUID: lambda value: UUID(_typed(str, value)),
    date: lambda value: date.fromisoformat(_typed(str, value)),
    datetime: lambda value: datetime.fromisoformat(_typed(str, value)),
}
