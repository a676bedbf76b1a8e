"""A BI query that stays open on a mart while dbt replaces it."""

import json
import threading

import psycopg

from tests.conftest import RunDbt
from tests.executions import DAY, batch, execution
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day

_READ = "select as_of_date, tableoid from marts.warehouse_as_of"
_WAITS = """
    select count(*) from pg_locks
    where relation = 'marts.warehouse_as_of'::regclass and mode = 'AccessExclusiveLock'
        and not granted
"""


def _arguments() -> list[str]:
    days = json.dumps({name: str(DAY) for name in ("from_day", "to_day", "as_of_day")})
    return ["run", "--select", "+warehouse_as_of", "--vars", days]


def test_a_query_that_stays_open_on_a_mart_delays_its_swap_and_holds_up_no_other_reader(
    warehouse: Warehouse, dbt_on: RunDbt
) -> None:
    load_day(warehouse, DAY, [DayInput("files", [batch([execution("a")])])])
    impatient = Warehouse(warehouse.url, lock_timeout=0.1)
    dbt_on(impatient, _arguments())
    failed: list[BaseException] = []

    def build() -> None:
        try:
            dbt_on(impatient, _arguments())
        except BaseException as error:
            failed.append(error)

    with psycopg.connect(warehouse.url) as reader:
        before = reader.execute(_READ).fetchall()
        building = threading.Thread(target=build)
        building.start()
        try:
            with warehouse.connect(autocommit=True) as other:
                other.execute("set statement_timeout = '2s'")
                while other.execute(_WAITS).fetchone() == (0,):
                    assert building.is_alive()
                for _ in range(20):
                    assert other.execute(_READ).fetchall() == before
                    threading.Event().wait(0.1)
            assert building.is_alive()
            assert reader.execute(_READ).fetchall() == before
        finally:
            reader.rollback()
            building.join(60)
    assert failed == []
    with warehouse.connect() as connection:
        after = connection.execute(_READ).fetchall()
    assert [row[0] for row in after] == [DAY]
    assert after != before
