"""JSON read piece by piece: lists of any length without holding more than one element's text.

Knows the shapes of an export: values one after another, a list of values, an object with a long
list in it. `github_actions` says what an element means.
"""

from collections.abc import Iterator
from typing import Any

from usage_pipeline.errors import InputError
from usage_pipeline.sources.formats import json_columns
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
