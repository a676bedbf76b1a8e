"""dbt, in a process that ends when the one that started it does.

A run that is killed with kill -9 cannot end its dbt, which would go on writing beside the next
run's. Called like dbt itself; what dbt does is none of its business.
"""

import os
import threading
import time

# Holds the process id of the one that waits for dbt.
PARENT = "USAGE_DBT_PARENT"
_POLL_SECONDS = 0.2


def main() -> None:
    """Run dbt with this process's arguments."""
    parent = os.environ.get(PARENT)
    if parent is not None:
        threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    # dbt takes seconds to import, and the parent may end meanwhile.
    from dbt.cli.main import cli

    cli()


def parent_environment() -> dict[str, str]:
    """What to add to the environment of a dbt that is to end with this process."""
    return {PARENT: str(os.getpid())}


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    # At once: the server rolls back what dbt had begun.
    os._exit(1)


if __name__ == "__main__":
    main()
