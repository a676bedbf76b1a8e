"""The wheel holds everything that an installation without the checkout needs."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
# What lints the project, and what dbt leaves in it.
_NOT_SHIPPED = (".sqlfluff", "sqlfluff_stubs/", "target/", "logs/", "dbt_packages/")
_ASK = """
from usage_pipeline.api.web import BUNDLE
from usage_pipeline.steps.build import project_directory
from usage_pipeline.warehouse.migrate import newest_version
print(BUNDLE / "index.html", project_directory() / "dbt_project.yml", newest_version(), sep="\\n")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on the PATH; it builds the wheel")
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [uv, "build", "--wheel", "--quiet", "--out-dir", str(folder), str(CHECKOUT)],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode and "hatchling" in built.stderr and "fetch" in built.stderr.lower():
        pytest.skip("the build backend cannot be fetched here")
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_the_package_and_of_the_dbt_project(installed: Path) -> None:
    package = _files(installed / "usage_pipeline")
    dbt_project = {name for name in package if name.startswith("_dbt_project/")}
    assert _files(CHECKOUT / "usage_pipeline") == package - dbt_project
    ours = {
        f"_dbt_project/{name}"
        for name in _files(CHECKOUT / "dbt_project")
        if not name.startswith(_NOT_SHIPPED)
    }
    assert ours == dbt_project
    assert len(ours) > 50


def test_the_page_in_the_wheel_names_only_files_that_are_in_the_wheel(installed: Path) -> None:
    bundle = installed / "usage_pipeline" / "api" / "static"
    named = re.findall(r'(?:src|href)="/([^"]+)"', (bundle / "index.html").read_text("utf-8"))
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
