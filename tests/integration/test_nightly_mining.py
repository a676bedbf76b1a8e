"""Mining in the warehouse, night by night, is mining the whole history slowly and obviously."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from psycopg import sql

from tests.conftest import RunDbt, _fresh_database
from tests.executions import at, batch, execution, uuid_of
from tests.unit.mining import reference
from usage_pipeline.mining.daily.statistics import DailyStatistics
from usage_pipeline.mining.insights.states import merge_insights
from usage_pipeline.mining.windows import mined_windows
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.steps import mine as nightly_mining
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.steps.mine import mine_days, mine_windows, window_settings
from usage_pipeline.synthetic import GeneratorConfig, write
from usage_pipeline.warehouse.columns import snapshot
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day
from usage_pipeline.warehouse.executions.retirement import retire_day
from usage_pipeline.warehouse.mined import blocks, daily
from usage_pipeline.warehouse.mined.daily import unaccounted_hours
from usage_pipeline.warehouse.people.erasure import forget_user
from usage_pipeline.warehouse.people.forgotten import ANONYMOUS_USER

_CONFIG = GeneratorConfig(
    seed=4, days=14, users=15, workflows=12, executions_per_day=150, sequence_habits=8,
    time_habits=4, conditional_habits=2, abandoned_workflows=1, bad_workflows=1,
)  # fmt: skip
_DAYS = [_CONFIG.first_day + timedelta(days=offset) for offset in range(_CONFIG.days)]
_AS_OF = _DAYS[-1]
_BY_HAND = _DAYS[5]
_DAILY = ("daily_sequences", "daily_transitions", "daily_step_counts", "daily_hours")
_WINDOWS = (
    "workflow_sequences", "workflow_sequence_windows", "workflow_subsequences",
    "popular_sequences", "usage_patterns", "usage_insights",
)  # fmt: skip
_WAITING_FOR_INSIGHTS = (
    "select count(*) from pg_locks where not granted "
    "and database = (select oid from pg_database where datname = current_database()) "
    "and relation = 'mining.usage_insights'::regclass"
)
_NAME = 'Say "hi"\n<b>\u202e'


def _by_hand() -> list[dict[str, Any]]:
    """Sessions over midnight, one that goes on for two, and a name that is hard to show."""
    late = [at(23, 50 + 3 * n, day=_BY_HAND) for n in range(3)]
    late += [at(0, 1 + 4 * n, day=_BY_HAND + timedelta(days=1)) for n in range(3)]
    long = [at(22, 0, day=_BY_HAND) + n * timedelta(minutes=5) for n in range(12 * 28)]
    rows = [("night", n, when, f"night {n % 3}") for n, when in enumerate(late)]
    rows += [("owl", n, when, f"owl {n % 2}") for n, when in enumerate(long)]
    rows += [("shy", n, at(9 + n, day=_AS_OF), "hard") for n in range(9)]
    return [
        execution(f"{user} {n}", user=user, workflow=workflow, start_time=when, source="hand",
                  **({"workflow_name": _NAME} if workflow == "hard" else {}))
        for user, n, when, workflow in rows
    ]  # fmt: skip


@pytest.fixture(scope="module")
def prepared(
    module_warehouse: Warehouse, dbt_on: RunDbt, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of a database with two weeks of executions and their marts, nothing mined."""
    folder: Path = tmp_path_factory.mktemp("generated")
    write(_CONFIG, folder)
    settings = Settings(home=folder / "home", database_url=module_warehouse.url, _env_file=None)
    assert list(load_inputs(module_warehouse, settings, files_source([str(folder / "*.csv.gz")])))
    for day in _DAYS:
        rows = [row for row in _by_hand() if row["execution_date"] == day]
        load_day(module_warehouse, day, [DayInput("hand", [batch(rows)])])
    dbt_on(module_warehouse, build_arguments(_DAYS[0], _AS_OF, _AS_OF))
    return module_warehouse.parts["dbname"]


@pytest.fixture
def used(server: EmbeddedServer, prepared: str) -> Iterator[Warehouse]:
    """A copy of the prepared warehouse for one test."""
    yield from _fresh_database(server, prepared)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", _env_file=None)


@pytest.fixture
def mined(used: Warehouse, settings: Settings) -> Warehouse:
    """With the statistics of every night, and the windows of the last."""
    for day in _DAYS:
        mine_days(used, settings, [day], day)
    mine_windows(used, settings, _AS_OF)
    return used


def _rows(warehouse: Warehouse, query: str) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def _tables(warehouse: Warehouse, names: tuple[str, ...]) -> dict[str, list[str]]:
    return {
        name: sorted(map(str, _rows(warehouse, f"select * from mining.{name}"))) for name in names
    }


def _history(warehouse: Warehouse) -> list[reference.Execution]:
    return [
        reference.Execution(*row)
        for row in _rows(
            warehouse,
            "select id::text, user_id::text, workflow_id::text, start_time, status, trigger_type, "
            "attempt from raw.workflow_executions_simple",
        )
    ]


def test_the_nights_together_are_the_whole_history_mined_slowly(mined: Warehouse) -> None:
    history = _history(mined)
    sessions = [s for s in reference.sessions(history) if s.closing_day("UTC") <= _AS_OF]
    spans = [s.closing_day("UTC") - s.first_started_at.date() for s in sessions]
    assert sum(span.days == 1 for span in spans) > 3
    assert sum(span.days == 2 for span in spans) >= 1

    occurrences = reference.sequence_occurrences(sessions, "UTC")
    assert {
        (user, day, tuple(ids)): (count, last)
        for user, day, ids, count, last in _rows(
            mined,
            "select user_id::text, execution_date, workflow_ids::text[], occurrence_count, "
            "last_executed from mining.daily_sequences",
        )
    } == occurrences
    assert {
        tuple(row[:4]): tuple(row[4:])
        for row in _rows(
            mined,
            "select user_id::text, execution_date, from_workflow_id::text, to_workflow_id::text, "
            "transition_count, after_failure_count, after_success_count "
            "from mining.daily_transitions",
        )
    } == reference.transitions(sessions, "UTC")
    assert {
        tuple(row[:3]): tuple(row[3:])
        for row in _rows(
            mined,
            "select user_id::text, execution_date, workflow_id::text, execution_count, step_count, "
            "failed_step_count, completed_step_count, session_count from mining.daily_step_counts",
        )
    } == reference.step_counts(sessions, "UTC")
    assert {
        tuple(row[:4]): row[4]
        for row in _rows(
            mined,
            "select user_id::text, workflow_id::text, execution_date, local_hour, execution_count "
            "from mining.daily_hours",
        )
    } == reference.hours(history, "UTC")

    windows = "workflow_sequence_windows"
    for window, table in ((7, "workflow_sequences"), (7, windows), (28, windows), (90, windows)):
        where = f"where window_days = {window}" if table == windows else ""
        assert [
            (user, tuple(ids), frequency, last, rank)
            for user, ids, frequency, last, rank in _rows(
                mined,
                "select user_id::text, workflow_ids::text[], frequency, last_executed, "
                f"popularity_rank from mining.{table} {where} order by user_id, popularity_rank",
            )
        ] == reference.workflow_sequences(occurrences, _AS_OF, window, 5)


def test_days_mined_again_in_any_order_or_all_at_once_change_nothing(
    mined: Warehouse, settings: Settings
) -> None:
    before = _tables(mined, (*_DAILY, *_WINDOWS))
    assert min(len(rows) for rows in before.values()) > 0
    days = random.Random(7).sample(_DAYS, len(_DAYS))  # noqa: S311 - an order, no secret
    for day in days:
        mine_days(mined, settings, [day], _AS_OF)
    assert _tables(mined, _DAILY) == {name: before[name] for name in _DAILY}
    with mined.connect() as connection:
        for name in _DAILY:
            connection.execute(f"delete from mining.{name}")  # type: ignore[call-overload]
    assert mine_days(mined, settings, _DAYS, _AS_OF).days == _DAYS
    mine_windows(mined, settings, _AS_OF)
    assert _tables(mined, (*_DAILY, *_WINDOWS)) == before


def test_small_blocks_of_users_give_the_same_rows(
    mined: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _tables(mined, (*_DAILY, *_WINDOWS))
    monkeypatch.setattr(nightly_mining, "_EXECUTIONS_AT_ONCE", 20)
    monkeypatch.setattr(nightly_mining, "_STATISTICS_AT_ONCE", 50)
    sizes: list[int] = []

    def in_blocks(*arguments: Any) -> list[blocks.UserBlock]:
        found = blocks.user_blocks(*arguments)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(nightly_mining, "user_blocks", in_blocks)
    mine_days(mined, settings, _DAYS, _AS_OF)
    mine_windows(mined, settings, _AS_OF)
    assert len(sizes) > len(_DAYS)
    assert min(sizes) > 1
    assert _tables(mined, (*_DAILY, *_WINDOWS)) == before


def test_a_day_loaded_again_is_mined_with_the_days_its_sessions_run_on_into(
    mined: Warehouse, settings: Settings
) -> None:
    assert mine_days(mined, settings, [_AS_OF], _AS_OF).days == [_AS_OF]
    late = execution("late", user="night", workflow="new", source="late",
                     start_time=at(23, 57, day=_BY_HAND))  # fmt: skip
    load_day(mined, _BY_HAND, [DayInput("late", [batch([late])])])
    done = mine_days(mined, settings, [_AS_OF], _AS_OF)
    assert {_BY_HAND, _BY_HAND + timedelta(days=1)} <= set(done.days)
    sessions = [s for s in reference.sessions(_history(mined)) if s.closing_day("UTC") <= _AS_OF]
    expected = reference.sequence_occurrences(sessions, "UTC")
    found = _rows(mined, "select sum(occurrence_count) from mining.daily_sequences")
    assert found == [(sum(count for count, _ in expected.values()),)]
    assert (uuid_of("night"), _BY_HAND + timedelta(days=1)) in {key[:2] for key in expected}


def test_a_retired_day_keeps_its_statistics_whatever_is_mined_or_comes_late(
    mined: Warehouse, settings: Settings
) -> None:
    before = _tables(mined, _DAILY)
    for day in _DAYS[:7]:
        retire_day(mined, day, as_of=_AS_OF, unfinished_days=1)
    late = execution("late", user="night", source="late", start_time=at(9, day=_DAYS[2]))
    load_day(mined, _DAYS[2], [DayInput("late", [batch([late])])])
    done = mine_days(mined, settings, _DAYS, _AS_OF)
    # The day after may have sessions that began on a day which is gone.
    assert done.days == _DAYS[8:]
    assert _tables(mined, _DAILY) == before


def test_statistics_older_than_they_are_kept_are_deleted(
    mined: Warehouse, settings: Settings
) -> None:
    later = _DAYS[3] + timedelta(days=settings.mined_days)
    done = mine_days(mined, settings, [], later)
    assert (done.days, done.forgotten > 0) == ([], True)
    for name in (*_DAILY, "mined_days"):
        assert _rows(mined, f"select min(execution_date) from mining.{name}") == [(_DAYS[4],)]


def test_the_hours_of_every_day_are_those_of_its_executions_by_people(
    mined: Warehouse, settings: Settings
) -> None:
    with mined.connect() as connection:
        assert unaccounted_hours(connection, []) == (len(_DAYS), [])
        assert unaccounted_hours(connection, _DAYS[:2]) == (2, [])
        connection.execute(
            "update mining.daily_hours set execution_count = execution_count + 1 "
            "where execution_date = %s", [_DAYS[1]]
        )  # fmt: skip
        compared, wrong = unaccounted_hours(connection, _DAYS)
    assert (compared, len(wrong)) == (len(_DAYS), 1)
    assert wrong[0].startswith(f"{_DAYS[1]}: ")


def _state(warehouse: Warehouse, insight: UUID) -> tuple[str, date]:
    rows = _rows(
        warehouse,
        f"select state, opened_date from mining.usage_insights where insight_id = '{insight}'",
    )
    return rows[0]


def test_a_dismissed_insight_stays_so_until_its_evidence_changes(
    mined: Warehouse, settings: Settings
) -> None:
    ((insight,),) = _rows(
        mined,
        "select insight_id from mining.usage_insights where state = 'open' "
        "and insight_type = 'most_used' order by insight_id limit 1",
    )
    with mined.connect() as connection:
        connection.execute(
            "update mining.usage_insights set state = 'dismissed' where insight_id = %s", [insight]
        )
    for _ in range(2):
        mine_windows(mined, settings, _AS_OF)
        assert _state(mined, insight) == ("dismissed", _AS_OF)
    with mined.connect() as connection:
        connection.execute(
            "update mining.usage_insights set dismissed_magnitude = magnitude / 2 "
            "where insight_id = %s", [insight]
        )  # fmt: skip
    mine_windows(mined, settings, _AS_OF)
    assert _state(mined, insight) == ("open", _AS_OF)


def test_what_is_dismissed_while_the_night_merges_insights_stays_dismissed(
    mined: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The night reads the states, then writes them: a dismissal in between must wait for it."""
    ((insight,),) = _rows(
        mined,
        "select insight_id from mining.usage_insights where state = 'open' "
        "order by insight_id limit 1",
    )

    def dismiss() -> int:
        with mined.connect() as connection:
            return connection.execute(
                "update mining.usage_insights set state = 'dismissed' where insight_id = %s",
                [insight],
            ).rowcount

    def wait_until_it_waits() -> None:
        for _ in range(400):
            if _rows(mined, _WAITING_FOR_INSIGHTS) == [(1,)]:
                return
            time.sleep(0.02)
        pytest.fail("the dismissal did not wait for the merge")

    with ThreadPoolExecutor(1) as thread:
        dismissals: list[Future[int]] = []

        def merge(*arguments: Any) -> pa.Table:
            dismissals.append(thread.submit(dismiss))
            wait_until_it_waits()
            return merge_insights(*arguments)

        monkeypatch.setattr(nightly_mining, "merge_insights", merge)
        mine_windows(mined, settings, _AS_OF)
        assert [each.result() for each in dismissals] == [1]
    assert _state(mined, insight)[0] == "dismissed"
    monkeypatch.undo()
    mine_windows(mined, settings, _AS_OF)
    assert _state(mined, insight)[0] == "dismissed"


def test_a_name_that_is_hard_to_show_is_one_line_without_quotes_of_its_own(
    mined: Warehouse,
) -> None:
    ((message,),) = _rows(
        mined,
        "select message from mining.usage_insights "
        f"where insight_type = 'most_used' and user_id = '{uuid_of('shy')}'",
    )
    assert message == "You use \"Say 'hi' <b>\" the most (9 times in the last 30 days)"


def test_the_numbers_behind_insights_are_those_of_the_marts(mined: Warehouse) -> None:
    queries = {
        "most_used": """
            select found.evidence ->> 'people_execution_count', sum(people_execution_count)::text
            from mining.usage_insights as found
            inner join marts.user_workflow_usage using (user_id, workflow_id)
            where insight_type = 'most_used' and execution_date > as_of_date - 30
            group by insight_id
        """,
        "struggling": """
            select
                concat_ws(' ', evidence ->> 'failure_count', evidence ->> 'success_count'),
                concat_ws(' ', sum(failure_count), sum(success_count))
            from mining.usage_insights as found
            inner join marts.user_workflow_usage using (user_id, workflow_id)
            where insight_type = 'struggling' and execution_date > as_of_date - 30
            group by insight_id
        """,
        "automate_sequence": """
            select
                concat_ws(' ', evidence ->> 'support', evidence ->> 'day_count'),
                concat_ws(' ', support, day_count)
            from mining.usage_insights as found
            inner join mining.workflow_subsequences as parts
                on parts.sequence_id = (evidence ->> 'sequence_id')::uuid
            where insight_type = 'automate_sequence'
        """,
        "schedule_it": """
            select
                concat_ws(' ', found.evidence ->> 'hits', found.evidence ->> 'opportunities'),
                concat_ws(' ', hits, opportunities)
            from mining.usage_insights as found
            inner join mining.usage_patterns as patterns
                on patterns.pattern_id = (found.evidence ->> 'pattern_id')::uuid
            where insight_type = 'schedule_it'
        """,
    }
    for kind, query in queries.items():
        compared = _rows(mined, query)
        insights = f"select count(*) from mining.usage_insights where insight_type = '{kind}'"
        assert _rows(mined, insights) == [(len(compared),)], kind
        assert compared != [], kind
        assert [said for said, _ in compared] == [true for _, true in compared], kind


def test_no_text_names_another_user(mined: Warehouse) -> None:
    texts = _rows(mined, "select user_id, message || evidence::text from mining.usage_insights")
    users = [str(row[0]) for row in _rows(mined, "select distinct user_id from raw.users")]
    assert len(texts) > 20
    for user, text in texts:
        assert not any(other in text for other in users if other != str(user))


def test_what_forgotten_users_did_is_nobody_s_habit(mined: Warehouse, settings: Settings) -> None:
    forget_user(mined, UUID(uuid_of("night")))
    mine_days(mined, settings, _DAYS, _AS_OF)
    mine_windows(mined, settings, _AS_OF)
    gone = f"('{uuid_of('night')}', '{ANONYMOUS_USER}')"
    for name in (*_DAILY, *_WINDOWS):
        if name != "popular_sequences":
            assert _rows(mined, f"select * from mining.{name} where user_id in {gone}") == []


def test_popular_sequences_are_after_a_night_those_of_everybody_who_is_not_forgotten(
    mined: Warehouse, settings: Settings
) -> None:
    # Who has most of them: without this person some are no longer shared.
    user = str(
        _rows(
            mined,
            "select user_id from mining.daily_sequences group by user_id "
            "order by sum(cardinality(workflow_ids)) desc, user_id limit 1",
        )[0][0]
    )
    popular = "select sequence_id::text, user_count, support from mining.popular_sequences"
    before = set(_rows(mined, popular))
    with snapshot(mined) as source:
        everything = daily.read_days(source, _DAYS[0], _AS_OF)
        workflows = source.read(sql.SQL("select workflow_id, workflow_name from marts.workflows"))
    others = DailyStatistics(
        **{
            name: table.filter(pc.not_equal(table["user_id"], user))
            for name in daily.DAILY_TABLES
            if (table := getattr(everything, name))
        }
    )
    chosen = window_settings(settings)
    wanted = mined_windows([others], workflows, chosen, _AS_OF)["popular_sequences"]
    forget_user(mined, UUID(user))
    # It names nobody, and stays as it is until the next night.
    assert set(_rows(mined, popular)) == before
    mine_windows(mined, settings, _AS_OF)
    found = set(_rows(mined, popular))
    columns = (wanted[name].to_pylist() for name in ("sequence_id", "user_count", "support"))
    assert found == set(zip(*columns, strict=True)) != before
