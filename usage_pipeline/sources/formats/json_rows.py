"""JSON documents read piece by piece, so that one of any length takes the memory of a batch.

`JsonStream` knows the shapes of an export: values one after another, a list of
values, an object with a long list in it. The rows of a document are such a list of objects.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from usage_pipeline.errors import InputError
from usage_pipeline.sources.formats import json_columns
from usage_pipeline.sources.formats.rows import Malformed, RawRows
from usage_pipeline.sources.reading.streams import InputStream

_SPACE = " \t\r\n"


class JsonStream:
    """A place in a JSON text that moves forward only."""

    def __init__(self, stream: InputStream) -> None:
        """Start at the beginning of a file."""
        self._stream = stream
        self._chunks = stream.text()
        self._text = ""
        self._place = 0
        self._before = 0

    def peek(self) -> str:
        """The next character that is not a space; empty at the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in _SPACE:
                self._place += 1
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Step over one character.

        Raises:
            InputError: another one stands there.
        """
        if self.peek() != expected:
            raise self._error(f"{expected!r} is expected")
        self._place += 1

    def value(self) -> Any:
        """The value that starts here, whole.

        Raises:
            InputError: none does.
        """
        self.peek()
        while True:
            try:
                element, end = json_columns.parse_at(self._text, self._place)
            except RecursionError:
                raise self._error("it is nested too deeply") from None
            except ValueError as error:
                if len(self._text) - self._place > self._stream.limits.row_bytes:
                    raise self._error("no value ends here") from None
                if not self._more():
                    raise self._error(f"it is cut off or broken ({error})") from None
                continue
            # A number that ends with the text may go on in the next chunk.
            if end < len(self._text) or not self._more():
                self._place = end
                return element

    def elements(self) -> Iterator[None]:
        """Step through the list that starts here: at each step the next element starts."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield
            if self.peek() != ",":
                break
            self.take(",")
        self.take("]")

    def members(self) -> Iterator[str]:
        """Step through the object that starts here: at each step the value of a name starts."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            if self.peek() != '"':
                raise self._error("a name is expected")
            name = self.value()
            self.take(":")
            yield name
            if self.peek() != ",":
                break
            self.take(",")
        self.take("}")

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._before += self._place
        self._text = self._text[self._place :] + chunk.decode()
        self._place = 0
        return True

    def _error(self, reason: str) -> InputError:
        place = self._before + self._place + 1
        return InputError(f"{self._stream.name} is not JSON: {reason} at character {place:,}.")


_BATCH_ROWS = 8_192


def read_json(
    stream: InputStream, member: str | None = None, paths: Sequence[str] = ()
) -> Iterator[RawRows]:
    """Read a document, or several one after another. Rows are numbered from 1.

    Args:
        stream: the file.
        member: the member that holds the rows, with dots where it is inside another; None where
            the document is the list itself.
        paths: names with dots that reach into the objects of rows.

    Raises:
        InputError: it is not JSON, or has no such list.
    """
    values: list[Any] = []
    before = 0
    for value in _values(JsonStream(stream), stream.name, member):
        values.append(value)
        if len(values) == _BATCH_ROWS:
            yield _rows(values, before, paths)
            before += len(values)
            values = []
    yield _rows(values, before, paths)


def _values(text: JsonStream, name: str, member: str | None) -> Iterator[Any]:
    if not text.peek():
        raise InputError(f"{name} is empty.")
    members = [] if member is None else member.split(".")
    while text.peek():
        yield from _list(text, name, members)


def _list(text: JsonStream, name: str, members: Sequence[str]) -> Iterator[Any]:
    """The elements of the list that starts here, or in a member of the object that does."""
    if not members:
        if text.peek() != "[":
            other = ", ".join(text.value()) if text.peek() == "{" else "no list"
            raise InputError(
                f"{name} is not a JSON list ({other[:200]}): name the member that holds the rows, "
                "as rows: NAME."
            )
        for _ in text.elements():
            yield text.value()
        return
    if text.peek() != "{":
        raise InputError(f"{name} has no object where {members[0]!r} is looked for.")
    others = []
    is_there = False
    for each in text.members():
        if each == members[0]:
            is_there = True
            yield from _list(text, name, members[1:])
        else:
            others.append(each)
            text.value()
    if not is_there:
        raise InputError(
            f"{name} has no member {members[0]!r}, which rows names: it has "
            f"{', '.join(others[:30]) or 'no member'}."
        )


def _rows(values: Sequence[Any], before: int, paths: Sequence[str]) -> RawRows:
    malformed = Malformed()
    objects, numbers = list[dict[str, Any]](), list[int]()
    for number, value in enumerate(values, start=before + 1):
        if isinstance(value, dict):
            objects.append(value)
            numbers.append(number)
        else:
            malformed.add(number, "it is not a JSON object", json.dumps(value))
    lines = pa.array([json.dumps(each, ensure_ascii=False) for each in objects], pa.string())
    return RawRows(
        np.array(numbers, np.int64),
        json_columns.columns_of(objects, paths),
        malformed,
        marked=True,
        lines=lines,
    )
