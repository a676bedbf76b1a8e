"""How the oracle reads inputs and merges copies of one execution."""

import gzip
import itertools
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.oracle import read_csv
from tests.oracle.examples import run
from tests.oracle.reading import execution_id, is_uuid, mapped_id, merged
from tests.oracle.sessions import sessions

HEADER = "id,user_id,workflow_id,workflow_name,start_time,end_time,status,trigger,cost\n"
START = "2026-03-04T23:30:00.000Z"


def read(tmp_path, *lines, zone=UTC):
    path = tmp_path / "executions.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "\n".join(lines)).encode()))
    return read_csv(path, zone=zone)


def test_a_row_without_a_user_is_rejected_and_one_without_a_trigger_is_not(tmp_path):
    found = read(tmp_path, f"1,ann,build,,{START},,started,,", f"2,,build,,{START},,started,,")
    assert (found.read, len(found.executions), found.duplicates) == (2, 1, 0)
    assert found.rejected == [(2, "no user_id")]
    assert found.executions[0].trigger_type is None


@pytest.mark.parametrize(
    "line",
    [
        "1,ann,build,,2026-03-04T23:30:00,,completed,,",
        "1,ann,build,,yesterday,,completed,,",
        f"1,ann,build,,{START},,done,,",
        f"1,ann,build,,{START},,completed,cron,",
        f",ann,build,,{START},,completed,,",
    ],
)
def test_what_cannot_be_an_execution_is_rejected(tmp_path, line):
    assert len(read(tmp_path, line).rejected) == 1


def test_the_execution_date_is_that_of_the_start_in_the_zone(tmp_path):
    line = f"1,ann,build,,{START},2026-03-06T00:00:00Z,completed,,"
    assert read(tmp_path, line).executions[0].execution_date.day == 4
    berlin = read(tmp_path, line, zone=ZoneInfo("Europe/Berlin"))
    assert berlin.executions[0].execution_date.day == 5


def test_the_latest_name_is_kept_and_no_name_replaces_none(tmp_path):
    found = read(
        tmp_path,
        "1,ann,build,New,2026-03-03T00:00:00Z,,started,,",
        "2,ann,build,Old,2026-03-02T00:00:00Z,,started,,",
        "3,ann,build,,2026-03-04T00:00:00Z,,started,,",
    )
    assert [known.name for known in found.names.values()] == ["New"]


def test_started_then_completed_is_one_execution_in_any_order(tmp_path):
    lines = [
        f"1,ann,build,,{START},,started,,",
        "1,ann,build,,2026-03-04T23:30:01Z,2026-03-04T23:31:00Z,completed,,",
        f"2,ann,build,,{START},,started,,",
    ]
    for order in itertools.permutations(lines):
        found = read(tmp_path, *order)
        assert (len(found.executions), found.duplicates) == (2, 1)
        first = next(one for one in found.executions if one.source_id == "1")
        assert first.status == "completed"
        assert first.start_time == datetime(2026, 3, 4, 23, 30, tzinfo=UTC)


def test_the_terminal_copy_wins_over_a_later_open_one_then_the_latest_then_the_better_status():
    open_, done = run(status="started"), run(status="completed")
    now = datetime(2026, 3, 5, tzinfo=UTC)
    assert merged([replace(open_, updated_at=now), done]).status == "completed"
    failed = replace(done, status="failed", updated_at=now)
    assert merged([replace(done, updated_at=now - timedelta(hours=1)), failed]).status == "failed"
    assert merged([failed, replace(done, updated_at=now)]).status == "completed"


def test_an_id_that_is_a_uuid_is_kept_whatever_its_case():
    text, space = "0B5C9DE0-6E1F-4F5E-9D39-3D1B0C3A7E11", UUID(int=1)
    assert mapped_id("user", text, space) == UUID(text)
    assert execution_id(space, text, 1, space) == UUID(text)
    assert execution_id(space, text, 2, space) != UUID(text)
    assert not is_uuid(text.replace("-", ""))
    assert mapped_id("user", "ann", space) != mapped_id("workflow", "ann", space)


def test_a_session_is_cut_after_more_than_300_seconds_and_not_at_300():
    def starts(*seconds):
        return [
            replace(one, start_time=one.start_time + timedelta(seconds=after))
            for one, after in ((run(at=time(9)), after) for after in seconds)
        ]

    assert [len(part) for part in sessions(starts(0, 300))] == [2]
    assert [len(part) for part in sessions(starts(0, 300.000001))] == [1, 1]
    assert [len(part) for part in sessions(starts(0, 86_401))] == [1, 1]


def test_second_attempts_and_machines_are_no_steps_of_a_session():
    assert len(sessions([run(), run(attempt=2), run(trigger="scheduled")])[0]) == 1
