"""Files of clouds: an S3 that answers, one that is away, and who may not read it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import fsspec
import httpx
import pytest
from moto.server import ThreadedMotoServer

from tests.unit.sources.reading import csv_of, days_of, read_config, row
from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import files_source
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.sources.reading.storage import storage_errors, storage_of

_DAY = date(2024, 3, 1)
_KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_MAX_ATTEMPTS": "1",
}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    """An S3 with the bucket `usage`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    for name, value in {**_KEYS, "AWS_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(name, value)
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    type(system).clear_instance_cache()
    system.mkdir("usage")
    yield system
    type(system).clear_instance_cache()
    # The buckets are the process's, not the server's.
    httpx.post(f"{url}/moto-api/reset")
    server.stop()


def test_files_of_a_bucket_are_read_like_those_of_a_folder(
    bucket: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    bucket.pipe("usage/runs [prod]/2024-03-01.csv", csv_of(row()).encode())
    bucket.pipe("usage/runs [prod]/_SUCCESS", b"")
    for path in (
        "s3://usage/runs [prod]",
        "s3://usage/runs [prod]/2024-03-01.csv",
        "s3://usage/runs [prod]/*.csv",
    ):
        assert len(read_config(files_source([path]), tmp_path).accepted) == 1, path
    daily = files_source(["s3://usage/runs [prod]/{day}.csv"])
    assert list(days_of(open_source(daily, tmp_path / "s", "UTC"))) == [(_DAY, 1, 0)]
    with pytest.raises(InputError, match=r"There is no file for 2024-03-02 at s3://usage/"):
        open_source(daily, tmp_path / "t", "UTC").read_day(_DAY + timedelta(days=1))


def test_a_file_that_comes_later_is_found_by_the_same_process(
    bucket: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    source = files_source(["s3://usage/runs/*.csv"])
    with pytest.raises(InputError, match="There is no file at"):
        read_config(source, tmp_path / "before")
    bucket.pipe("usage/runs/2024-03-01.csv", csv_of(row()).encode())
    assert len(read_config(source, tmp_path / "after").accepted) == 1


_LIST = """
from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import files_source
from usage_pipeline.sources.reading.locations import files_of
try:
    files_of(files_source(["s3://usage/runs/a.csv"]), bool)
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("AWS_ACCESS_KEY_ID", "cannot be listed: Unable to locate credentials."),
        ("", "cannot be listed: Could not connect to the endpoint URL"),
    ],
)
def test_a_cloud_that_cannot_be_asked_is_one_sentence(missing: str, sentence: str) -> None:
    environment = {**os.environ, **_KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    environment.pop(missing, None)
    result = subprocess.run(
        [sys.executable, "-c", _LIST], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith(f"s3://usage/runs/a.csv {sentence}"), result.stdout
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


@pytest.mark.parametrize(("scheme", "extra"), [("gs", "gs"), ("az", "az"), ("abfs", "az")])
def test_a_missing_extra_is_named(scheme: str, extra: str) -> None:
    with pytest.raises(InputError, match=rf"not installed: install usage-pipeline\[{extra}\]\."):
        storage_of(f"{scheme}://usage/a.csv")


def test_only_errors_of_clouds_are_worded() -> None:
    class RefusedError(Exception):
        """As a package of a cloud raises it."""

    RefusedError.__module__ = "azure.core.exceptions"
    sentence = r"^a\.csv cannot be read: no such account\.$"
    with pytest.raises(InputError, match=sentence), storage_errors("a.csv cannot be read"):
        raise RefusedError("no such\n account.")
    with pytest.raises(KeyError), storage_errors("a.csv cannot be read"):
        raise KeyError("a mistake of ours")
