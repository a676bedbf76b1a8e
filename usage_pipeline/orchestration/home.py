"""Dagster's own home: its `dagster.yaml`, and the environment its processes need.

Dagster keeps runs, events and schedules in the schema `dagster` of the warehouse's database. The
file names environment variables only, so that it holds no secret.
"""

import copy
import os
from typing import Any

import yaml
from psycopg import errors

from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import dbt_environment
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.session import ENCODING, session_options, tls_parameters

_INSTANCE: dict[str, Any] = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "storage": {
        "postgres": {
            "postgres_db": {
                "hostname": {"env": "USAGE_DB_HOST"},
                "port": {"env": "USAGE_DB_PORT"},
                "username": {"env": "USAGE_DB_USER"},
                "password": {"env": "USAGE_DB_PASSWORD"},
                "db_name": {"env": "USAGE_DB_NAME"},
                # A plain postgresql:// URL picks psycopg 3, which dagster-postgres does not speak.
                "scheme": "postgresql+psycopg2",
            }
        }
    },
    # The web UI shows in a run's log what the pipeline logs with the standard library.
    "python_logs": {"managed_python_loggers": ["usage_pipeline"], "python_log_level": "INFO"},
    # A run whose process was killed is found out and marked failed.
    "run_monitoring": {"enabled": True, "poll_interval_seconds": 30},
    "retention": {
        "schedule": {"purge_after_days": 90},
        "sensor": {"purge_after_days": {"skipped": 7, "failure": 30, "success": 90}},
    },
}


def prepare_dagster_home(settings: Settings, warehouse: Warehouse) -> dict[str, str]:
    """Write `dagster.yaml`, make Dagster's schema, and return the environment to run it in.

    Raises:
        UsageError: we may not create the schema.
    """
    settings.make_home()
    file = settings.dagster_home / "dagster.yaml"
    text = yaml.safe_dump(_instance(warehouse), sort_keys=False)
    if not file.exists() or file.read_text() != text:
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_text(text)
        fresh.replace(file)
    try:
        with warehouse.connect() as connection:
            # "if not exists" alone still needs the right to create.
            schema = connection.execute("select to_regnamespace('dagster')").fetchone()
            if schema is None or schema[0] is None:
                connection.execute("create schema if not exists dagster")
    except errors.InsufficientPrivilege:
        raise UsageError(
            "The user of USAGE_DATABASE_URL may not create the schema dagster: grant it CREATE on "
            "the database, or create that schema for it."
        ) from None
    return dagster_environment(settings, warehouse)


def _instance(warehouse: Warehouse) -> dict[str, Any]:
    """What `dagster.yaml` says for this warehouse."""
    instance = copy.deepcopy(_INSTANCE)
    instance["storage"]["postgres"]["postgres_db"]["params"] = {
        "client_encoding": ENCODING,
        # A crash of the server may cost the last moments of the event log, never data.
        "options": session_options(
            warehouse.url, search_path="dagster", synchronous_commit="off"
        ).strip(),
        **tls_parameters(warehouse.url),
    }
    return instance


def dagster_environment(settings: Settings, warehouse: Warehouse) -> dict[str, str]:
    """The environment variables of every Dagster process of this home."""
    return {
        "DAGSTER_HOME": str(settings.dagster_home),
        "USAGE_HOME": str(settings.home),
        **dbt_environment(warehouse, settings.dbt_threads),
    }
