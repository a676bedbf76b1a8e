"""Blocks of users that are read and mined together, so that memory does not grow with their number.

A block is a range of user ids; ranges are chosen by how many rows the users have, because ids that
a source gives may lie close together. Findings of blocks wait on shelves until all are mined.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

import pyarrow as pa
from psycopg import sql

from usage_pipeline.warehouse.columns import Snapshot


@dataclass(frozen=True, slots=True)
class UserBlock:
    """The users from one id on to before another; without an end on the sides that have none."""

    first: str | None = None
    end: str | None = None

    def where(self) -> sql.Composable:
        """A condition on the column user_id."""
        conditions: list[sql.Composable] = [sql.SQL("true")]
        if self.first is not None:
            conditions.append(sql.SQL("user_id >= {}::uuid").format(sql.Literal(self.first)))
        if self.end is not None:
            conditions.append(sql.SQL("user_id < {}::uuid").format(sql.Literal(self.end)))
        return sql.SQL(" and ").join(conditions)


EVERYBODY: Final = UserBlock()

# The first user of each block. A block holds at most so many rows, and its last user's.
_FIRST_USERS: Final = sql.SQL("""
select distinct on (block) user_id from (
    select user_id, div(sum(row_count) over (order by user_id) - row_count, {size}) as block
    from (select user_id, count(*) as row_count from ({rows}) as listed group by user_id) as counted
) as placed
order by block, user_id
""")

EXECUTIONS: Final = sql.SQL("""
select user_id from raw.workflow_executions_simple
where execution_date between {first} and {last}
""")
"""A row per execution of the days from `first` to `last`."""

STATISTICS: Final = sql.SQL("""
select user_id from mining.daily_hours where execution_date between {first} and {last}
union all
select user_id from marts.user_workflow_stats
""")
"""A row per row of what windows and insights are mined from."""


def user_blocks(
    source: Snapshot, rows: sql.SQL, values: Mapping[str, object], size: int
) -> list[UserBlock]:
    """Divide all users into blocks, in the order of their ids.

    Args:
        source: where the rows are.
        rows: gives a user_id per row, such as `EXECUTIONS`.
        values: for the names in `rows`.
        size: about how many rows a block has at most.
    """
    literals = {name: sql.Literal(value) for name, value in values.items()}
    query = _FIRST_USERS.format(size=sql.Literal(size), rows=rows.format(**literals))
    # The first block also has everybody before its first row, and the last everybody after.
    bounds = [None, *source.read(query)["user_id"].to_pylist()[1:], None]
    return [UserBlock(*each) for each in pairwise(bounds)]


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
