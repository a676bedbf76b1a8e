"""Processes that end when the one that started them does.

A run that is killed with kill -9 cannot end its dbt, which would go on writing beside the next
run's; nor can `usage-pipeline up` end the daemon. What such a process does is none of its business
here.
"""

import os
import runpy
import sys
import threading
import time
from importlib.metadata import version

# Holds the process id of the one that started us.
_PARENT = "USAGE_PARENT"
_POLL_SECONDS = 0.2


def parent_environment() -> dict[str, str]:
    """What to add to the environment of a process that is to end with this one."""
    return {_PARENT: str(os.getpid())}


def dbt() -> None:
    """Run dbt, attached, with this process's arguments.

    dagster-dbt asks for the version before every run. dbt's own answer takes seconds and asks
    PyPI for newer ones, which hangs on a machine without a network.
    """
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"dbt-core {version('dbt-core')}\n")
        return
    _attach()
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
