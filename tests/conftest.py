"""Fixtures of the whole suite: a real embedded Postgres, one fresh database a test or module."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from psycopg import sql

from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import (
    connected_environment,
    dbt_environment,
    prepared_manifest,
    project_directory,
)
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.migrate import migrate

# A busy machine is no reason to fail. The suite deals the same examples in each run, so that a
# change is never refused for what another has brought; `just explore` looks for new ones.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("suite")

CHECKOUT = Path(__file__).parents[1]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One file is run in this process: a second worker would only start a second server."""
    files = {argument.partition("::")[0] for argument in config.args}
    return 0 if len(files) == 1 and files.pop().endswith(".py") else None


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
    name = _new_name()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    migrate(Warehouse(_url(server, name)))
    return name


def _new_name() -> str:
    return f"test_{uuid4().hex[:12]}"


def _url(server: EmbeddedServer, database: str) -> str:
    return server.url.rsplit("/", 1)[0] + f"/{database}"


def _fresh_database(server: EmbeddedServer, template: str) -> Iterator[Warehouse]:
    name = _new_name()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield Warehouse(_url(server, name))
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
def dbt_on(
    migrated: str, server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> RunDbt:
    """Runs dbt on a warehouse: `dbt_on(warehouse, ["build", ...])` returns what it said.

    In this process and parsed once: starting dbt and parsing take longer than most builds of a
    test. `tests/integration/test_dbt_project.py` runs the command as it is.
    """
    target = tmp_path_factory.mktemp("dbt")
    project = project_directory()
    places = [
        "--no-use-colors", "--project-dir", str(project), "--profiles-dir", str(project),
        "--target-path", str(target), "--log-path", str(target / "logs"),
    ]  # fmt: skip
    parsed = b""

    def invoke(warehouse: Warehouse, arguments: list[str], manifest: Manifest | None) -> str:
        said: list[str] = []
        runner = dbtRunner(manifest, callbacks=[lambda event: said.append(event.info.msg)])
        with connected_environment(dbt_environment(warehouse, threads=2)):
            result = runner.invoke([*arguments, *places])
        assert result.success, f"{result.exception or ''}\n" + "\n".join(said)[-6000:]
        return "\n".join(said)

    def run(warehouse: Warehouse, arguments: list[str]) -> str:
        nonlocal parsed
        if not parsed:
            invoke(Warehouse(_url(server, migrated)), ["parse"], None)
            parsed = (target / "partial_parse.msgpack").read_bytes()
        # A manifest names its database. The names of all test databases are of one length.
        here = parsed.replace(migrated.encode(), warehouse.parts["dbname"].encode())
        return invoke(warehouse, arguments, Manifest.from_msgpack(here))

    return run


@pytest.fixture(scope="session")
def parsed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the dbt project is parsed already, which takes seconds."""
    home = tmp_path_factory.mktemp("parsed")
    prepared_manifest(Settings(home=home, _env_file=None))
    return home


@pytest.fixture
def parsed_home(tmp_path: Path, parsed_project: Path) -> Path:
    """A home of this test's own, for commands that would parse the dbt project first."""
    return Path(shutil.copytree(parsed_project, tmp_path / "home"))


@pytest.fixture
def run_dbt(warehouse: Warehouse, dbt_on: RunDbt) -> Callable[[list[str]], str]:
    """Runs dbt on this test's warehouse."""
    return lambda arguments: dbt_on(warehouse, arguments)


@pytest.fixture
def settings(tmp_path: Path, warehouse: Warehouse) -> Settings:
    """Settings of a home of this test's own, on its warehouse."""
    return Settings(home=tmp_path / "home", database_url=warehouse.url, _env_file=None)
