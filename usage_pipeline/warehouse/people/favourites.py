"""Favourites: their usage, refreshed from the marts in one batch."""

import psycopg

_REFRESH = """
update raw.workflow_favorites as kept
set usage_count = found.usage_count, last_used = found.last_used
from (
    select favourite.user_id, favourite.workflow_id,
        least(coalesce(stats.total_executions, 0), 2147483647)::int as usage_count,
        stats.last_used_at as last_used
    from raw.workflow_favorites as favourite
    left join marts.user_workflow_stats as stats
        on favourite.user_id = stats.user_id and favourite.workflow_id = stats.workflow_id
) as found
where kept.user_id = found.user_id and kept.workflow_id = found.workflow_id
    and (kept.usage_count, kept.last_used)
        is distinct from (found.usage_count, found.last_used)
"""


def refresh_usage(connection: psycopg.Connection) -> int:
    """Give each favourite the count and last use that the marts say; return those changed."""
    return connection.execute(_REFRESH).rowcount
