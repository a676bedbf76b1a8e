"""Where a server that root starts finds binaries its account can reach."""

import shutil
from pathlib import Path

import pytest

from usage_pipeline.warehouse.embedded import account as server_account


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation in a place of its own, and a system folder that is not the machine's."""
    monkeypatch.setattr(server_account, "_SYSTEM_FOLDER", tmp_path / "system")
    (tmp_path / "wheel" / "bin").mkdir(parents=True)
    (tmp_path / "wheel" / "bin" / "postgres").write_text("version 1")
    return tmp_path / "wheel"


def test_when_another_process_copies_first_its_copy_is_used(
    packaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = server_account._copied(packaged)
    shutil.rmtree(target)

    def copy_second(source: Path, scratch: Path, **_: bool) -> None:
        for copy in (target, scratch):
            (copy / "bin").mkdir(parents=True)

    monkeypatch.setattr(shutil, "copytree", copy_second)
    assert server_account._copied(packaged) == target
    assert list(target.parent.iterdir()) == [target]


def test_a_new_version_in_the_same_place_is_copied_again(packaged: Path) -> None:
    first = server_account._copied(packaged)
    (packaged / "bin" / "postgres").write_text("version 1.1")
    second = server_account._copied(packaged)
    assert second != first
    assert (second / "bin" / "postgres").read_text() == "version 1.1"
