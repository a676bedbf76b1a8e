"""Opens one session of each client of the warehouse and prints what settings it has, as JSON.

Run as `python -m tests.faults.sessions HOME URL`. The clients are those of production: psycopg,
ADBC, the API's pool, migrations, dbt and Dagster's storage.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy
from dbt.cli.main import dbtRunner
from psycopg import sql

from usage_pipeline.api.database import open_pool
from usage_pipeline.orchestration.home import prepare_dagster_home
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import connected_environment, project_directory
from usage_pipeline.warehouse.columns import snapshot
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.session import SETTINGS

QUERY = sql.SQL("select name, setting from pg_catalog.pg_settings where name = any({})").format(
    [*SETTINGS, "client_encoding"]
)
_TEXT = QUERY.as_string(None)


def main(home: Path, url: str) -> None:
    """Print `{client: {setting: value}}`."""
    settings = Settings(home=home, database_url=url, _env_file=None)
    warehouse = Warehouse(url)
    environment = prepare_dagster_home(settings, warehouse)
    with warehouse.connect() as connection:
        psycopg_settings = dict(connection.execute(QUERY).fetchall())
    with snapshot(warehouse) as source:
        rows = source.read(QUERY)
    adbc = dict(zip(rows["name"].to_pylist(), rows["setting"].to_pylist(), strict=True))
    with connected_environment(environment):
        found = {
            "psycopg": psycopg_settings,
            "adbc": adbc,
            "api": asyncio.run(_api(warehouse)),
            "dbt": _dbt(settings),
            "dagster": _dagster(),
        }
    print(json.dumps(found))


async def _api(warehouse: Warehouse) -> dict[str, str]:
    async with open_pool(warehouse, 2) as pool, pool.connection() as connection:
        cursor = await connection.execute(QUERY)
        return {row["name"]: row["setting"] for row in await cursor.fetchall()}


def _dbt(settings: Settings) -> dict[str, str]:
    project, target = str(project_directory()), str(settings.dbt_target)
    result: Any = dbtRunner().invoke(
        [
            "--quiet", "show", "--inline", _TEXT, "--limit", "-1", "--output", "json",
            "--project-dir", project, "--profiles-dir", project, "--target-path", target,
            "--log-path", target,
        ]
    )  # fmt: skip
    assert result.success, result.exception
    return {row[0]: row[1] for row in result.result.results[0].agate_table.rows}


def _dagster() -> dict[str, str]:
    with dg.DagsterInstance.get() as instance, instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
        return {name: text for name, text in connection.execute(sqlalchemy.text(_TEXT))}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
