"""Values of JSON as Arrow columns of text, whatever each of them is.

Numbers keep the digits they are written with. An object or a list, where one value is expected,
becomes a mark (see `streams`). Used by every reader of JSON.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from usage_pipeline.sources.reading.streams import NESTED_MARK, SURROGATE_MARK


def parse(text: str) -> Any:
    """One JSON value, numbers as their text.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    return _DECODER.decode(text)


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """The JSON value at a place, and where it ends; raises as `parse` does."""
    value, end = _DECODER.raw_decode(text, start)
    return value, end


def text_column(values: Sequence[Any]) -> pa.Array:
    """JSON values as text: null stays null, true is `true`, what is nested is a mark."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return _SURROGATES.sub(SURROGATE_MARK, value)
    if value is None:
        return None
    return json.dumps(value) if isinstance(value, bool) else NESTED_MARK


def columns_of(
    objects: Sequence[Mapping[str, Any]], paths: Sequence[str] = ()
) -> dict[str, pa.Array]:
    """Columns of text by name: of each member, and of each path that reaches into objects.

    Args:
        objects: the rows.
        paths: names with dots, such as `workflowData.name`, that a source maps. A path that no row
            has gives no column.
    """
    names = list(dict.fromkeys(name for each in objects for name in each))
    columns = {name: text_column([each.get(name) for each in objects]) for name in names}
    for path in paths:
        if path not in columns and (column := _nested_column(objects, path)) is not None:
            columns[path] = column
    return columns


def column_at(objects: Sequence[Mapping[str, Any]], path: str) -> pa.Array | None:
    """One column of `columns_of`: of a member, else of a path; None where no row has it."""
    if any(path in each for each in objects):
        return text_column([each.get(path) for each in objects])
    return _nested_column(objects, path)


def _nested_column(objects: Sequence[Mapping[str, Any]], path: str) -> pa.Array | None:
    members = path.split(".")
    values = [_inside(each, members) for each in objects]
    if all(value is _MISSING for value in values):
        return None
    return text_column([None if value is _MISSING else value for value in values])


def _inside(value: Any, members: Sequence[str]) -> Any:
    for member in members:
        if not isinstance(value, dict) or member not in value:
            return _MISSING
        value = value[member]
    return value


_MISSING = object()
_SURROGATES = re.compile("[\ud800-\udfff]")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
