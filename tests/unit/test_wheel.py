"""Two wheels hold everything that an installation without the checkout needs.

The client's needs httpx only; it is installed alone into a new environment and tracks from there.
"""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.client.loopback import running

CHECKOUT = Path(__file__).parents[2]
CLIENT = CHECKOUT / "usage_pipeline" / "client"
# What lints the project, and what dbt leaves in it.
_NOT_SHIPPED = (".sqlfluff", "sqlfluff_stubs/", "target/", "logs/", "dbt_packages/")
_ASK = """
from usage_pipeline.api.web import BUNDLE
from usage_pipeline.steps.build import project_directory
from usage_pipeline.warehouse.migrate import newest_version
print(BUNDLE / "index.html", project_directory() / "dbt_project.yml", newest_version(), sep="\\n")
"""


_TRACK = """
import importlib.util, sys
from usage_pipeline.client import Client
with Client(sys.argv[1], "key", user_id="ana") as client:
    with client.track("report"):
        pass
heavy = ("dagster", "dbt", "fastapi", "numpy", "pandas", "psycopg", "pyarrow", "pydantic")
print([name for name in heavy if importlib.util.find_spec(name)], client.stats.accepted)
"""


def _uv(*arguments: str | Path) -> None:
    """Run uv, which fetches what it needs; without it, or a way to fetch, the test skips."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on the PATH; it builds the wheels")
    result = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
    if result.returncode and "fetch" in result.stderr.lower():
        pytest.skip("what the wheels need cannot be fetched here")
    assert result.returncode == 0, result.stderr


def _wheel(project: Path, folder: Path) -> Path:
    _uv("build", "--wheel", "--quiet", "--out-dir", folder, project)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(_wheel(CHECKOUT, folder)) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def client_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel(CLIENT, tmp_path_factory.mktemp("client"))


def _files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_the_package_and_of_the_dbt_project(installed: Path) -> None:
    package = _files(installed / "usage_pipeline")
    dbt_project = {name for name in package if name.startswith("_dbt_project/")}
    of_the_client = {name for name in _files(CHECKOUT / "usage_pipeline") if name[:7] == "client/"}
    assert _files(CHECKOUT / "usage_pipeline") - of_the_client == package - dbt_project
    ours = {
        f"_dbt_project/{name}"
        for name in _files(CHECKOUT / "dbt_project")
        if not name.startswith(_NOT_SHIPPED)
    }
    assert ours == dbt_project
    assert len(ours) > 50


def test_the_page_in_the_wheel_names_only_files_that_are_in_the_wheel(installed: Path) -> None:
    bundle = installed / "usage_pipeline" / "api" / "static"
    named = re.findall(r'(?:src|href)="\./([^"]+)"', (bundle / "index.html").read_text("utf-8"))
    assert {Path(name).suffix for name in named} >= {".js", ".css"}
    assert [name for name in [*named, "widgets.js"] if not (bundle / name).is_file()] == []


def test_what_is_installed_finds_its_own_files(installed: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    page, project, version = told.stdout.split("\n")[:3]
    for path in (page, project):
        assert Path(path).is_relative_to(installed)
        assert Path(path).is_file()
    newest = max((CHECKOUT / "usage_pipeline" / "warehouse" / "migrations" / "sql").iterdir())
    assert version == newest.stem


def test_the_wheel_of_the_client_holds_all_of_it_and_nothing_else(client_wheel: Path) -> None:
    with zipfile.ZipFile(client_wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {f"usage_pipeline/client/{name}" for name in _files(CLIENT)}
    assert names == expected - {"usage_pipeline/client/pyproject.toml"}
    assert "usage_pipeline/client/py.typed" in names


def test_both_distributions_have_one_version_and_one_licence() -> None:
    def project(folder: Path) -> dict[str, Any]:
        metadata: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())
        return {name: metadata["project"][name] for name in ("version", "license")}

    assert project(CLIENT) == project(CHECKOUT)


@pytest.mark.long
def test_the_client_tracks_from_an_environment_with_nothing_but_httpx(
    client_wheel: Path, tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    _uv("venv", "--quiet", "--python", sys.executable, environment)
    python = environment / "bin" / "python"
    _uv("pip", "install", "--quiet", "--python", python, client_wheel)
    with running() as api:
        result = subprocess.run(
            [python, "-c", _TRACK, api.url],
            cwd=tmp_path,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (result.stdout, result.stderr) == ("[] 1\n", "")
    assert [(item["workflow_id"], item["status"]) for item in api.accepted] == [
        ("report", "completed")
    ]
