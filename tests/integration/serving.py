"""The API in a thread of the test's process, on a free port."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from usage_pipeline.api.app import create_app
from usage_pipeline.api.server import make_server
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse


@contextmanager
def serving(
    settings: Settings,
    warehouse: Warehouse,
    *,
    is_demo: bool = False,
    trusted_proxies: Sequence[str] = (),
) -> Iterator[str]:
    """The address of a running API."""
    app = create_app(settings, warehouse, is_demo=is_demo)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = make_server(app, trusted_proxies)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)
