"""Databases: the rows of one SELECT for one day, from Postgres or SQLite.

The database cannot be changed by it: Postgres reads in a read-only transaction, SQLite opens its
file for reading only. Columns come in the types of the database and go the way of Parquet's.
"""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from adbc_driver_manager import Error as AdbcError
from adbc_driver_postgresql import dbapi

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.formats.parquet_rows import simple_column
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.span import Span

_POSTGRES: Final = ("postgresql://", "postgres://")
_SQLITE: Final = "sqlite:///"
_BOUND = re.compile(r"(?<![:\w]):(day_start|day_end)\b")
_BATCH_ROWS = 65_536
_CONNECT_SECONDS = 10
# Instructions of SQLite between two looks at the clock.
_STEPS_BETWEEN_LOOKS = 100_000
_ADBC_PREFIX = re.compile(
    r"^.*?(?:ERROR|FATAL): *|^[A-Z_]+: \[libpq\] *(?:Failed to connect: *)?", re.DOTALL
)
_ADBC_SUFFIX = re.compile(r"\s*\n?(?:Query was:|LINE \d+:|SQLSTATE:).*$", re.DOTALL)


def read_query(config: SourceConfig, span: Span, credentials: Credentials) -> Iterator[RawRows]:
    """The rows that a source's query gives for a span.

    Raises:
        InputError: the database is away, refuses the user, or does not take the query.
    """
    url = credentials.fill(config.url or "")
    if url.startswith(_POSTGRES):
        batches = _from_postgres(config, url, span)
    elif url.startswith(_SQLITE):
        batches = _from_sqlite(config, url.removeprefix(_SQLITE), span)
    else:
        raise InputError(
            f"The source {config.name!r} has a url of an unknown kind: write postgresql://... or "
            "sqlite:///..."
        )
    before = 0
    try:
        for batch in batches:
            names = batch.schema.names
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise InputError(
                    f"The query of the source {config.name!r} gives two columns named {twice!r}: "
                    "rename one with as."
                )
            numbers = np.arange(batch.num_rows, dtype=np.int64) + before + 1
            before += batch.num_rows
            columns = [simple_column(column) for column in batch.columns]
            yield RawRows(numbers, dict(zip(names, columns, strict=True)), marked=True)
    except (AdbcError, sqlite3.Error, pa.ArrowException, OSError) as error:
        raise InputError(_sentence(config, credentials, error)) from None


def _from_postgres(config: SourceConfig, url: str, span: Span) -> Iterator[pa.RecordBatch]:
    if "connect_timeout=" not in url:
        url += f"{'&' if '?' in url else '?'}connect_timeout={_CONNECT_SECONDS}"
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("set transaction read only")
        cursor.execute(f"set local statement_timeout = {config.query_seconds * 1000}")
        # Columns without a zone are compared in the zone that the source declares for them.
        cursor.execute(f"set local timezone = '{config.timezone}'")
        cursor.execute(_bound(config, span, lambda at: f"timestamptz '{at.isoformat()}'"))
        reader = cursor.fetch_record_batch()
        yield _empty(reader.schema)
        yield from reader
        connection.rollback()


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    """A batch without rows: its columns are checked even when the day has none."""
    arrays = [pa.array([], pa.string()) for _ in schema.names]
    return pa.RecordBatch.from_arrays(arrays, names=schema.names)


def _from_sqlite(config: SourceConfig, path: str, span: Span) -> Iterator[pa.RecordBatch]:
    deadline = time.monotonic() + config.query_seconds
    with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda data: data.decode(errors="replace")
        connection.set_progress_handler(
            lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_LOOKS
        )
        zone = ZoneInfo(config.timezone)
        query = _bound(config, span, lambda at: f"'{at.astimezone(zone).replace(tzinfo=None)}'")
        cursor = connection.execute(query)
        if cursor.description is None:
            raise sqlite3.OperationalError("it is not a query that gives rows")
        names = [column[0] for column in cursor.description]
        yield _empty(pa.schema([(name, pa.string()) for name in names]))
        while rows := list(islice(cursor, _BATCH_ROWS)):
            columns = [_column(values) for values in zip(*rows, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, names=names)


def _column(values: tuple[Any, ...]) -> pa.Array:
    """Values of SQLite, which may be of several types in one column."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _bound(config: SourceConfig, span: Span, literal: Any) -> str:
    """The query with the bounds of the span as literals."""
    bounds: dict[str, datetime] = {"day_start": span.start, "day_end": span.end}
    query = (config.query or "").strip().removesuffix(";")
    return _BOUND.sub(lambda name: literal(bounds[name[1]]), query)


def _sentence(config: SourceConfig, credentials: Credentials, error: Exception) -> str:
    name, words = config.name, str(error)
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate == "57014" or "statement timeout" in words or words == "interrupted":
        return (
            f"The query of the source {name!r} took longer than {config.query_seconds} s and was "
            "stopped: narrow it, give its table an index, or set query_seconds."
        )
    reason = credentials.hide(_ADBC_SUFFIX.sub("", _ADBC_PREFIX.sub("", words))).rstrip(".?")
    is_away = "connect" in words or "unable to open" in words
    if is_away:
        return f"The database of the source {name!r} cannot be opened: {reason}."
    return f"The database of the source {name!r} does not take its query: {reason}."
