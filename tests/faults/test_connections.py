"""Connections that are cut in the middle of COPY, by the server and by the network."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.executions import DAY, batch, execution
from tests.faults.contents import contents_of, differences, held_locks
from usage_pipeline.errors import WarehouseUnavailableError
from usage_pipeline.sources.conform.canonical import ReadBatch
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day

_ROWS = 1500


def _rows(name: str) -> ReadBatch:
    message = "x" * 300
    return batch([execution(f"{name}-{n}", error_message=message) for n in range(_ROWS)])


def _load(warehouse: Warehouse, batches: Iterator[ReadBatch]) -> None:
    load_day(warehouse, DAY, [DayInput("files", batches)])


@contextmanager
def _cut_after(port: int, limit: int) -> Iterator[int]:
    """A port that leads to another until it has carried `limit` bytes there, and then is dead."""
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket, left: float) -> None:
        with suppress(OSError):
            while left > 0 and (data := source.recv(4096)):
                target.sendall(data)
                left -= len(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with suppress(OSError):
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", port))
            back = threading.Thread(target=carry, args=(server, client, float("inf")))
            back.start()
            carry(client, server, limit)
            back.join()
            client.close()
            server.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join()


@pytest.mark.parametrize("limit", [20_000, 150_000, 400_000, 700_000])
def test_a_network_that_breaks_in_the_middle_of_copy_changes_nothing(
    warehouse: Warehouse, limit: int
) -> None:
    _load(warehouse, iter([_rows("old")]))
    before = contents_of(warehouse)
    port = warehouse.parts["port"]
    with _cut_after(int(port), limit) as cut:
        broken = Warehouse(warehouse.url.replace(f":{port}/", f":{cut}/"))
        with pytest.raises(WarehouseUnavailableError, match="was lost: nothing of this step"):
            _load(broken, iter([_rows("new"), _rows("newer")]))
    assert differences(contents_of(warehouse), before) == []
    assert held_locks(warehouse) == 0
    _load(warehouse, iter([_rows("new")]))
    with warehouse.connect() as connection:
        assert connection.execute(
            "select count(*), count(*) filter (where source_id like 'new-%') "
            "from raw.workflow_executions_simple"
        ).fetchone() == (_ROWS, _ROWS)


def test_a_connection_ended_by_the_server_in_the_middle_of_a_load_changes_nothing(
    warehouse: Warehouse,
) -> None:
    _load(warehouse, iter([_rows("old")]))
    before = contents_of(warehouse)

    def batches() -> Iterator[ReadBatch]:
        yield _rows("new")
        with warehouse.connect() as other:
            ended = other.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid() "
                "and application_name = 'usage-pipeline'"
            ).fetchone()
        assert ended == (1,)
        yield _rows("newer")

    with pytest.raises(WarehouseUnavailableError, match="run it again"):
        _load(warehouse, batches())
    assert differences(contents_of(warehouse), before) == []
    assert held_locks(warehouse) == 0
