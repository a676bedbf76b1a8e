"""Everything a warehouse holds, in a form in which two warehouses can be compared."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from usage_pipeline.warehouse.connection import Warehouse

_SCHEMAS = ["raw", "staging", "intermediate", "marts", "mining"]
# When something was done, and numbers that only count attempts.
_CLOCKS = [
    "loaded_at",
    "created_at",
    "rejected_at",
    "retired_at",
    "ids_forgotten_at",
    "failed_at",
    "mined_at",
    "built_at",
    "rejected_id",
    "view_oid",
]
_RELATIONS = """
    select namespace.nspname, class.relname, class.relkind::text, class.relispartition
    from pg_class as class
    inner join pg_namespace as namespace on class.relnamespace = namespace.oid
    where class.relkind in ('r', 'p', 'v', 'm', 'f')
        and (namespace.nspname = any(%s) or namespace.nspname like 'pg\\_temp%%')
    order by 1, 2
"""


@dataclass(frozen=True)
class Contents:
    """Which relations there are, and a digest of the rows of each table."""

    relations: tuple[str, ...]
    rows: dict[str, tuple[int, str]]


def contents_of(warehouse: Warehouse) -> Contents:
    with warehouse.connect() as connection:
        found = connection.execute(_RELATIONS, [_SCHEMAS]).fetchall()
        tables = [
            (schema, name)
            for schema, name, kind, is_partition in found
            if kind in ("r", "p") and not is_partition
        ]
        rows = {f"{schema}.{name}": _digest(connection, schema, name) for schema, name in tables}
    return Contents(tuple(f"{schema}.{name}" for schema, name, _, _ in found), rows)


def differences(found: Contents, wanted: Contents) -> list[str]:
    """What differs, a sentence each; nothing when the two are equal row for row."""
    said = [f"{name} is left over" for name in found.relations if name not in wanted.relations]
    said += [f"{name} is missing" for name in wanted.relations if name not in found.relations]
    return said + [
        f"{name}: {found.rows[name][0]} rows, not the {rows[0]} wanted"
        for name, rows in wanted.rows.items()
        if name in found.rows and found.rows[name] != rows
    ]


def _digest(connection: psycopg.Connection, schema: str, name: str) -> tuple[int, str]:
    row = connection.execute(
        sql.SQL(
            "select count(*), coalesce(md5(string_agg(line, E'\\n' order by line collate \"C\")), "
            "'') from (select (to_jsonb(each) - %s::text[])::text as line from {} as each) as lines"
        ).format(sql.Identifier(schema, name)),
        [_CLOCKS],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def held_locks(warehouse: Warehouse) -> int:
    """Advisory locks and exclusive table locks held in the warehouse's database by anybody."""
    with warehouse.connect() as connection:
        row = connection.execute(
            "select count(*) from pg_locks where pid <> pg_backend_pid() "
            "and database = (select oid from pg_database where datname = current_database()) "
            "and (locktype = 'advisory' or mode = 'AccessExclusiveLock')"
        ).fetchone()
    assert row is not None
    return int(row[0])
