"""How long work is shown on a terminal, in a real pseudo-terminal."""

import os
import pty
import subprocess
import sys

_WORK = """
import time
from usage_pipeline.cli.console import progress
with progress("Working") as show:
    show("[the first] day")
    print("noise of a library")
    time.sleep(0.5)
"""


def test_a_terminal_shows_the_work_and_not_what_libraries_print() -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", _WORK],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.stdout == "noise of a library\n"
    assert "Working: [the first] day" in shown
    assert "noise" not in shown


def test_without_a_terminal_each_step_is_a_plain_line() -> None:
    done = subprocess.run([sys.executable, "-c", _WORK], capture_output=True, text=True, check=True)
    assert done.stderr == "Working ...\n  [the first] day\n"
