"""A warehouse of the version before is upgraded with all that a few nights left in it."""

from datetime import date
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from tests.conftest import RunDbt
from tests.integration.dumps import restored
from usage_pipeline.identity import execution_ids, source_namespace, tracked_execution_id
from usage_pipeline.sources.conform.error_classes import masked
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.ledger import day_states
from usage_pipeline.warehouse.migrate import migrate

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 6)
# Executions in raw, retired ones, and those that the marts count. The first three days are retired
# but for one execution of each that never ended.
STATES = {
    date(2026, 6, 1): (1, 12, 13),
    date(2026, 6, 2): (1, 14, 15),
    date(2026, 6, 3): (1, 13, 14),
    date(2026, 6, 4): (20, 0, 20),
    date(2026, 6, 5): (21, 0, 21),
    date(2026, 6, 6): (24, 0, 24),
}
_DAILY_USAGE = """
select execution_date, workflow_name, total_executions, success_count, failure_count,
    unique_users, total_duration_ms, total_cost
from marts.workflow_daily_usage order by execution_date, workflow_name
"""


@pytest.fixture
def old(server: EmbeddedServer, migrated: str) -> Warehouse:
    """The warehouse of schema 0013; the roles come with any migrated database."""
    assert migrated
    return restored(server, "0013_forgotten_ids")


def _rows(warehouse: Warehouse, query: str) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()


def _states(warehouse: Warehouse) -> dict[date, tuple[int, int, int | None]]:
    with warehouse.connect() as connection:
        return {
            state.day: (state.in_raw, state.retired, state.in_marts)
            for state in day_states(connection)
        }


def test_an_upgraded_warehouse_counts_what_it_counted(old: Warehouse, dbt_on: RunDbt) -> None:
    before = _rows(old, _DAILY_USAGE)
    tracked = _rows(old, "select count(*) from raw.tracked_executions")
    mined = _rows(old, "select count(*), sum(frequency) from mining.workflow_sequences")
    migrate(old)
    assert tracked == _rows(old, "select count(*) from raw.tracked_executions")
    assert mined == _rows(old, "select count(*), sum(frequency) from mining.workflow_sequences")
    dbt_on(old, build_arguments(FIRST, LAST, LAST))
    assert _states(old) == STATES
    assert _rows(old, _DAILY_USAGE) == before


def test_stored_executions_have_the_ids_that_a_delivery_gives_them(old: Warehouse) -> None:
    """Else an execution that is delivered again would be another one."""
    migrate(old)
    query = (
        "select id, source, source_id, workflow_id, user_id, attempt "
        "from raw.workflow_executions_simple "
        "union all select id, 'tracked', source_id, workflow_id, user_id, attempt "
        "from raw.tracked_executions"
    )
    stored = _rows(old, query)
    assert len(stored) > 80
    for id_, source, own, workflow, user, attempt in stored:
        if source == "tracked":
            expected = tracked_execution_id(user, workflow, attempt, own)
        else:
            ids, attempts = pa.array([own]), pa.array([attempt], pa.int32())
            within = (pa.array([str(workflow)]),)
            namespace = source_namespace(source)
            expected = UUID(execution_ids(ids, attempts, namespace, within)[0].as_py())
        assert id_ == expected, own


def test_failures_that_still_have_their_messages_have_a_class(old: Warehouse) -> None:
    migrate(old)
    rows = _rows(
        old,
        "select error_message, error_class, count(*) from raw.workflow_executions_simple "
        "where status = 'failed' group by 1, 2",
    )
    assert sum(count for _, _, count in rows) > 0
    for message, error_class, _ in rows:
        assert error_class == masked(pa.array([message], pa.string())).to_pylist()[0]
    assert _rows(old, "select count(*) from raw.retired_errors") == [(0,)]
