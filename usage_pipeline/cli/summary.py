"""The readable summary after a demo: read from the marts, computed nowhere else.

`mined_summary` shows the mined results.
"""

from usage_pipeline.cli.console import say, say_table
from usage_pipeline.cli.mined_summary import show_mined
from usage_pipeline.mining.insights.wording import rounded
from usage_pipeline.warehouse.connection import Warehouse

_POPULAR = """
select workflow_name, total_executions, unique_users, success_rate, rank_change
from marts.popular_workflows
where as_of_date = (select as_of_date from marts.warehouse_as_of)
order by popularity_rank limit 5
"""
_UNRELIABLE = """
select workflow_name, sample_size, success_rate, success_rate_lower, success_rate_upper
from marts.workflow_success_rates
where as_of_date = (select as_of_date from marts.warehouse_as_of) and reliability <> 'grey'
order by success_rate, sample_size desc, workflow_id limit 5
"""
_ABANDONED = """
select workflow_name, users_who_abandoned, avg_tries_before_abandon, last_used_date
from marts.abandoned_workflows order by users_who_abandoned desc, workflow_id limit 5
"""
_BUSIEST = """
select user_id from marts.user_workflow_stats
group by user_id order by sum(total_executions) desc, user_id limit 1
"""
_USER = """
select workflow_name, total_executions, success_rate, avg_duration_ms, frequency, last_used_date
from marts.user_workflow_stats where user_id = %s
order by total_executions desc, workflow_id limit 5
"""


def show_summary(warehouse: Warehouse) -> None:
    """Print the top workflows, the least reliable, the abandoned, and one user's usage."""
    with warehouse.connect() as connection:
        fetch = connection.execute
        published = fetch("select as_of_date from marts.warehouse_as_of").fetchone()
        if published is None:
            say("The marts are empty.")
            return
        user = fetch(_BUSIEST).fetchone()
        name = (
            user
            and fetch(
                "select source_user_id from raw.users where user_id = %s", [user[0]]
            ).fetchone()
        )
        say(f"\nAs of {published[0]}:\n")
        say_table(
            "Most used, last 7 days",
            ("workflow", "executions", "users", "success", "rank change"),
            [(n, c, u, _percent(r), _signed(d)) for n, c, u, r, d in fetch(_POPULAR)],
            right=(1, 2, 3, 4),
        )
        say("")
        say_table(
            "Least reliable, last 30 days",
            ("workflow", "finished", "success", "95 % interval"),
            [
                (n, size, _percent(r), f"{_percent(low)} to {_percent(high)}")
                for n, size, r, low, high in fetch(_UNRELIABLE)
            ],
            right=(1, 2),
        )
        say("")
        say_table(
            "Abandoned",
            ("workflow", "users who left", "mean tries", "last used"),
            [(n, users, f"{tries:.1f}", day) for n, users, tries, day in fetch(_ABANDONED)],
            right=(1, 2),
        )
        if user is None:
            return
        say("")
        say_table(
            f"What {name[0] if name else user[0]} runs",
            ("workflow", "executions", "success", "mean duration", "frequency", "last used"),
            [
                (n, c, _percent(r), _seconds(d), often, day)
                for n, c, r, d, often, day in fetch(_USER, [user[0]])
            ],
            right=(1, 2, 3),
        )
        show_mined(connection)


def _percent(rate: float | None) -> str:
    if rate is None:
        return "-"
    if 0 < rate < 0.0005:
        return "<0.1 %"
    return ">99.9 %" if 0.9995 <= rate < 1 else f"{rounded(100 * rate, 1)} %"


def _seconds(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{rounded(milliseconds / 1000, 1)} s"


def _signed(change: int | None) -> str:
    return "new" if change is None else f"{change:+d}" if change else "="
