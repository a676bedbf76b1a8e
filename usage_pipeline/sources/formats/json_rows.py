"""The rows of one JSON document: a list of objects, or a list in a member of an object.

Read piece by piece, so that a document of any length takes the memory of a batch.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from usage_pipeline.errors import InputError
from usage_pipeline.sources.formats import json_columns
from usage_pipeline.sources.formats.json_stream import JsonStream
from usage_pipeline.sources.formats.rows import Malformed, RawRows
from usage_pipeline.sources.reading.streams import InputStream

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
