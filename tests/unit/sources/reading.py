"""Writes an input, reads it as a source, and shows what became of each row."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.conform.canonical import CANONICAL_SCHEMA, REJECTED_SCHEMA
from usage_pipeline.sources.reading.limits import Limits
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.sources.source import Source

HEADER = "id,user_id,workflow_id,start_time,end_time,status,trigger"


@dataclass(frozen=True)
class Outcome:
    """All rows of an input, by what became of them."""

    accepted: list[dict[str, Any]]
    rejected: list[dict[str, Any]]

    @property
    def reasons(self) -> list[str]:
        return [row["reason"] for row in self.rejected]

    @property
    def only(self) -> dict[str, Any]:
        assert not self.rejected, self.rejected
        assert len(self.accepted) == 1
        return self.accepted[0]


def read_config(
    config: SourceConfig,
    folder: Path,
    zone: str = "UTC",
    latest: datetime | None = None,
    limits: Limits | None = None,
) -> Outcome:
    """Read all days of a source and check what holds for every input."""
    source = open_source(config, folder / "spool", zone, latest=latest, limits=limits)
    accepted, rejected = [], []
    for day in source.days():
        for batch in source.read_day(day):
            assert batch.accepted.schema.equals(CANONICAL_SCHEMA)
            assert batch.rejected.schema.equals(REJECTED_SCHEMA)
            batch.accepted.validate(full=True)
            batch.rejected.validate(full=True)
            dates = pa.concat_tables(
                [table.select(["execution_date"]) for table in (batch.accepted, batch.rejected)]
            )
            assert set(dates["execution_date"].to_pylist()) <= {day}
            accepted += batch.accepted.to_pylist()
            rejected += batch.rejected.to_pylist()
        assert source.inputs(day)
    return Outcome(accepted, rejected)


def read(
    folder: Path,
    content: str | bytes,
    name: str = "runs.csv",
    *,
    zone: str = "UTC",
    latest: datetime | None = None,
    limits: Limits | None = None,
    **config: Any,
) -> Outcome:
    """Write one file and read it as a source; by default as CSV."""
    path = write(folder / "in" / name, content)
    return read_config(
        SourceConfig(**{"name": "test", "path": str(path), **config}), folder, zone, latest, limits
    )


def write(path: Path, content: str | bytes) -> Path:
    """Write a file, gzipped if its name says so."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def row(
    id: str = "1",  # noqa: A002
    user: str = "ann",
    workflow: str = "build",
    start: str = "2024-03-01T10:00:00Z",
    end: str = "",
    status: str = "completed",
    trigger: str = "manual",
) -> str:
    """One row of CSV under `HEADER`."""
    return f"{id},{user},{workflow},{start},{end},{status},{trigger}"


def csv_of(*rows: str, header: str = HEADER) -> str:
    """A CSV file."""
    return "\n".join([header, *rows]) + "\n"


def days_of(source: Source) -> Iterator[tuple[date, int, int]]:
    """Days with how many rows were accepted and rejected."""
    for day in source.days():
        batches = list(source.read_day(day))
        yield (
            day,
            sum(batch.accepted.num_rows for batch in batches),
            sum(batch.rejected.num_rows for batch in batches),
        )
