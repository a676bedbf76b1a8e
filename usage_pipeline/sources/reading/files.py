"""One file of a source, read into batches of accepted and rejected rows.

Picks the format's reader and ties the steps together: rows, conform, charge.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.conform.binding import bind, check_bound, is_there
from usage_pipeline.sources.conform.canonical import ReadBatch
from usage_pipeline.sources.conform.executions import Rules, conform, noted
from usage_pipeline.sources.conform.vocabulary import plain_word
from usage_pipeline.sources.formats.csv_rows import read_csv
from usage_pipeline.sources.formats.json_rows import read_json
from usage_pipeline.sources.formats.ndjson_rows import read_ndjson
from usage_pipeline.sources.formats.parquet_rows import read_parquet
from usage_pipeline.sources.formats.rows import RawRows, text_of
from usage_pipeline.sources.github_actions import canonical_columns, read_github_runs
from usage_pipeline.sources.reading.charging import Charging
from usage_pipeline.sources.reading.locations import InputFile
from usage_pipeline.sources.reading.streams import InputStream

_FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass
class FileReading:
    """One file being read. Iterate once; every row of it is in exactly one of the batches.

    Attributes:
        file: the file.
        rules: how its rows become executions.
        record: what was read, for the ledger: file, size in bytes, sha256, and `warnings` where
            something of it should be looked at. Empty until the end.
    """

    file: InputFile
    rules: Rules
    record: dict[str, Any] = field(default_factory=dict)
    _notes: Counter[str] = field(default_factory=Counter)
    _columns_seen: set[str] = field(default_factory=set)
    _words_seen: dict[str, set[str]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[ReadBatch]:
        """Read it.

        Raises:
            InputError: the file cannot be read, or is not what it should be.
        """
        charging = Charging(self.rules.config.name, self.file.name, self.rules.day)
        checked = False
        with self.file.open() as handle:
            stream = InputStream(
                self.file.name, handle, self.rules.limits, self.rules.config.encoding
            )
            for rows in self._rows(stream):
                columns = self._columns(rows, check=not checked)
                checked = True
                self._see(rows, columns)
                conformed = conform(rows, columns, self.rules)
                self._notes.update(conformed.notes)
                yield ReadBatch(conformed.accepted, charging.charge(rows, conformed))
            charging.finish()
        self.record.update(file=self.file.address, size=stream.size, sha256=stream.sha256)
        if warnings := list(self._warnings(stream)):
            self.record["warnings"] = warnings

    def _see(self, rows: RawRows, columns: Mapping[str, pa.Array]) -> None:
        """Note which columns and which mapped words there are."""
        self._columns_seen |= set(rows.columns)
        for name in ("status", "trigger_type"):
            if name in columns and len(columns[name]):
                distinct = pc.unique(text_of(columns[name])).to_pylist()
                words = self._words_seen.setdefault(name, set())
                words.update(plain_word(word) for word in distinct if word is not None)

    def _warnings(self, stream: InputStream) -> Iterator[str]:
        config, name = self.rules.config, self.file.name
        if stream.marked:
            yield (
                f"{name} holds text that is not UTF-8, and rows with it are rejected: set the "
                "encoding of the source, such as encoding: cp1252."
            )
        yield from noted(name, self._notes)
        if not self._columns_seen:
            return
        for column, field_name in config.mapped_columns.items():
            if not is_there(column, self._columns_seen):
                yield f"No row of {name} has {column!r}, which the source maps to {field_name}."
        for mapping, field_name in (("statuses", "status"), ("triggers", "trigger_type")):
            unused = set(getattr(config, mapping)) - self._words_seen.get(field_name, set())
            if self._words_seen.get(field_name) and unused:
                words = ", ".join(sorted(unused))
                yield f"No row of {name} has the {field_name} {words}, which {mapping} maps."

    def _rows(self, stream: InputStream) -> Iterator[RawRows]:
        config = self.rules.config
        if config.kind == "github_actions":
            return read_github_runs(stream)
        form = _format(config, self.file.path)
        if form == "parquet":
            return read_parquet(stream)
        paths = [name for name in config.mapped_columns if "." in name]
        if form == "json":
            return read_json(stream, config.rows, paths)
        if form == "ndjson":
            return read_ndjson(stream, paths)
        is_tabbed = _suffix(self.file.path) == ".tsv" and config.delimiter == ","
        return read_csv(stream, "\t" if is_tabbed else config.delimiter, config.escape)

    def _columns(self, rows: RawRows, *, check: bool) -> Mapping[str, pa.Array]:
        if self.rules.is_github:
            return canonical_columns(dict(rows.columns))
        names = list(rows.columns)
        bound = bind(self.rules.config, names)
        if check:
            complete = rows.lines is None
            check_bound(self.rules.config, self.file.name, names, bound, complete)
        return {each: rows.columns[name] for each, name in bound.items()}


def is_input(config: SourceConfig, path: str) -> bool:
    """Whether a file in a source's folder is one of its inputs, by its name."""
    if config.kind == "github_actions":
        return _FORMATS.get(_suffix(path)) == "ndjson"
    return config.format != "auto" or _suffix(path) in _FORMATS


def _format(config: SourceConfig, path: str) -> str:
    if config.format != "auto":
        return config.format
    if config.rows is not None:
        return "json"
    file_format = _FORMATS.get(_suffix(path))
    if file_format is None:
        raise InputError(
            f"The name of {path.rpartition('/')[2]} does not tell its format: set format to csv, "
            "ndjson, json or parquet."
        )
    return file_format


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2].lower().removesuffix(".gz")
    return f".{name.rpartition('.')[2]}" if "." in name else ""
