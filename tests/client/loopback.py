"""A tiny tracking API on a free port of this machine, with the faults a test asks for."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What is answered: by default that everything is accepted."""

    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    wait_seconds: float = 0.0
    hang_up: bool = False
    drip_seconds: float = 0.0


ACCEPT = Reply()


class Loopback:
    """The server and what it saw."""

    def __init__(self, reply: Callable[[int, list[dict[str, Any]]], Reply], port: int) -> None:
        self.reply = reply
        self.requests: list[list[dict[str, Any]]] = []
        self.accepted: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.headers: list[dict[str, str]] = []
        self.stop = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                loopback.answer(self, json.loads(body)["executions"])

            def log_message(self, *args: object) -> None:
                pass

        return Handler

    def answer(self, handler: BaseHTTPRequestHandler, items: list[dict[str, Any]]) -> None:
        self.requests.append(items)
        self.times.append(time.monotonic())
        self.headers.append(dict(handler.headers))
        reply = self.reply(len(self.requests), items)
        self.stop.wait(reply.wait_seconds)
        if reply.hang_up:
            handler.close_connection = True
            return
        if reply.status == 202:
            self.accepted += items
        body = accepted_body(items) if reply.body is None else reply.body
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        with suppress(ConnectionError):
            handler.end_headers()
        with suppress(ConnectionError):
            self._write(handler, body, reply.drip_seconds)

    def _write(self, handler: BaseHTTPRequestHandler, body: bytes, drip_seconds: float) -> None:
        if not drip_seconds:
            handler.wfile.write(body)
            return
        for byte in body:
            if self.stop.wait(drip_seconds):
                return
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()


def accepted_body(items: list[dict[str, Any]], rejected: dict[int, str] | None = None) -> bytes:
    rejected = rejected or {}
    return json.dumps(
        {
            "accepted": len(items) - len(rejected),
            "rejected": len(rejected),
            "items": [
                {
                    "index": index,
                    "execution_id": item.get("execution_id"),
                    "status": "rejected" if index in rejected else "accepted",
                    "reason": rejected.get(index),
                }
                for index, item in enumerate(items)
            ],
        }
    ).encode()


@contextmanager
def running(
    reply: Callable[[int, list[dict[str, Any]]], Reply] = lambda *_: ACCEPT, port: int = 0
) -> Iterator[Loopback]:
    loopback = Loopback(reply, port)
    thread = threading.Thread(target=loopback.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        loopback.stop.set()
        loopback.server.shutdown()
        loopback.server.server_close()
