"""Reports survive the ordinary ends of a process, and no end takes long."""

import os
import subprocess
import sys
import time

import pytest

from tests.client.loopback import Reply, running
from usage_pipeline.client import Client

TRACKED = """
import os, sys
from usage_pipeline.client import Client
client = Client(sys.argv[1], user_id="ada", send_interval=30)
@client.track("job")
def job(number):
    return number
"""


def program(text: str, url: str, *, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TRACKED + text, url],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_a_program_that_just_ends_has_sent_everything() -> None:
    with running() as api:
        result = program("[job(n) for n in range(2500)]", api.url)
        assert (result.returncode, result.stderr) == (0, "")
        # The end of a batch may fall between a start and its end.
        assert len({item["execution_id"] for item in api.accepted}) == 2500


def test_a_program_that_ends_with_an_exception_has_sent_it() -> None:
    with running() as api:
        result = program("with client.track('crash'):\n    1 / 0", api.url)
        assert result.returncode == 1
        assert result.stderr.count("Traceback") == 1
        assert api.accepted[-1]["error_message"] == "ZeroDivisionError: division by zero"


def test_an_interrupted_program_has_sent_what_was_interrupted() -> None:
    # A shell starts what it runs in the background with interrupts ignored.
    heeded = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
    text = f"{heeded}\nwith client.track('long'):\n    signal.raise_signal(signal.SIGINT)"
    with running() as api:
        program(text, api.url)
        assert api.accepted[-1]["status"] == "cancelled"


@pytest.mark.parametrize("reply", [Reply(wait_seconds=60), Reply(503), Reply(drip_seconds=0.5)])
def test_a_program_ends_soon_though_the_server_does_not_answer(reply: Reply) -> None:
    with running(lambda *_: reply) as api:
        begun = time.monotonic()
        result = program("job(1)", api.url)
        assert time.monotonic() - begun < 10
        assert result.returncode == 0
        assert "tracking reports were lost" in result.stderr


def test_a_program_ends_at_once_though_nobody_listens() -> None:
    begun = time.monotonic()
    result = program("job(1)", "http://127.0.0.1:9")
    assert time.monotonic() - begun < 8
    assert "1 tracking reports were lost" in result.stderr
    assert "ConnectError" in result.stderr


def test_what_is_reported_while_the_program_ends_is_sent_too() -> None:
    # Functions of atexit run last in, first out: this one before the client's own.
    with running() as api:
        result = program("import atexit\natexit.register(job, 1)", api.url)
        assert (result.returncode, result.stderr) == (0, "")
        assert len(api.accepted) == 1


FORK = """
client.report  # the parent has a thread and a connection before it forks
job(0); client.flush()
job(1)
child = os.fork()
if child == 0:
    assert client.stats.reported == 0
    job(2)
    assert client.flush(), client.stats
    assert client.stats.accepted == 1
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
job(3)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_parent_and_forked_child_each_send_their_own_once() -> None:
    with running() as api:
        result = program(FORK, api.url)
        assert result.returncode == 0, result.stderr
        assert len(api.accepted) == 4
        assert len({item["execution_id"] for item in api.accepted}) == 4


POOL = """
from multiprocessing import get_context
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    job(0)
    client.flush()
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        assert sorted(pool.map(job, range(10))) == list(range(10))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_workers_of_a_process_pool_send_before_they_end() -> None:
    with running() as api:
        result = program(POOL, api.url)
        assert result.returncode == 0, result.stderr
        assert len({item["execution_id"] for item in api.accepted}) == 11


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_another_thread_reports_leaves_no_lock_behind() -> None:
    text = """
import threading
stop = threading.Event()
def busy():
    while not stop.is_set():
        job(1)
threads = [threading.Thread(target=busy) for _ in range(3)]
[thread.start() for thread in threads]
for _ in range(30):
    child = os.fork()
    if child == 0:
        job(2)
        os._exit(0 if client.flush(5) and client.stats.accepted == 1 else 7)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
[thread.join() for thread in threads]
client.close(0)
"""
    with running() as api:
        result = program(text, api.url, timeout=60)
        assert result.returncode == 0, result.stderr


def test_a_signal_handler_may_report_while_its_thread_does() -> None:
    text = """
import signal
signal.signal(signal.SIGALRM, lambda *_: job(1))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
for n in range(30_000):
    job(n)
signal.setitimer(signal.ITIMER_REAL, 0)
client.close(10)
assert client.stats.reported > 60_000
"""
    with running() as api:
        result = program(text, api.url, timeout=60)
        assert result.returncode == 0, result.stderr


def test_a_client_without_work_ends_no_slower() -> None:
    client = Client("http://127.0.0.1:9")
    begun = time.monotonic()
    client.close()
    assert time.monotonic() - begun < 0.5


def test_the_import_brings_nothing_of_the_pipeline() -> None:
    text = """
import sys
import usage_pipeline.client
heavy = {"dagster", "dbt", "pandas", "pyarrow", "numpy", "scipy", "psycopg", "pydantic",
         "pydantic_settings", "fastapi", "sqlalchemy", "usage_pipeline.settings"}
ours = {name for name in sys.modules if name.startswith("usage_pipeline.")}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert all(name.startswith("usage_pipeline.client") for name in ours), ours
"""
    result = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
