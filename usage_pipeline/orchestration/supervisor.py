"""Runs the web UI, the daemon and the API side by side until one ends or we are told to stop."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from usage_pipeline.errors import UsageError
from usage_pipeline.orchestration.code_location import CODE_LOCATION
from usage_pipeline.processes import child_environment

_GRACE_SECONDS = 15


def refuse_taken_port(host: str, port: int, option: str) -> None:
    """Find out before anything is started that a port is in use.

    Raises:
        UsageError: another program listens there; the sentence names the option to change.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as trial:
            # As servers do, so that a port just left does not count as taken.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        raise UsageError(
            f"Port {port} on {host} cannot be used ({error.strerror or error}): stop what uses it, "
            f"or choose another with {option}."
        ) from None


def serve(environment: Mapping[str, str], port: int, api: Sequence[str]) -> int:
    """Serve on 127.0.0.1 until Ctrl-C or SIGTERM; return the exit code of the command.

    Args:
        environment: what `prepare_dagster_home` returned.
        port: the web UI's port.
        api: the arguments of the command that serves the API.
    """
    commands = [
        ["dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-m", CODE_LOCATION],
        ["dagster._daemon", "run", "-m", CODE_LOCATION],
        ["usage_pipeline.cli", *api],
    ]
    stopping = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: stopping.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    processes = [_start(command, environment) for command in commands]
    try:
        while not stopping.is_set() and all(process.poll() is None for process in processes):
            time.sleep(0.2)
        failed = [process.returncode for process in processes if process.poll() is not None]
    finally:
        _end(processes)
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0 if stopping.is_set() else (failed[0] or 1)


def _start(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only us, and we end them in order.
    return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments, no shell
        [sys.executable, "-m", "usage_pipeline.processes", *command],
        env=child_environment(environment),
        start_new_session=True,
    )


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + _GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
