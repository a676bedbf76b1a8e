"""Whatever bytes come: rows, rejected rows, or one clear sentence; never a traceback."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from usage_pipeline.errors import InputError

from .reading import csv_of, read, row
from .test_github_actions import PAGES
from .test_ndjson import RUN

CSV = csv_of(row("1"), row("2", end="2024-03-01T11:00:00Z"), '"3",a,b,2024-03-02,,ok,api').encode()
NDJSON = f"{json.dumps(RUN)}\n{json.dumps({**RUN, 'cost': 1.5})}\n".encode()


def parquet_bytes() -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist([RUN, {**RUN, "cost": 1.5}]), sink)
    return bytes(sink.getvalue())


INPUTS = [
    ("runs.csv", "files", CSV),
    ("runs.csv.gz", "files", gzip.compress(CSV, mtime=0)),
    ("runs.ndjson", "files", NDJSON),
    ("runs.parquet", "files", parquet_bytes()),
    ("runs.json", "github_actions", json.dumps(PAGES).encode()),
]


def assert_is_one_sentence(error: InputError) -> None:
    text = str(error)
    assert text[:1].isprintable()
    assert len(text.split()) > 3
    assert "\n" not in text
    assert "Traceback" not in text
    assert text.endswith(".")
    text.encode()


@pytest.mark.parametrize(("name", "kind", "content"), INPUTS, ids=[name for name, _, _ in INPUTS])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_input_is_rows_or_one_sentence(
    tmp_path: Path, name: str, kind: str, content: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        end = data.draw(st.integers(start, min(len(damaged), start + 30)))
        noise = st.binary(max_size=12) | st.sampled_from([b'"', b"\0", b"\n", b",", b"\xff", b"{"])
        damaged[start:end] = data.draw(noise)
    path = tmp_path / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(damaged)
    try:
        _read(tmp_path, path, kind)
    except InputError as error:
        assert_is_one_sentence(error)


def _read(folder: Path, path: Path, kind: str) -> None:
    from usage_pipeline.sources.config import SourceConfig

    from .reading import read_config

    read_config(SourceConfig(name="test", kind=kind, path=str(path)), folder)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.ndjson", "a.parquet"])
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_noise_is_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    try:
        found = read(tmp_path, content, name)
    except InputError as error:
        assert_is_one_sentence(error)
        return
    assert found.accepted == []
