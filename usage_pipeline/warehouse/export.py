"""Tables of `marts` and `mining` as files: Parquet, CSV and Excel workbooks.

Rows stream from one query, so that a file shows one state of the table and memory stays bounded.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_postgresql import dbapi
from psycopg import sql
from pyarrow import csv, parquet

from usage_pipeline.errors import UsageError, WrongUsageError
from usage_pipeline.warehouse.columns import plain
from usage_pipeline.warehouse.connection import Warehouse

Format = Literal["parquet", "csv", "xlsx"]

_SCHEMAS: Final = ["marts", "mining"]
# The column that says which day a row belongs to: the first of these that a table has.
_DAYS: Final = ("execution_date", "as_of_date", "week_start_date", "day")
_MOST_EXCEL_ROWS: Final = 1_048_575
_COLUMNS: Final = """
select table_schema, table_name, column_name, data_type, numeric_scale
from information_schema.columns
where table_schema = any(%s)
order by table_schema, table_name, ordinal_position
"""


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    scale: int | None


def export(
    warehouse: Warehouse,
    table: str,
    path: Path,
    form: Format,
    first: date | None = None,
    last: date | None = None,
) -> int:
    """Write a table to a file, which appears when it is complete; return how many rows it has.

    Args:
        warehouse: where the table is.
        table: its name, with or without its schema.
        path: the file.
        form: how it is written. Ids are text everywhere; a workbook has times of the warehouse's
            zone, because Excel knows none.
        first: the first day, or as-of date, of the rows.
        last: the last.

    Raises:
        UsageError: the file cannot be written, or a workbook cannot hold so many rows.
        WrongUsageError: there is no such table, or its rows are of no day.
    """
    with warehouse.connect() as connection:
        schema, columns = _described(connection, table)
    query = _query(schema, table.rpartition(".")[2], columns, first, last)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        with (
            dbapi.connect(warehouse.conninfo(default_transaction_read_only="on")) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query.as_string(None))
            reader = cursor.fetch_record_batch()
            batches = (_exported(batch, columns) for batch in reader)
            count = _WRITERS[form](unfinished, batches, _schema(reader.schema, columns), warehouse)
        unfinished.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror or error}): choose another place with "
            "--out."
        ) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return count


def _described(connection: psycopg.Connection, table: str) -> tuple[str, list[_Column]]:
    tables: dict[str, list[_Column]] = {}
    for schema, name, column, kind, scale in connection.execute(_COLUMNS, [_SCHEMAS]).fetchall():
        tables.setdefault(f"{schema}.{name}", []).append(_Column(column, kind, scale))
    for schema in _SCHEMAS:
        full = table if "." in table else f"{schema}.{table}"
        if full in tables:
            return full.partition(".")[0], tables[full]
    names = ", ".join(name.removeprefix("marts.") for name in sorted(tables)) or "none"
    raise WrongUsageError(f"There is no table {table!r} to export; there are {names}.")


def _query(
    schema: str, table: str, columns: list[_Column], first: date | None, last: date | None
) -> sql.Composed:
    names = [column.name for column in columns]
    day = next((name for name in _DAYS if name in names), None)
    conditions: list[sql.Composable] = [sql.SQL("true")]
    for bound, comparison in ((first, ">="), (last, "<=")):
        if bound is None:
            continue
        if day is None:
            raise WrongUsageError(f"The rows of {table} are of no day: leave --from and --to out.")
        conditions.append(
            sql.SQL("{} {} {}").format(sql.Identifier(day), sql.SQL(comparison), sql.Literal(bound))
        )
    order = [day] if day else names[:1]
    return sql.SQL("select {} from {} where {} order by {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Identifier(schema, table),
        sql.SQL(" and ").join(conditions),
        sql.SQL(", ").join(map(sql.Identifier, order)),
    )


def _schema(schema: pa.Schema, columns: list[_Column]) -> pa.Schema:
    empty = [_empty(field.type) for field in schema]
    return _exported(pa.RecordBatch.from_arrays(empty, schema=schema), columns).schema


def _empty(kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, pa.array([], kind.storage_type))
    if pa.types.is_list(kind):
        return pa.ListArray.from_arrays(pa.array([0], pa.int32()), _empty(kind.value_type), kind)
    return pa.array([], kind)


def _exported(batch: pa.RecordBatch, columns: list[_Column]) -> pa.Table:
    """A batch with types that files know: ids as text, decimals as decimals."""
    fields = {}
    for column in columns:
        values = pa.chunked_array([batch.column(column.name)])
        if column.kind == "numeric" and column.scale is not None:
            digits = [chunk.storage for chunk in values.chunks]
            values = pa.chunked_array(digits, pa.string()).cast(pa.decimal128(38, column.scale))
        fields[column.name] = plain(values)
    return pa.table(fields)


def _write_parquet(path: Path, batches: Iterator[pa.Table], schema: pa.Schema, _: Warehouse) -> int:
    with parquet.ParquetWriter(path, schema) as file:
        return sum(_written(file.write_table, batch) for batch in batches)


def _write_csv(path: Path, batches: Iterator[pa.Table], schema: pa.Schema, _: Warehouse) -> int:
    with csv.CSVWriter(path, _flat(schema.empty_table()).schema) as file:
        return sum(_written(file.write_table, _flat(batch)) for batch in batches)


def _written(write: Callable[[pa.Table], Any], batch: pa.Table) -> int:
    write(batch)
    return int(batch.num_rows)


def _flat(table: pa.Table) -> pa.Table:
    """Lists as texts with blanks between their elements."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = pc.binary_join(table.column(place).cast(pa.list_(pa.string())), " ")
            table = table.set_column(place, field.name, texts)
    return table


def _write_xlsx(
    path: Path, batches: Iterator[pa.Table], schema: pa.Schema, warehouse: Warehouse
) -> int:
    try:
        xlsxwriter = importlib.import_module("xlsxwriter")
    except ImportError:
        raise UsageError(
            "Excel workbooks need one more package: pip install 'usage-pipeline[excel]', or export "
            "as csv."
        ) from None
    zone, count = ZoneInfo(warehouse.timezone), 0
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with closing(xlsxwriter.Workbook(str(path), options)) as workbook:
        sheet = workbook.add_worksheet()
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, schema.names, workbook.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        for batch in batches:
            for row in zip(*(column.to_pylist() for column in _flat(batch).columns), strict=True):
                count += 1
                if count > _MOST_EXCEL_ROWS:
                    raise UsageError(
                        f"A workbook holds {_MOST_EXCEL_ROWS:,} rows, and there are more: export "
                        "fewer days with --from and --to, or as csv or parquet."
                    )
                for place, value in enumerate(row):
                    if isinstance(value, datetime):
                        local = value.astimezone(zone).replace(tzinfo=None)
                        sheet.write_datetime(count, place, local, moment)
                    else:
                        sheet.write(count, place, value)
    return count


_WRITERS: Final[dict[str, Callable[[Path, Iterator[pa.Table], pa.Schema, Warehouse], int]]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "xlsx": _write_xlsx,
}
