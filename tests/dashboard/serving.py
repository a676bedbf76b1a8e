"""The real application in a thread of the test's own process."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import psycopg
import uvicorn

from usage_pipeline.api.app import create_app
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse


def remove_key(connection: psycopg.Connection, name: str) -> None:
    """Remove a key as if it had never been: a revoked one ends the demo that other tests share."""
    connection.execute("delete from raw.api_keys where name = %s", [name])


class Served:
    """Serves while the `with` lasts, on a port that the system chooses."""

    def __init__(self, settings: Settings, warehouse: Warehouse, *, is_demo: bool) -> None:
        """Make the application; `is_demo` asks nobody who they are."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        app = create_app(settings, warehouse, is_demo=is_demo)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> str:
        """Start; returns the address."""
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            assert time.monotonic() < deadline, "the API did not start"
            time.sleep(0.02)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        """Stop, and let go of the port."""
        self._server.should_exit = True
        self._thread.join(timeout=30)
        self._socket.close()


class Site:
    """A site of somebody else: one page, with a policy of its own."""

    def __init__(self) -> None:
        """Take a port; nothing is answered before `with`."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/" else 204)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", site.policy)
                self.end_headers()
                if self.path == "/":
                    self.wfile.write(site.html.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.html = ""
        self.policy = "default-src 'self'"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def address(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()
