"""Mined results for the summary after a demo: read from `mining`, computed nowhere else."""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from usage_pipeline.cli.console import say, say_table
from usage_pipeline.mining.insights.wording import organisation_insight_in_words

_NAMES = sql.SQL("""(
    select string_agg(coalesce(workflow_name, step.id::text), ' → ' order by place)
    from unnest(workflow_ids) with ordinality as step (id, place)
    left join marts.workflows on workflow_id = step.id
)""")
# Whoever has most of everything to show; the id decides among equals.
_USER = """
select user_id from (
    select user_id, least(count(*), 3) as found from mining.workflow_sequences
    where frequency > 1 group by user_id
    union all
    select user_id, least(count(*), 3) from mining.usage_patterns group by user_id
    union all
    select user_id, least(count(*), 3) from mining.usage_insights
    where state = 'open' group by user_id
) as shown
group by user_id order by sum(found) desc, user_id limit 1
"""
_SEQUENCES = sql.SQL("""
select {names}, frequency, last_executed::date
from mining.workflow_sequences where user_id = %s order by popularity_rank limit 3
""").format(names=_NAMES)
_PATTERNS = """
select description, confidence from mining.usage_patterns
where user_id = %s order by confidence desc, pattern_id limit 3
"""
_INSIGHTS = """
select message from mining.usage_insights
where user_id = %s and state = 'open' order by score desc, insight_id limit 3
"""
_POPULAR = sql.SQL("""
select {names}, user_count, support, day_count
from mining.popular_sequences
order by user_count desc, support desc, sequence_id limit 3
""").format(names=_NAMES)
_ORGANISATION = """
select insight_type, workflow_id, workflow_name, workflow_ids, workflow_names, user_count,
    execution_count, success_rate as success_rate_fraction, last_used_date
from marts.organisation_insights
order by insight_type, score desc, subject_id
"""
_PER_TYPE = 2


def show_mined(connection: psycopg.Connection) -> None:
    """Print one user's sequences, patterns and insights, and what all users share."""
    fetch = connection.execute
    chosen = fetch(_USER).fetchone()
    if chosen is not None:
        _show_user(connection, chosen[0])
    say("")
    say_table(
        "Sequences that users share, last 28 days",
        ("sequence", "users", "times", "days"),
        fetch(_POPULAR).fetchall(),
        right=(1, 2, 3),
    )
    say("\nWhat this tells the organisation")
    shown: dict[str, int] = {}
    for insight in connection.cursor(row_factory=dict_row).execute(_ORGANISATION):
        insight_type = insight["insight_type"]
        shown[insight_type] = shown.get(insight_type, 0) + 1
        if shown[insight_type] <= _PER_TYPE:
            say(f"  {organisation_insight_in_words(insight)['message']}")


def _show_user(connection: psycopg.Connection, user: Any) -> None:
    fetch = connection.execute
    known = fetch("select user_name from marts.users where user_id = %s", [user]).fetchone()
    name = (known and known[0]) or user
    say("")
    say_table(
        f"What {name} runs together, last 7 days",
        ("sequence", "times", "last"),
        fetch(_SEQUENCES, [user]).fetchall(),
        right=(1,),
    )
    say("")
    say_table(
        f"What {name} does regularly",
        ("pattern", "confidence"),
        [(text, f"{confidence:.2f}") for text, confidence in fetch(_PATTERNS, [user])],
        right=(1,),
    )
    say(f"\nWhat {name} is told")
    for (message,) in fetch(_INSIGHTS, [user]):
        say(f"  {message}")
