"""The second step of a night: dbt builds the marts of the days that changed.

Where the dbt project lies, its environment, arguments and manifest, and a build outside Dagster.
Only `dbt_project/` knows what the models compute.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from filelock import FileLock

from usage_pipeline.errors import UsageError
from usage_pipeline.processes import child_environment, foreign_variables
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.session import client_variables, parameters

_SOURCE_SUFFIXES = {".sql", ".yml", ".yaml", ".md", ".csv"}
_GENERATED_FOLDERS = {"target", "logs", "dbt_packages"}
# Two weeks of nights; a run's log and artifacts are 5 MB.
_RUNS_KEPT = 14


def project_directory() -> Path:
    """The dbt project: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).parents[1]
    checkout = package.parent / "dbt_project"
    return checkout if (checkout / "dbt_project.yml").exists() else package / "_dbt_project"


def dbt_executable() -> str:
    """The dbt of this Python environment, as the script that ends with its parent."""
    folder = Path(sys.executable).parent
    script = folder / "usage-pipeline-dbt"
    return str(script if script.exists() else folder / "dbt")


def dbt_environment(warehouse: Warehouse, threads: int) -> dict[str, str]:
    """The environment variables that `profiles.yml` reads."""
    parts = warehouse.parts
    return {
        "USAGE_DB_HOST": parts["host"],
        "USAGE_DB_PORT": parts["port"],
        "USAGE_DB_USER": parts["user"],
        "USAGE_DB_PASSWORD": parts["password"],
        "USAGE_DB_NAME": parts["dbname"],
        "USAGE_DBT_THREADS": str(threads),
        "USAGE_DB_LOCK_TIMEOUT_SECONDS": str(warehouse.lock_timeout),
        "USAGE_DB_SSLMODE": parameters(warehouse.url).get("sslmode", "prefer"),
        # dbt's profile cannot hold most settings of a session; libpq reads them here.
        **client_variables(warehouse.url),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def run_folder(settings: Settings, run_id: str) -> Path:
    """Where dbt writes its log and artifacts in one run; those of long ago are removed."""
    runs = settings.dbt_target / "runs"
    if runs.exists():
        newest_first = sorted(runs.iterdir(), key=lambda run: run.stat().st_mtime, reverse=True)
        for old in newest_first[_RUNS_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    return runs / run_id


@contextmanager
def connected_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Give this process the variables, and none of another project, for the length of a block.

    dagster-dbt hands dbt the process's own environment and nothing else.
    """
    before = {
        name: os.environ.get(name) for name in {*variables, *foreign_variables(("PG", "DBT_"))}
    }
    for name in before:
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def build_arguments(first: date, last: date, as_of: date) -> list[str]:
    """The dbt arguments that rebuild what the days `first` to `last` touch.

    Unit tests check the code, not the data, so that the nightly build leaves them out.

    Args:
        first: the first day whose executions changed.
        last: the last such day.
        as_of: the last complete day; everything current is as of it.
    """
    if first > last:
        raise UsageError(f"The first day {first} comes after the last day {last}: swap them.")
    days = {
        "from_day": first.isoformat(),
        "to_day": last.isoformat(),
        "as_of_day": max(as_of, last).isoformat(),
    }
    return ["build", "--exclude-resource-type", "unit_test", "--vars", json.dumps(days)]


def rebuild_marts(
    settings: Settings, warehouse: Warehouse, first: date, last: date, as_of: date
) -> None:
    """Build everything that the days `first` to `last` touch, and test it.

    To be called while holding the lock under which marts are built (`locks.building`).

    Raises:
        UsageError: dbt failed; the sentence carries its own message.
    """
    project = project_directory()
    target = settings.dbt_target / "rebuild"
    result = subprocess.run(  # noqa: S603 - our own interpreter and arguments, no shell
        [
            sys.executable, "-m", "usage_pipeline.processes", "dbt.cli.main", "--quiet",
            "--no-use-colors",
            *build_arguments(first, last, as_of),
            "--project-dir", str(project), "--profiles-dir", str(project),
            "--target-path", str(target), "--log-path", str(target / "logs"),
        ],
        capture_output=True,
        text=True,
        env=child_environment(dbt_environment(warehouse, settings.dbt_threads)),
        check=False,
    )  # fmt: skip
    if result.returncode != 0:
        lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
        raise UsageError(f"dbt could not build the marts: {' '.join(lines[-5:])}")


def prepared_manifest(settings: Settings) -> Path:
    """Return the manifest of the dbt project as it stands, parsing the project when it changed.

    Needs neither a database nor a network. Safe in several processes at once.

    Raises:
        UsageError: the project cannot be parsed; the sentence carries dbt's own message.
    """
    manifest = settings.dbt_target / "manifest.json"
    stamp = settings.dbt_target / "manifest.sha256"
    fingerprint = _fingerprint(project_directory())
    if _is_current(manifest, stamp, fingerprint):
        return manifest
    settings.make_home()
    with FileLock(str(settings.home / "dbt.lock")):
        if not _is_current(manifest, stamp, fingerprint):
            _parse(settings.dbt_target)
            stamp.write_text(fingerprint)
    return manifest


def _is_current(manifest: Path, stamp: Path, fingerprint: str) -> bool:
    return manifest.exists() and stamp.exists() and stamp.read_text() == fingerprint


def _fingerprint(project: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(project.rglob("*")):
        inside = path.relative_to(project)
        if path.suffix in _SOURCE_SUFFIXES and not _GENERATED_FOLDERS & set(inside.parts):
            digest.update(str(inside).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _parse(target: Path) -> None:
    project = project_directory()
    result = subprocess.run(  # noqa: S603 - our own interpreter and arguments, no shell
        [
            sys.executable, "-m", "dbt.cli.main", "--quiet", "parse",
            "--project-dir", str(project), "--profiles-dir", str(project),
            "--target-path", str(target), "--log-path", str(target / "logs"),
        ],
        capture_output=True,
        text=True,
        env=child_environment({"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}),
        check=False,
    )  # fmt: skip
    if result.returncode != 0:
        lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
        raise UsageError(f"dbt cannot parse {project}: {' '.join(lines[-5:])}")
