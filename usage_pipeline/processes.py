"""Processes that end when the one that started them does, and what ends this one.

A run that is killed with kill -9 cannot end its dbt, which would go on writing beside the next
run's; nor can `usage-pipeline up` end the daemon. This module does not know what a process does.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

# Holds the process id of the one that started us.
_PARENT = "USAGE_PARENT"
_POLL_SECONDS = 0.2

FOREIGN_PREFIXES: Final = ("PG", "DBT_", "DAGSTER_", "PYTHON")
"""Prefixes of variables that would change what dbt, Dagster, libpq or Python do for us."""

# Where Python keeps its caches and how it flushes changes no result.
_PYTHON_HARMLESS: Final = frozenset(
    {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED"}
)


class Interrupted(BaseException):
    """Somebody wants this process to end: by Ctrl-C or by SIGTERM."""


class Interruptions:
    """Lets Ctrl-C and SIGTERM interrupt this process in one way, and notes which of them came.

    Dagster replaces the handlers while a run goes on, so that a handler could not note it.
    """

    def __init__(self) -> None:
        """Begin; in the main thread, before anything else handles signals."""
        self._numbers, noting = os.pipe()
        os.set_blocking(self._numbers, False)
        os.set_blocking(noting, False)
        signal.set_wakeup_fd(noting, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, _interrupt)
        # A shell lets what it runs in the background ignore Ctrl-C.
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, _interrupt)

    def exit_code(self) -> int:
        """The exit code of a process that the first of the signals ended: 130 or 143."""
        try:
            numbers = os.read(self._numbers, 4096)
        except BlockingIOError:
            numbers = b""
        ends = [number for number in numbers if number in (signal.SIGINT, signal.SIGTERM)]
        return 128 + (ends[0] if ends else signal.SIGINT)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted


def stop(processes: Sequence[subprocess.Popen[bytes]], grace_seconds: float) -> None:
    """Interrupt child processes, and kill those that have not ended after a while."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + grace_seconds
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def ended_with_block(
    process: subprocess.Popen[bytes], grace_seconds: float = 5.0
) -> Iterator[None]:
    """Stop a child process that still runs when the block is left, however it is left."""
    try:
        yield
    finally:
        stop([process], grace_seconds)


def parent_environment() -> dict[str, str]:
    """The variable that makes a process end with this one."""
    return {_PARENT: str(os.getpid())}


def foreign_variables(prefixes: tuple[str, ...] = FOREIGN_PREFIXES) -> list[str]:
    """The variables of this process's environment that another project may have set."""
    return [
        name for name in os.environ if name.startswith(prefixes) and name not in _PYTHON_HARMLESS
    ]


def drop_foreign_variables(prefixes: tuple[str, ...] = FOREIGN_PREFIXES) -> None:
    """Take them out of this process's environment, for it and for all that it starts."""
    for name in foreign_variables(prefixes):
        del os.environ[name]


def leave_foreign_environment(module: str) -> None:
    """Make this process one whose environment is ours; called first of all by an entry point.

    Python has read its own variables before any code runs, so that a process with foreign ones is
    replaced by a fresh one (the same process id) that runs `module` with the same arguments.
    """
    python = [name for name in foreign_variables(("PYTHON",)) if name != "PYTHONUTF8"]
    if not python or _is_found_by_path():
        drop_foreign_variables()
        return
    drop_foreign_variables()
    os.execve(  # noqa: S606 - our own interpreter, no shell
        sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], os.environ
    )  # fmt: skip


def _is_found_by_path() -> bool:
    """Whether PYTHONPATH is what makes this package importable."""
    package = str(Path(__file__).parents[1])
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return package in (os.path.realpath(entry) for entry in entries if entry)


def child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a process that is to end with this one: ours and nobody else's.

    Args:
        variables: what the process needs beside paths, locale and `USAGE_` settings.
    """
    foreign = set(foreign_variables())
    inherited = {name: text for name, text in os.environ.items() if name not in foreign}
    # Files and streams are UTF-8 whatever the caller's locale says.
    return {**inherited, "PYTHONUTF8": "1", **variables, **parent_environment()}


def dbt() -> None:
    """Run dbt, attached, with this process's arguments.

    dagster-dbt asks for the version before every run. dbt's own answer takes seconds and asks
    PyPI for newer ones, which hangs on a machine without a network.
    """
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"dbt-core {version('dbt-core')}\n")
        return
    _attach()
    # dbt itself waits for its statements to end. The server ends them once we are gone.
    signal.signal(signal.SIGINT, lambda number, _: os._exit(128 + number))
    # dbt takes seconds to import, and the parent may end meanwhile.
    from dbt.cli.main import cli

    cli()


def main() -> None:
    """Run the module that the first argument names, attached, with the arguments after it."""
    _attach()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _attach() -> None:
    parent = os.environ.get(_PARENT)
    if parent is not None:
        threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    # At once: the server rolls back what we had begun.
    os._exit(1)


if __name__ == "__main__":
    main()
