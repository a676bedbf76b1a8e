"""How many rows may wait to be written, and whose."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from tests.loops import run
from usage_pipeline.api.errors import ProblemError
from usage_pipeline.api.tracking.collector import Collector


class Stuck(Collector):
    """Commits nothing until it is told to."""

    def __init__(self, most_waiting: int) -> None:
        super().__init__(cast(Any, None), most_waiting)
        self.goes_on = asyncio.Event()

    async def _commit(self, rows: Sequence[str]) -> None:
        assert rows
        await self.goes_on.wait()


async def _share() -> None:
    collector = Stuck(1000)
    collector.start()
    taken = [asyncio.create_task(collector.add(["{}"] * 100, "greedy")) for _ in range(10)]
    await asyncio.sleep(0)
    # Half of the room, and the other half stays free for the others.
    assert collector.waiting == 500
    assert sum(task.done() for task in taken) == 5
    with pytest.raises(ProblemError, match="500 executions of yours wait"):
        await collector.add(["{}"], "greedy")
    modest = asyncio.create_task(collector.add(["{}"] * 250, "modest"))
    await asyncio.sleep(0)
    assert collector.waiting == 750
    third = asyncio.create_task(collector.add(["{}"] * 250, "third"))
    await asyncio.sleep(0)
    with pytest.raises(ProblemError, match="1,000 executions wait"):
        await collector.add(["{}"], "fourth")
    collector.goes_on.set()
    assert [await modest, await third] == [{}, {}]
    answers = await asyncio.gather(*taken, return_exceptions=True)
    assert [isinstance(answer, ProblemError) for answer in answers] == [False] * 5 + [True] * 5
    assert collector.waiting == 0
    assert await collector.add(["{}"] * 500, "greedy") == {}
    await collector.stop()


def test_one_caller_leaves_room_for_the_others_and_gets_it_back() -> None:
    run(_share())
