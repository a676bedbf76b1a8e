"""Forks and the end of the process, for every client that lives: no threads or requests here.

A forked child inherits queue, lock and connections of its parent but not the thread that sends.
It starts with an empty queue: what waited is the parent's to send.
"""

import atexit
import encodings.idna  # noqa: F401
import os
import sys
import time
from typing import Final, Protocol
from weakref import WeakSet

# httpx imports these with its first request. We import them now: a fork while another thread
# imports a module leaves it locked in the child, whose own first request would hang for ever.
import certifi  # noqa: F401
import httpcore  # noqa: F401

EXIT_SECONDS: Final = 2.0


class ForkSafe(Protocol):
    """Something that must not be shared between a process and its fork."""

    def after_fork(self) -> None:
        """Start afresh in the child."""


class Closing(ForkSafe, Protocol):
    """Something that has work left when the process ends."""

    def start_closing(self, deadline: float) -> None:
        """Take nothing more, and be done by `deadline` (monotonic)."""

    def finish_closing(self) -> None:
        """Wait until it is done, or the deadline."""


_fork_safe: WeakSet[ForkSafe] = WeakSet()
_closing: WeakSet[Closing] = WeakSet()
_worker: int | None = None


def survive_forks(thing: ForkSafe) -> None:
    """Call `thing.after_fork()` in every forked child, for as long as it lives."""
    _fork_safe.add(thing)


def close_at_exit(thing: Closing) -> None:
    """Close `thing` when the process ends, for as long as it lives."""
    _closing.add(thing)


def close_in_worker() -> None:
    """Close everything at the end of a `multiprocessing` worker, which runs no `atexit` functions.

    Call it while the worker works: what is registered before is forgotten when it starts.
    """
    global _worker
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is None or process is None or process.parent_process() is None:
        return
    if _worker != os.getpid():
        _worker = os.getpid()
        util.Finalize(None, _close_all, exitpriority=0)


def _close_all() -> None:
    deadline = time.monotonic() + EXIT_SECONDS
    things = list(_closing)
    for thing in things:
        thing.start_closing(deadline)
    for thing in things:
        thing.finish_closing()


def _after_fork() -> None:
    for thing in list(_fork_safe):
        thing.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
