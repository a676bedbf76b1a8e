"""Asking systems over HTTP: patience within limits, one sentence for the rest, pages to the end."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.systems import pages
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.http import System, seconds_to_wait
from usage_pipeline.sources.systems.span import Span

from .answering import CUT, Reply, Request, Server, answering

_SPAN = Span(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC))
_BUSY = [
    Reply({}, 429, {"Retry-After": "0"}),
    Reply({}, 403, {"Retry-After": "1"}),
    Reply({}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}),
    Reply("bad gateway", 502),
    Reply("", 503),
    CUT,
]


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
def server() -> Iterator[Server]:
    with answering(lambda request: Reply({"path": request.path, "n": 7001})) as served:
        yield served


def _system(url: str, value: str = "open-sesame") -> System:
    config = SourceConfig.model_construct(
        name="ci", url=url, token="${TOKEN}", user=None, password=None
    )
    return System(config, Credentials("ci", {"TOKEN": value}), title="CI system")


def _refusal(system: System, path: str = "/runs") -> str:
    with system, pytest.raises(InputError) as failure:
        system.get(path)
    message = str(failure.value)
    assert message.startswith("The CI system of the source 'ci' ")
    assert message.endswith(".")
    assert "\n" not in message
    assert "open-sesame" not in message
    return message


@pytest.mark.parametrize("fault", _BUSY)
def test_a_busy_system_is_asked_again(server: Server, fault: Reply | str) -> None:
    server.faults = [fault, fault]
    with _system(server.url) as system:
        assert system.get("/runs").body == {"path": "/runs", "n": "7001"}
    assert len(server.requests) == 3
    assert {each.headers["authorization"] for each in server.requests} == {"Bearer open-sesame"}


def test_the_pause_that_a_system_asks_for_is_kept(server: Server) -> None:
    server.faults = [Reply({}, 403, {"Retry-After": "1"})]
    began = time.monotonic()
    with stamina.set_testing(False), _system(server.url) as system:
        system.get("/runs")
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "90"}, 90),
        ({"retry-after": "Mon, 01 Jun 2026 00:01:00 GMT"}, 60),
        ({"retry-after": "Sun, 31 May 2026 00:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1780272010"}, 11),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1780272010"}, None),
        ({}, None),
    ],
)
def test_pauses_are_read_as_systems_write_them(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert seconds_to_wait(headers, _SPAN.start) == seconds


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply({}, 401), "does not know who asks (401): its token or password is wrong or has"),
        (Reply({"message": "No open-sesame."}, 403), "(403) (No ***): allow it to read."),
        (Reply({"detail": "Not Found"}, 404), "/runs (404) (Not Found): check what it declares."),
        (Reply([1], 400), "refuses what it is asked at"),
        (Reply("[" * 100_000, 400), "refuses what it is asked at"),
        (Reply("bad", 502), "keeps answering 502 at"),
        (Reply({}, 429, {"Retry-After": "9999"}), "wants a pause of 9,999 s: load again later."),
        (Reply("<html>sign in</html>"), "with something that is not JSON: check the url"),
        (Reply("[" * 100_000), "with something that is not JSON"),
        (Reply("", 302, {"Location": "http://example.org/login"}), "on to http://example.org: if"),
        (CUT, "does not answer at http://127.0.0.1:"),
    ],
)
def test_every_refusal_is_one_sentence(server: Server, reply: Reply | str, sentence: str) -> None:
    server.faults = [reply] * 10
    assert sentence in _refusal(_system(server.url))


def test_a_system_that_is_away_is_one_sentence() -> None:
    assert "does not answer at http://127.0.0.1:1/runs" in _refusal(_system("http://127.0.0.1:1"))


@pytest.mark.parametrize("url", ["ci.example.org", "ftp://ci", "http://", "http://ci:x"])
def test_an_address_that_cannot_be_one_is_one_sentence(url: str) -> None:
    with pytest.raises(InputError, match="'ci' has a url that cannot be one"):
        _system(url).get("/runs")


def test_a_secret_that_cannot_be_sent_is_not_shown(server: Server) -> None:
    with _system(server.url, value=" open-sesame\n") as system:
        system.get("/runs")
    assert server.requests[0].headers["authorization"] == "Bearer open-sesame"
    for wrong in ("open\nsesame", "opén"):
        with pytest.raises(InputError, match="token of the source 'ci' holds a char") as failure:
            _system(server.url, value=wrong)
        assert "op" not in str(failure.value).replace("copy", "")


def test_links_are_followed_to_the_end_and_only_at_home(server: Server) -> None:
    def answer(request: Request) -> Reply:
        page = int(request.one("page", "1"))
        there = {3: None, 4: "http://example.org/steal"}.get(page, f"{server.url}?page={page + 1}")
        return Reply([{"id": page}], headers={"Link": f'<{there}>; rel="next"'} if there else {})

    server.answer = answer
    with _system(server.url) as system:
        rows = [answer.rows() for answer in pages.by_link(system, "/runs", {"per": 1})]
        assert rows == [[{"id": "1"}], [{"id": "2"}], [{"id": "3"}]]
        with pytest.raises(InputError, match="sends its reader on to http://example"):
            list(pages.by_link(system, "/runs", {"page": 4}))
        server.answer = lambda _: Reply([], headers={"Link": '</runs?page=2>; rel="next"'})
        with pytest.raises(InputError, match="read before"):
            list(pages.by_link(system, "/runs", {}))


def test_a_cursor_is_believed_when_it_brings_something_new(server: Server) -> None:
    with _system(server.url) as system:
        chained: dict[str | None, Any] = {None: ([{"id": 1}], "a"), "a": ([{"id": 2}], None)}
        assert list(pages.by_cursor(system, lambda cursor: chained[cursor])) == [
            [{"id": 1}],
            [{"id": 2}],
        ]
        with pytest.raises(InputError, match="another cursor with the same page"):
            list(pages.by_cursor(system, lambda cursor: ([{"id": 1}], f"{cursor}x")))
        chained = {None: ([{"id": 1}], "a"), "a": ([{"id": 2}], "b"), "b": ([{"id": 1}], "a")}
        with pytest.raises(InputError, match="used before"):
            list(pages.by_cursor(system, lambda cursor: chained[cursor]))


@given(st.integers(0, 30), st.integers(2, 7), st.integers(2, 7))
def test_offsets_count_what_came_not_what_was_asked_for(rows: int, size: int, cap: int) -> None:
    listed = [{"id": number} for number in range(rows)]
    reading = pages.by_offset(
        _system("http://ci"),
        lambda offset: listed[offset : offset + min(size, cap)],
        lambda row: row["id"],
    )
    assert [row for page in reading for row in page] == listed


@given(st.data())
def test_a_list_that_changes_while_it_is_read_loses_no_row_that_stays(data: st.DataObject) -> None:
    listed = list(range(12))
    stays = set(listed)

    def page(offset: int) -> list[dict[str, Any]]:
        gone = data.draw(st.sampled_from([None, None, None, *listed]))
        if gone is not None:
            listed.remove(gone)
            stays.discard(gone)
            listed.append(100 + len(listed))
        return [{"id": number} for number in listed[offset : offset + 4]]

    ids = set[int]()
    changes_all_the_time = False
    reading = pages.by_offset(_system("http://ci"), page, lambda row: row["id"])
    while not changes_all_the_time:
        try:
            rows = next(reading)
        except StopIteration:
            break
        except InputError:
            changes_all_the_time = True
        ids |= {row["id"] for row in rows}
    assert changes_all_the_time or stays <= ids


def test_the_last_id_leads_on_or_is_an_error() -> None:
    listed = [{"id": number} for number in range(9, 0, -1)]
    system = _system("http://ci")
    reading = pages.by_last_id(
        system,
        lambda last: [row for row in listed if last is None or row["id"] < last][:4],
        lambda row: row["id"],
    )
    assert [row for page in reading for row in page] == listed
    with pytest.raises(InputError, match="rows that were read before"):
        list(pages.by_last_id(system, lambda _: listed[:4], lambda row: row["id"]))


def test_bounds_are_checked_again_on_the_rows() -> None:
    starts = ["2026-05-31T23:59:59Z", "2026-06-01T00:00:00+00:00", "2026-06-02T01:00:00+02:00"]
    starts += ["2026-06-02T00:00:00Z", "yesterday", None]
    rows = [{"start": start} for start in starts]
    kept = [row["start"] for row in pages.within(_SPAN, rows, lambda row: row["start"])]
    assert kept == [starts[1], starts[2], "yesterday", None]


def test_rows_come_as_batches_with_the_columns_that_a_source_maps() -> None:
    rows = ({"id": str(number), "conf": {"who": "ana"}} for number in range(20_000))
    read = list(pages.batches(rows, {"id": lambda row: row["id"]}, ["conf.who", "gone"]))
    assert [len(batch.numbers) for batch in read] == [0, 8_192, 8_192, 3_616]
    assert read[2].numbers[0] == 8_193
    assert read[3].columns["conf.who"].to_pylist()[0] == "ana"
    assert read[3].columns["gone"].null_count == 3_616
    empty = next(pages.batches([], {"id": lambda row: row["id"]}, ["gone"]))
    assert list(empty.columns) == ["id", "gone"]
