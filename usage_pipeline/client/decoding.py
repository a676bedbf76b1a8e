"""What came back, as the dataclasses of `answers` or as an error.

Dates, times and ids become what they are. A field the API adds is left out, so that an older client
reads a newer API. A field it leaves out is None where it may be null. Anything else that does not
fit is an error, never a wrong value.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime
from functools import cache
from types import NoneType
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import httpx

from usage_pipeline.client.errors import ApiError, describe, problem_document, retry_after_seconds
from usage_pipeline.client.requests import Page, Request

T = TypeVar("T")
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
