"""Runs a stage of the night in a process of its own, which may be killed while it works."""

import contextlib
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from tests.faults.stages import BESIDE, STAGES

_LONGEST = 180.0


def context() -> ForkServerContext:
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["tests.faults.victims"])
    return found


def start(stage: str, home: Path, url: str) -> ForkServerProcess:
    process = context().Process(target=_work, args=(stage, str(home), url), daemon=True)
    process.start()
    return process


def finish(process: ForkServerProcess) -> int:
    """Wait for a victim to end by itself; return its exit code."""
    process.join(_LONGEST)
    assert process.exitcode is not None, "the stage hangs"
    return process.exitcode


def run(stage: str, home: Path, url: str) -> float:
    """Run a stage undisturbed; return the seconds it took."""
    started = time.monotonic()
    code = finish(start(stage, home, url))
    assert code == 0, f"{stage} ended with {code}: {said(home)}"
    return time.monotonic() - started


def run_and_strike(
    stage: str, home: Path, url: str, delay: float, strike: Callable[[int], None]
) -> bool:
    """Run a stage and strike after `delay` seconds; return whether it was still at work."""
    process = start(stage, home, url)
    process.join(delay)
    at_work = process.exitcode is None
    if at_work:
        with contextlib.suppress(ProcessLookupError):
            strike(process.pid or 0)
    finish(process)
    return at_work


def said(home: Path) -> str:
    """What the last victim wrote before it ended."""
    file = home / "victim.log"
    return file.read_text()[-3000:] if file.exists() else "nothing"


def _work(stage: str, home: str, url: str) -> None:
    log = os.open(Path(home) / "victim.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        {**STAGES, **BESIDE}[stage](home, url)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    # Not the clean-up of an interpreter that was forked: the work is done.
    os._exit(0)
