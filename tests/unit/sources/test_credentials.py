"""Secrets of a declaration: they reach the system whole, and no message in part."""

from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.reading.spool import open_source
from usage_pipeline.sources.systems.credentials import Credentials

_DAY = date(2026, 6, 1)
_QUERY = "select 1 as id where :day_start < :day_end"
_PASSWORDS = [f"hunter2{between}tail" for between in ("/", "@", "#", "%", "?", ":", "[", "  ")]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:${PASSWORD}@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?user=me&password=${PASSWORD}",
        "${URL}",
    ],
)
@pytest.mark.parametrize("password", _PASSWORDS)
def test_no_message_holds_a_part_of_a_password(tmp_path: Path, url: str, password: str) -> None:
    config = SourceConfig.model_validate(
        {"name": "crm", "kind": "sql", "url": url, "query": _QUERY}
    )
    environment = {"PASSWORD": password, "URL": f"postgresql://me:{password}@127.0.0.1:1/x"}
    source = open_source(config, tmp_path, "UTC", first=_DAY, last=_DAY, environment=environment)
    with pytest.raises(InputError, match="'crm' cannot be opened") as failure:
        source.read_day(_DAY)
    assert "hunter2" not in str(failure.value)
    assert "tail" not in str(failure.value)


@pytest.mark.parametrize(
    ("declared", "filled"),
    [
        ("postgresql://${USER}:${PASSWORD}@db/crm", "postgresql://a%40b:p%2Fq%20r@db/crm"),
        ("postgresql://me:${PASSWORD}@/crm?host=/run", "postgresql://me:p%2Fq%20r@/crm?host=/run"),
        ("postgresql://${HOST}/crm", "postgresql://db:5432/crm"),
        ("sqlite:///${FOLDER}/a@b.db", "sqlite:////data/runs/a@b.db"),
        ("${URL}", "postgresql://me:x@db/crm"),
    ],
)
def test_only_users_and_passwords_of_an_address_are_encoded(declared: str, filled: str) -> None:
    environment = {
        "USER": "a@b",
        "PASSWORD": "p/q r",
        "HOST": "db:5432",
        "FOLDER": "/data/runs",
        "URL": "postgresql://me:x@db/crm",
    }
    assert Credentials("crm", environment).fill(declared) == filled


def test_a_secret_is_read_from_the_file_that_its_variable_names(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p/q r\n")
    credentials = Credentials("crm", {"PASSWORD_FILE": str(file)})
    assert (
        credentials.fill("postgresql://me:${PASSWORD}@db/crm") == "postgresql://me:p%2Fq%20r@db/crm"
    )
    assert credentials.secret("${PASSWORD}", "password") == "p/q r"
    assert credentials.hide("no p/q r here") == "no *** here"
    both = Credentials("crm", {"PASSWORD": "own", "PASSWORD_FILE": str(file)})
    assert both.fill("${PASSWORD}") == "own"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"PASSWORD_FILE, .*, which cannot be read \(No such file or directory\)\.$"),
        (b"\n", r"PASSWORD_FILE, .*, which is empty\.$"),
        (b"\xff", r"PASSWORD_FILE, .*, which cannot be read \(it is not UTF-8 text\)\.$"),
    ],
)
def test_a_file_without_a_secret_is_one_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        Credentials("crm", {"PASSWORD_FILE": str(file)}).fill("${PASSWORD}")
    with pytest.raises(InputError, match="PASSWORD, which is not set: set it, or PASSWORD_FILE to"):
        Credentials("crm", {}).fill("${PASSWORD}")
