"""Values of JSON as Arrow columns of text, whatever each of them is.

Numbers keep the digits they are written with. An object or a list, where one value is expected,
becomes a mark (see `streams`). Used by every reader of JSON.
"""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from usage_pipeline.sources.reading.streams import FIRST_MARK, NESTED_MARK


def parse(text: str) -> Any:
    """One JSON value, numbers as their text.

    Raises:
        ValueError: it is no JSON.
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
        return "".join(
            chr(FIRST_MARK + 0x80 + (ord(each) & 0x7F)) if "\ud800" <= each <= "\udfff" else each
            for each in value
        )
    if value is None:
        return None
    return json.dumps(value) if isinstance(value, bool) else NESTED_MARK


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
