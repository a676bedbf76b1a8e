"""The rows of a CSV file, by Arrow's reader in blocks.

Every field is text here; an empty one is null.
"""

import csv
import itertools
import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from usage_pipeline.errors import InputError
from usage_pipeline.sources.formats.rows import Malformed, RawRows
from usage_pipeline.sources.reading.streams import InputStream

_BLOCK = 8 << 20
_BATCH_ROWS = 16_384
# So many broken rows with hardly a good one between them are another format, not dirty data.
_BROKEN_ROWS = 200_000
_SEP_LINE = re.compile(r'"?sep=(.)"?')
_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}


def read_csv(
    stream: InputStream, delimiter: str = ",", escape: str | None = None
) -> Iterator[RawRows]:
    """Read a CSV file whose first row names the columns.

    Rows are numbered from 1 after the header; blank lines are not rows. Excel's line `sep=;` before
    the header is a hint for Excel: it is left out, and names the delimiter where none is declared.

    Args:
        stream: the file.
        delimiter: what separates the columns.
        escape: the character that takes its meaning from the next one, if any does.

    Raises:
        InputError: it is empty, or no CSV.
    """
    text = stream.text()
    header, start = _split_header(stream, text)
    if hint := _SEP_LINE.fullmatch(header):
        delimiter = hint[1] if delimiter == "," else delimiter
        header, start = _split_header(stream, itertools.chain([start], text))
    names = _column_names(stream.name, header, delimiter)
    yield RawRows(np.empty(0, np.int64), {name: pa.array([], pa.string()) for name in names})
    feed = _Feed(start, text)
    if feed.is_empty():
        return
    broken = _BrokenRows(len(names))
    try:
        for batch in _reader(feed, names, (delimiter, escape), broken, stream.limits.row_bytes):
            # A block holds one long row or very many short ones, which are handed on in parts.
            for first in range(0, max(batch.num_rows, 1), _BATCH_ROWS):
                part = batch.slice(first, _BATCH_ROWS)
                yield broken.between(names, part, stream.marked)
    except pa.ArrowInvalid as error:
        raise _no_csv(stream, error) from None
    if stream.quotes % 2 and broken.last_has_line_break:
        raise InputError(
            f"{stream.name} ends inside a quoted field that swallowed the lines after it: close "
            f"the quote in row {broken.last_number}."
        )
    yield broken.rest(names)


def _reader(
    feed: "_Feed",
    names: list[str],
    characters: tuple[str, str | None],
    broken: "_BrokenRows",
    row_bytes: int,
) -> arrow_csv.CSVStreamingReader:
    places = [str(place) for place in range(len(names))]
    return arrow_csv.open_csv(
        pa.PythonFile(feed, mode="r"),
        read_options=arrow_csv.ReadOptions(
            use_threads=False, block_size=max(_BLOCK, row_bytes), column_names=places
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=characters[0],
            escape_char=characters[1] or False,
            newlines_in_values=True,
            invalid_row_handler=broken.note,
        ),
        convert_options=arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(places, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


class _Feed:
    """Chunks as the file Arrow reads from: each read is full but for the last."""

    closed = False

    def __init__(self, start: bytes, chunks: Iterator[bytes]) -> None:
        self._rest = start
        self._chunks = chunks

    def is_empty(self) -> bool:
        while not self._rest.strip():
            chunk = next(self._chunks, None)
            if chunk is None:
                return True
            self._rest = chunk
        return False

    def read(self, size: int) -> bytes:
        parts, missing_size = [self._rest], size - len(self._rest)
        while missing_size > 0 and (chunk := next(self._chunks, None)) is not None:
            parts.append(chunk)
            missing_size -= len(chunk)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


class _BrokenRows:
    """Puts rows with too many or too few fields back between the others.

    Attributes:
        last_number: the number of the last row so far.
        last_has_line_break: whether one of its fields goes over several lines.
    """

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._waiting = Malformed()
        self.last_number = 0
        self.last_has_line_break = False
        self._last_delivered = 0

    def note(self, row: arrow_csv.InvalidRow) -> str:
        """Arrow's handler: called for a row before the rows around it are delivered."""
        number = row.number or 0
        self.last_number, self.last_has_line_break = number, "\n" in row.text.strip()
        if row.text.strip():
            reason = f"it has {row.actual_columns} fields and not {self._expected}"
            self._waiting.add(number, reason, row.text)
        else:
            self._waiting.add(number, "", "")
        return "skip" if len(self._waiting.numbers) < _BROKEN_ROWS else "error"

    def between(self, names: list[str], batch: pa.RecordBatch, marked: bool) -> RawRows:
        """The rows of a batch with their numbers, and the broken ones before its last."""
        gaps = np.array(self._waiting.numbers, np.int64)
        following = np.arange(batch.num_rows + len(gaps), dtype=np.int64)
        following += self._last_delivered + 1
        numbers = following[~np.isin(following, gaps)][: batch.num_rows]
        end = int(np.searchsorted(gaps, numbers[-1])) if len(numbers) else 0
        if len(numbers):
            self._last_delivered = int(numbers[-1])
        if self._last_delivered > self.last_number:
            self.last_number = self._last_delivered
            self.last_has_line_break = _has_line_break(batch.slice(batch.num_rows - 1))
        return RawRows(
            numbers, dict(zip(names, batch.columns, strict=True)), self._taken(end), marked
        )

    def rest(self, names: list[str]) -> RawRows:
        """The broken rows after the last batch."""
        none = {name: pa.array([], pa.string()) for name in names}
        return RawRows(np.empty(0, np.int64), none, self._taken(len(self._waiting.numbers)))

    def _taken(self, end: int) -> Malformed:
        malformed, all_rows = Malformed(), self._waiting
        rows = list(zip(all_rows.numbers, all_rows.reasons, all_rows.originals, strict=True))
        for number, reason, original in rows[:end]:
            if reason:
                malformed.add(number, reason, original)
        self._waiting = (
            Malformed(*map(list, zip(*rows[end:], strict=True))) if rows[end:] else (Malformed())
        )
        return malformed


def _split_header(stream: InputStream, chunks: Iterator[bytes]) -> tuple[str, bytes]:
    """The first row's text, and what follows it of the chunks read so far."""
    data = b""
    for chunk in chunks:
        data = (data + chunk).lstrip(b"\r\n")
        end = _end_of_row(data)
        # A line break at the very end may be the first half of \r\n.
        if end is not None and end + 1 < len(data):
            return data[:end].decode(), data[end:].lstrip(b"\r\n")
        if len(data) > stream.limits.field_bytes:
            raise InputError(
                f"{stream.name} has no header: its first line is longer than "
                f"{stream.limits.field_bytes:,} bytes."
            )
    header = data.rstrip(b"\r\n")
    if not header.strip():
        raise InputError(f"{stream.name} is empty: it has not even a header.")
    return header.decode(), b""


def _end_of_row(data: bytes) -> int | None:
    for line_end in re.finditer(rb"[\r\n]", data):
        if data.count(b'"', 0, line_end.start()) % 2 == 0:
            return line_end.start()
    return None


def _column_names(name: str, header: str, delimiter: str) -> list[str]:
    if "\0" in header:
        raise InputError(f"{name} is no text: its first line holds NUL bytes.")
    try:
        names = [each.strip() for each in next(csv.reader([header], delimiter=delimiter))]
    except csv.Error as error:
        raise InputError(f"{name} has no header that can be read: {error}.") from None
    if len(names) == 1:
        others = [each for each in _SEPARATORS if each != delimiter and each in header]
        if others:
            raise InputError(
                f"{name} has one column, {header[:80]!r}: it seems to be separated by "
                f"{_SEPARATORS[others[0]]}; set delimiter: {others[0]!r}."
            )
    twice = next((each for each in names if each and names.count(each) > 1), None)
    if twice is not None:
        raise InputError(f"{name} has two columns named {twice!r}: rename one.")
    return [each or f"column {place}" for place, each in enumerate(names, start=1)]


def _has_line_break(row: pa.RecordBatch) -> bool:
    return any("\n" in (column[0].as_py() or "") for column in row.columns)


def _no_csv(stream: InputStream, error: Exception) -> InputError:
    if "straddling" in str(error) or "block" in str(error):
        return InputError(
            f"{stream.name} has a row longer than {stream.limits.row_bytes:,} bytes: perhaps a "
            "quote is not closed."
        )
    return InputError(f"{stream.name} is no CSV: {' '.join(str(error).split())[:300]}.")
