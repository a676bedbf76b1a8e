"""Blocks of users that are read and mined together, so that memory does not grow with their number.

A block is a range of user ids; ranges are chosen by how many rows the users have, because ids that
a source gives may lie close together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

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
