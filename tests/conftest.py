"""Fixtures of the whole suite: a real embedded Postgres, one fresh database a test or module."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from psycopg import sql

from usage_pipeline.settings import Settings
from usage_pipeline.transform import dbt_environment, project_directory
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded import EmbeddedServer
from usage_pipeline.warehouse.migrate import migrate

# A busy machine is no reason to fail.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real executions beside the checkout."""
    folder = Path(os.environ.get("USAGE_REAL_DATA", CHECKOUT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real executions are not here: {folder} does not exist (USAGE_REAL_DATA)")
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One embedded server for the whole run, gone with it."""
    embedded = EmbeddedServer(tmp_path_factory.mktemp("server"))
    embedded.start()
    yield embedded
    embedded.destroy()


@pytest.fixture(scope="session")
def migrated(server: EmbeddedServer) -> str:
    """The name of a migrated database, which fresh ones are copies of."""
    name = "test_template"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    migrate(Warehouse(server.url.rsplit("/", 1)[0] + f"/{name}"))
    return name


def _fresh_database(server: EmbeddedServer, template: str) -> Iterator[Warehouse]:
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield Warehouse(server.url.rsplit("/", 1)[0] + f"/{name}")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def warehouse(server: EmbeddedServer, migrated: str) -> Iterator[Warehouse]:
    """A fresh, migrated warehouse for one test."""
    yield from _fresh_database(server, migrated)


@pytest.fixture(scope="module")
def module_warehouse(server: EmbeddedServer, migrated: str) -> Iterator[Warehouse]:
    """A fresh, migrated warehouse for the tests of one module."""
    yield from _fresh_database(server, migrated)


RunDbt = Callable[[Warehouse, list[str]], str]


@pytest.fixture(scope="session")
def dbt_on(tmp_path_factory: pytest.TempPathFactory) -> RunDbt:
    """Runs dbt on a warehouse: `dbt_on(warehouse, ["build", ...])` returns what it printed."""
    target = tmp_path_factory.mktemp("dbt")
    project = project_directory()

    def run(warehouse: Warehouse, arguments: list[str]) -> str:
        result = subprocess.run(
            [
                sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments,
                "--project-dir", str(project), "--profiles-dir", str(project),
                "--target-path", str(target), "--log-path", str(target / "logs"),
            ],
            capture_output=True,
            text=True,
            env={**os.environ, **dbt_environment(warehouse, threads=2)},
            check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
        return result.stdout

    return run


@pytest.fixture
def run_dbt(warehouse: Warehouse, dbt_on: RunDbt) -> Callable[[list[str]], str]:
    """Runs dbt on this test's warehouse."""
    return lambda arguments: dbt_on(warehouse, arguments)


@pytest.fixture
def settings(tmp_path: Path, warehouse: Warehouse) -> Settings:
    """Settings of a home of this test's own, on its warehouse."""
    return Settings(home=tmp_path / "home", database_url=warehouse.url, _env_file=None)
