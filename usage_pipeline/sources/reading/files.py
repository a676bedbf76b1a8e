"""One file of a source, read into batches of accepted and rejected rows.

Picks the format's reader and ties the steps together: rows, conform, charge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.conform.binding import bind, check_bound
from usage_pipeline.sources.conform.canonical import ReadBatch
from usage_pipeline.sources.conform.executions import Rules, conform
from usage_pipeline.sources.formats.csv_rows import read_csv
from usage_pipeline.sources.formats.ndjson_rows import read_ndjson
from usage_pipeline.sources.formats.parquet_rows import read_parquet
from usage_pipeline.sources.formats.rows import RawRows
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
        record: what was read, for the ledger: file, size in bytes, sha256. Empty until the end.
    """

    file: InputFile
    rules: Rules
    record: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[ReadBatch]:
        """Read it.

        Raises:
            InputError: the file cannot be read, or is not what it should be.
        """
        charging = Charging(self.rules.config.name, self.file.name, self.rules.day)
        checked = False
        with self.file.open() as handle:
            stream = InputStream(self.file.name, handle, self.rules.limits)
            for rows in self._rows(stream):
                columns = self._columns(rows, check=not checked)
                checked = True
                conformed = conform(rows, columns, self.rules)
                yield ReadBatch(conformed.accepted, charging.charge(rows, conformed))
            charging.finish()
        self.record.update(file=self.file.address, size=stream.size, sha256=stream.sha256)

    def _rows(self, stream: InputStream) -> Iterator[RawRows]:
        config = self.rules.config
        if config.kind == "github_actions":
            return read_github_runs(stream)
        form = _format(config, self.file.path)
        if form == "parquet":
            return read_parquet(stream)
        if form == "ndjson":
            return read_ndjson(stream)
        is_tabbed = _suffix(self.file.path) == ".tsv" and config.delimiter == ","
        return read_csv(stream, "\t" if is_tabbed else config.delimiter)

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
    found = _FORMATS.get(_suffix(path))
    if found is None:
        raise InputError(
            f"The name of {path.rpartition('/')[2]} does not tell its format: set format to csv, "
            "ndjson or parquet."
        )
    return found


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2].lower().removesuffix(".gz")
    return f".{name.rpartition('.')[2]}" if "." in name else ""
