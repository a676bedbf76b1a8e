"""The rows of an NDJSON file: one JSON object a line.

A line that is not an object is a malformed row; it never fails the file.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from usage_pipeline.errors import InputError
from usage_pipeline.sources.formats import json_columns
from usage_pipeline.sources.formats.rows import Malformed, RawRows
from usage_pipeline.sources.reading.streams import InputStream

_BATCH_LINES = 32_768


def read_ndjson(stream: InputStream, paths: Sequence[str] = ()) -> Iterator[RawRows]:
    """Read an NDJSON file. A file without a line is empty.

    Rows are numbered by lines; blank lines are not rows.

    Args:
        stream: the file.
        paths: names with dots that reach into objects.

    Raises:
        InputError: it is not NDJSON, such as one JSON list over many lines.
    """
    before, checked = 0, False
    for lines in _batches(stream):
        texts = [(number, line) for number, line in enumerate(lines, start=before + 1) if line]
        before += len(lines)
        if not texts:
            continue
        rows = _rows(texts, paths)
        if not checked and not len(rows.numbers):
            raise InputError(
                f"{stream.name} is no NDJSON: line {rows.malformed.numbers[0]} "
                f"{rows.malformed.reasons[0].removeprefix('it ')}, and no other line is better. "
                "It needs one object a line. For one JSON document set format: json, and rows: "
                "NAME if its rows are in a member."
            )
        checked = True
        yield rows


def _batches(stream: InputStream) -> Iterator[list[str]]:
    rest, lines = b"", list[bytes]()
    for chunk in stream.text():
        *complete, rest = (rest + chunk).split(b"\n")
        if len(rest) > stream.limits.row_bytes:
            raise InputError(
                f"{stream.name} has a line longer than {stream.limits.row_bytes:,} bytes: it needs "
                "one object a line."
            )
        lines += complete
        while len(lines) >= _BATCH_LINES:
            yield [line.decode().strip() for line in lines[:_BATCH_LINES]]
            del lines[:_BATCH_LINES]
    yield [line.decode().strip() for line in [*lines, rest]]


def _rows(numbered: list[tuple[int, str]], paths: Sequence[str]) -> RawRows:
    numbers, lines = [number for number, _ in numbered], [line for _, line in numbered]
    malformed = Malformed()
    objects = _parsed_together(lines)
    if objects is None:
        objects = []
        sound = []
        for number, line in numbered:
            value = _parsed(line)
            if isinstance(value, dict):
                objects.append(value)
                sound.append((number, line))
            else:
                malformed.add(number, value, line)
        numbers, lines = [number for number, _ in sound], [line for _, line in sound]
    return RawRows(
        np.array(numbers, np.int64),
        json_columns.columns_of(objects, paths),
        malformed,
        # A value may be nested, or hold half of a surrogate pair, in a file that is all UTF-8.
        marked=True,
        lines=pa.array(lines, pa.string()),
    )


def _parsed_together(lines: list[str]) -> list[dict[str, Any]] | None:
    """The objects of all lines by one call of the parser, or None if a line is not an object."""
    # The numbers between the lines prove that none ran into the next.
    text = ",".join(f"{line},{place}" for place, line in enumerate(lines))
    try:
        value = json_columns.parse(f"[{text}]")
    except (ValueError, RecursionError):
        return None
    objects = value[::2]
    if value[1::2] != [str(place) for place in range(len(lines))]:
        return None
    return objects if all(type(each) is dict for each in objects) else None


def _parsed(line: str) -> dict[str, Any] | str:
    """The object of a line, or why it has none."""
    try:
        value = json_columns.parse(line)
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        return f"it is not JSON ({error})"
    return value if isinstance(value, dict) else "it is not a JSON object"
