"""A small warehouse the night before, on a server of its own that may be killed.

The states between the stages of an undisturbed night are kept as databases; each trial copies one.
"""

import contextlib
import gzip
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.faults import victims
from tests.faults.contents import Contents, contents_of
from tests.faults.stages import DAYS, FIRST, NIGHT
from tests.faults.watching import Seen, seen_in
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.synthetic.model import GeneratorConfig
from usage_pipeline.synthetic.write import write
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.migrate import migrate


@dataclass(frozen=True)
class State:
    """A warehouse between two stages: its database, what it holds, what a reader sees."""

    database: str
    contents: Contents
    seen: Seen


@dataclass
class World:
    """Everything the trials share.

    Attributes:
        server: the server, for this world alone.
        home: the installation's folder: sources and their files, dbt's target.
        stages: the stages of its night, in order.
        states: the state before each stage, and `end`.
        seconds: how long each stage takes undisturbed.
    """

    server: EmbeddedServer
    home: Path
    stages: Sequence[str]
    states: dict[str, State] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def after(self, stage: str) -> State:
        """The state that an undisturbed run of a stage leaves."""
        names = [*self.stages, "end"]
        return self.states[names[names.index(stage) + 1]]

    def warehouse(self, database: str) -> Warehouse:
        return Warehouse(f"{self.server.url.rsplit('/', 1)[0]}/{database}", lock_timeout=0.5)

    @contextmanager
    def copy_of(self, state: State) -> Iterator[Warehouse]:
        """A database with the contents of a state, dropped after the block."""
        name = f"trial_{uuid4().hex[:12]}"
        self._create(name, state.database)
        try:
            yield self.warehouse(name)
        finally:
            with self._admin() as connection:
                drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
                connection.execute(drop)

    def keep(self, stage: str, database: str) -> None:
        """Keep what a database holds now as the state before a stage."""
        warehouse = self.warehouse(database)
        with warehouse.connect() as connection:
            seen = seen_in(connection)
        name = f"before_{stage}"
        contents = contents_of(warehouse)
        self._create(name, database)
        self.states[stage] = State(name, contents, seen)

    def _create(self, name: str, template: str) -> None:
        with self._admin() as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )

    @contextmanager
    def _admin(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            yield connection


def make_world(folder: Path, stages: Sequence[str]) -> World:
    """History loaded (and built, if the night builds), then the night, stage by stage."""
    home = folder / "home"
    files = home / "days"
    config = GeneratorConfig(
        seed=7, first_day=FIRST, days=DAYS, users=15, workflows=10, executions_per_day=150,
        dirty_share=0.02, duplicate_share=0.03,
    )  # fmt: skip
    write(config, files)
    (home / "sources.yaml").write_text("- {name: files, path: 'days/{day}.csv.gz'}\n")
    server = EmbeddedServer(folder / "server")
    server.start()
    world = World(server, home, stages)
    try:
        _load_history(world, files, folder / "early")
        # The first process waits for everything to be imported: that is no part of a stage's time.
        victims.run("nothing", home, server.url)
        for stage in stages:
            world.keep(stage, "night")
            world.seconds[stage] = victims.run(stage, home, world.warehouse("night").url)
        world.keep("end", "night")
    except BaseException:
        server.destroy()
        raise
    return world


def _load_history(world: World, files: Path, early: Path) -> None:
    """Load the days before the night, the last of them without its late rows, and build marts."""
    shutil.copytree(files, early, ignore=shutil.ignore_patterns(f"{NIGHT[1]}*", "*.json"))
    last = early / f"{NIGHT[0]}.csv.gz"
    lines = gzip.decompress(last.read_bytes()).splitlines(keepends=True)
    last.write_bytes(gzip.compress(b"".join(lines[: len(lines) * 2 // 3])))
    with contextlib.suppress(psycopg.errors.DuplicateDatabase), world._admin() as connection:
        connection.execute("create database night")
    warehouse = world.warehouse("night")
    migrate(warehouse)
    settings = Settings(home=world.home, database_url=warehouse.url, _env_file=None)
    source = files_source([f"{early}/{{day}}.csv.gz"])
    assert len(list(load_inputs(warehouse, settings, source, FIRST, NIGHT[0]))) == DAYS - 1
    if "build" in world.stages:
        # The first build, of everything; the night's is of two days.
        victims.run("build", world.home, warehouse.url)
