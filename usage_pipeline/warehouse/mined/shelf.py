"""Findings of blocks of users on disk, until all blocks are mined."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa


class DiskShelf:
    """Tables in a file without a name, which goes when the process goes, however it ends."""

    def __init__(self, file: IO[bytes]) -> None:
        """Keep tables in this file."""
        self._file = file
        self._starts: list[int] = []

    def append(self, table: pa.Table, /) -> None:
        """Keep one more table."""
        self._starts.append(self._file.seek(0, 2))
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(self._file, table.schema, options=options) as stream:
            stream.write_table(table)

    def __iter__(self) -> Iterator[pa.Table]:
        """All tables, in the order in which they came."""
        for start in self._starts:
            self._file.seek(start)
            with pa.ipc.open_stream(self._file) as stream:
                yield stream.read_all()


@contextmanager
def disk_shelves(folder: Path) -> Iterator[Callable[[], DiskShelf]]:
    """Make shelves in a folder, for the length of a block."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        yield lambda: DiskShelf(files.enter_context(tempfile.TemporaryFile(dir=folder)))
