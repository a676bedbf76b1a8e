"""A server of ours on loopback that answers as systems do, faults included."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CUT = "cut"
"""An answer that never comes: the connection is closed instead."""


@dataclass(frozen=True)
class Request:
    """What a server was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any = None

    def one(self, name: str, default: str = "") -> str:
        """The value of a parameter."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True)
class Reply:
    """What it answers."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """A server, until its block ends.

    Attributes:
        url: its address.
        answer: gives the reply to a request, or CUT.
        faults: replies that come first, one for each request, None for the usual one.
        requests: what it was asked so far.
    """

    answer: Callable[[Request], "Reply | str"]
    url: str = ""
    faults: list[Reply | str | None] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


@contextmanager
def answering(answer: Callable[[Request], Reply | str]) -> Iterator[Server]:
    """Serve on a free port of loopback."""
    server = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self._reply()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

        def _reply(self) -> None:
            parts = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = parse_qs(parts.query, keep_blank_values=True)
            body = json.loads(sent) if sent.startswith((b"{", b"[")) else None
            request = Request(self.command, parts.path, query, headers, body)
            server.requests.append(request)
            fault = server.faults.pop(0) if server.faults else None
            reply = server.answer(request) if fault is None else fault
            if isinstance(reply, str):
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}"
        # The default looks every half second whether to stop, which each test would wait for.
        serving = threading.Thread(target=listening.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server
        finally:
            listening.shutdown()
            serving.join()
