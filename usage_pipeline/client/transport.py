"""Between requests and httpx, the same for both clients: building, and reading what came back."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import NoneType
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import urlsplit

import httpx

from usage_pipeline.client.decoding import decoder
from usage_pipeline.client.endpoints import PREFIX, Request
from usage_pipeline.client.errors import ApiError, describe, problem_document
from usage_pipeline.client.pauses import retry_after_seconds

T = TypeVar("T")
_NO_FIT: Final = "The answer is not what this client expects"


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


def checked_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        ValueError: it is no http or https URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no address of an API: write http://host:port or https://host")
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


def arguments(request: Request[Any]) -> dict[str, Any]:
    """The request as arguments of httpx's `request`."""
    built: dict[str, Any] = {"method": request.method, "url": PREFIX + request.path}
    if request.query:
        built["params"] = request.query
    if request.body is not None:
        built["json"] = request.body
    return built


def unreachable(request: Request[Any], error: Exception) -> ApiError:
    """The error of a request that got no answer."""
    said = f"{request.method} {request.path} got no answer ({type(error).__name__}: {error})"
    return ApiError("The API cannot be reached", detail=said)


def one(request: Request[T], response: httpx.Response) -> T:
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


def page(request: Request[T], response: httpx.Response) -> Page[T]:
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
