"""JSON into the dataclasses of `answers`: dates, times and ids become what they are.

A field the API adds is left out and one it leaves out is None, so that an older client reads a
newer API. Anything else that does not fit is an error, never a wrong value.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

T = TypeVar("T")
Convert = Callable[[Any], Any]


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
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _optional(_converter(inner))
    if origin is tuple:
        item = _converter(arguments[0])
        return lambda value: tuple(item(one) for one in _typed(list, value))
    if origin is dict:
        item = _converter(arguments[1])
        return lambda value: {key: item(one) for key, one in _typed(dict, value).items()}
    return _SCALARS.get(kind, lambda value: value)


def _record(kind: Any) -> Convert:
    hints = typing.get_type_hints(kind)
    converters = {field.name: _converter(hints[field.name]) for field in dataclasses.fields(kind)}

    def convert(value: Any) -> Any:
        given = _typed(dict, value)
        return kind(**{name: one(given.get(name)) for name, one in converters.items()})

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
