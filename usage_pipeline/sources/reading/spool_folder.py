"""The folder in which rows wait, one a load.

It goes with the load, or with the next one after a kill. `spool` and `day_files` say what is in it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

_PREFIX = "spool-"


@contextmanager
def spool_folder(home: Path) -> Iterator[Path]:
    """A fresh folder under `home` for the length of the block.

    Folders of loads that were killed are removed first: each load holds a lock on its own, which
    ends with its process.
    """
    home.mkdir(parents=True, exist_ok=True)
    _remove_orphans(home)
    folder = home / f"{_PREFIX}{uuid4().hex[:12]}"
    # The lock comes first, so that a folder is never there without one.
    with _lock_of(folder):
        folder.mkdir()
        try:
            yield folder
        finally:
            _remove(folder)


def _remove_orphans(home: Path) -> None:
    for folder in home.glob(f"{_PREFIX}*"):
        if folder.is_dir():
            try:
                with _lock_of(folder).acquire(timeout=0):
                    _remove(folder)
            except Timeout:
                continue


def _lock_of(folder: Path) -> FileLock:
    return FileLock(str(folder.with_suffix(".lock")))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(".lock").unlink(missing_ok=True)
