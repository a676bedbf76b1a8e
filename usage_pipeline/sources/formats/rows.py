"""Rows as they stand in a file: what every format reader delivers and `conform` takes.

Verbatim columns, row numbers, and the rows that are not even rows. `conform` gives them meaning.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.sources.reading.streams import MARKS, readable_text

IntArray = npt.NDArray[np.int64]

# An original is there to be looked at, not to be loaded again.
ORIGINAL_CHARACTERS: Final = 10_000
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass
class Malformed:
    """Rows without columns: too many fields, broken JSON.

    Attributes:
        numbers: their row numbers.
        reasons: one each.
        originals: their text.
    """

    numbers: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)

    def add(self, number: int, reason: str, original: str) -> None:
        """Note one row."""
        self.numbers.append(number)
        self.reasons.append(reason)
        self.originals.append(readable_text(original[:ORIGINAL_CHARACTERS])[:ORIGINAL_CHARACTERS])


@dataclass(frozen=True)
class RawRows:
    """Some rows of one file, in their order.

    Attributes:
        numbers: the number of each row in its file, from 1.
        columns: the file's columns by name; text for formats that have nothing else.
        malformed: rows in between that lack columns.
        marked: whether a field may hold a mark (see `streams`).
        lines: the text of each row, where a row is a line.
    """

    numbers: IntArray
    columns: Mapping[str, pa.Array]
    malformed: Malformed = field(default_factory=Malformed)
    marked: bool = False
    lines: pa.Array | None = None

    def originals(self, places: pa.Array) -> pa.Array:
        """The rows at some places as the JSON object they hold, cut off at 10,000 characters."""
        if self.lines is not None:
            cut = pc.utf8_slice_codeunits(self.lines.take(places), 0, ORIGINAL_CHARACTERS)
            return _readable(cut) if self.marked else cut
        fields = [_json_field(name, column.take(places)) for name, column in self.columns.items()]
        joined = pc.binary_join_element_wise(*fields, ", ") if fields else _empty(len(places))
        whole = pc.binary_join_element_wise("{", joined, "}", "")
        return pc.utf8_slice_codeunits(whole, 0, ORIGINAL_CHARACTERS)


def text_of(column: pa.Array) -> pa.Array:
    """A column of any simple type as text; a value without a text becomes its bytes in hex."""
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        return text_of(column.storage)
    if pa.types.is_dictionary(kind):
        return text_of(column.dictionary).take(column.indices)
    if pa.types.is_string(kind):
        return column
    return column.cast(pa.string())


def _json_field(name: str, column: pa.Array) -> pa.Array:
    text = pc.utf8_slice_codeunits(text_of(column), 0, ORIGINAL_CHARACTERS)
    if _any_match(text, MARKS):
        text = _readable(text)
    for character, escape in _ESCAPES.items():
        text = pc.replace_substring(text, character, escape)
    if _any_match(text, r"[\x00-\x1f]"):
        for code in range(0x20):
            text = pc.replace_substring(text, chr(code), f"\\u{code:04x}")
    quoted = pc.binary_join_element_wise('"', text, '"', "")
    value = pc.fill_null(quoted, "null")
    return pc.binary_join_element_wise(f"{json.dumps(readable_text(name))}: ", value, "")


def _readable(text: pa.Array) -> pa.Array:
    distinct = text.dictionary_encode()
    readable = [readable_text(each) for each in distinct.dictionary.to_pylist()]
    return pa.array(readable, pa.string()).take(distinct.indices)


def _any_match(text: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(text, pattern=pattern), min_count=1).as_py())


def _empty(count: int) -> pa.Array:
    return pa.array([""] * count, pa.string())
