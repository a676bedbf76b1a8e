"""Runs the web UI, the daemon and the API side by side until we are told to stop.

We start one that ends by itself again, while the others go on. Their output goes to a log.
"""

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from usage_pipeline.errors import UsageError
from usage_pipeline.orchestration.code_location import CODE_LOCATION
from usage_pipeline.processes import child_environment, stop
from usage_pipeline.steps.build import connected_environment

_GRACE_SECONDS: Final = 15
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
# One that has run for so long has recovered: its next pause is short again.
_STEADY_SECONDS: Final = 120.0
# Some weeks of warnings; a restart leaves a traceback or two.
_LOG_BYTES, _LOG_FILES = 10_000_000, 5


@dataclass
class Service:
    """A program of ours that is kept running.

    Attributes:
        title: what people call it.
        command: the module that runs it, and its arguments.
    """

    title: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    pause: float = field(default=_FIRST_PAUSE, init=False)
    due: float = field(default=0.0, init=False)
    started: float = field(default=0.0, init=False)


def services(web_port: int, hosts: Sequence[str], api: Sequence[str]) -> list[Service]:
    """What `usage-pipeline up` runs.

    Args:
        web_port: the web UI's port.
        hosts: further names of the web UI, beside those of this machine.
        api: the arguments of the command that serves the API.
    """
    return [
        Service("The web UI", ["usage_pipeline.orchestration.web_ui", str(web_port), *hosts]),
        Service("The daemon", ["dagster._daemon", "run", "-m", CODE_LOCATION]),
        Service("The API", ["usage_pipeline.cli", *api]),
    ]


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


def serve(
    kept: Sequence[Service],
    environment: Mapping[str, str],
    log: Path,
    on_line: Callable[[str], None],
) -> int:
    """Keep services running until Ctrl-C or SIGTERM; return 130 or 143, by the signal.

    Args:
        kept: the services.
        environment: what `prepare_dagster_home` returned.
        log: the file that takes what they print; older ones stand beside it.
        on_line: is told what a person at the terminal wants to know.
    """
    signals: SimpleQueue[int] = SimpleQueue()
    previous = {
        number: signal.signal(number, lambda received, _: signals.put(received))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    lines = _log_of(log)
    try:
        while signals.empty():
            for service in kept:
                _look_after(service, environment, lines, log, on_line)
            time.sleep(0.2)
    finally:
        try:
            _cancel_runs(environment)
        except Exception:
            lines.exception("The runs that go on could not be canceled.")
        stop([service.process for service in kept if service.process], _GRACE_SECONDS)
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 128 + signals.get()


def _cancel_runs(environment: Mapping[str, str]) -> None:
    """Cancel the runs that our services have started, and wait until they have stopped.

    They are processes of the services' own, which end with those in the middle of their work.
    """
    import dagster as dg
    from dagster._core.storage.tags import GRPC_INFO_TAG

    going_on = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
    with connected_environment(environment), dg.DagsterInstance.get() as instance:
        ids = [run.run_id for run in instance.get_runs(going_on) if GRPC_INFO_TAG in run.tags]
        for each in ids:
            instance.run_coordinator.cancel_run(each)
        deadline = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < deadline and instance.get_runs(
            dg.RunsFilter(run_ids=ids, statuses=[dg.DagsterRunStatus.CANCELING]), limit=1
        ):
            time.sleep(0.2)


def _look_after(
    service: Service,
    environment: Mapping[str, str],
    lines: logging.Logger,
    log: Path,
    on_line: Callable[[str], None],
) -> None:
    """Start a service that is due; find out that one has ended, and when it is due again."""
    now = time.monotonic()
    if service.process is None:
        if now >= service.due:
            service.process = _start(service, environment, lines)
            service.started = now
        return
    code = service.process.poll()
    if code is None:
        return
    if now - service.started > _STEADY_SECONDS:
        service.pause = _FIRST_PAUSE
    on_line(
        f"{service.title} ended with exit code {code} and is started again in "
        f"{service.pause:.0f} s; {log} says why."
    )
    service.process, service.due = None, now + service.pause
    service.pause = min(service.pause * 2, _LONGEST_PAUSE)


def _start(
    service: Service, environment: Mapping[str, str], lines: logging.Logger
) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only us, and we end them in order.
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments, no shell
        [sys.executable, "-m", "usage_pipeline.processes", *service.command],
        env=child_environment(environment),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    follower = threading.Thread(target=_follow, args=(service.title, process, lines), daemon=True)
    follower.start()
    return process


def _follow(title: str, process: subprocess.Popen[bytes], lines: logging.Logger) -> None:
    for line in process.stdout or ():
        lines.info("%s: %s", title, line.decode(errors="replace").rstrip())


def _log_of(file: Path) -> logging.Logger:
    logger = logging.Logger("up")
    handler = RotatingFileHandler(
        file, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger.addHandler(handler)
    return logger
