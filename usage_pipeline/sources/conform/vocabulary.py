"""The words sources use: names of columns, statuses, triggers, and what each means here.

Only data. A source's own configuration adds to these and overrides them.
"""

import re
from collections.abc import Mapping
from typing import Final

from usage_pipeline.sources.conform.canonical import CanonicalField
from usage_pipeline.terms import Status, Trigger

# Names are compared without case, spaces, hyphens and underscores; the first match wins.
COLUMN_NAMES: Final[Mapping[CanonicalField, tuple[str, ...]]] = {
    "id": ("id", "execution_id", "run_id", "source_id"),
    "user_id": ("user_id", "user", "user_name", "actor", "login", "owner"),
    "workflow_id": ("workflow_id", "workflow", "flow_id", "dag_id", "pipeline_id"),
    "workflow_name": ("workflow_name", "flow_name", "dag_name", "pipeline_name"),
    "start_time": ("start_time", "started_at", "run_started_at", "start_date", "start"),
    "end_time": ("end_time", "ended_at", "finished_at", "stopped_at", "end_date", "end"),
    "status": ("status", "state"),
    "trigger_type": ("trigger_type", "trigger"),
    "error_message": ("error_message", "error"),
    "input_size": ("input_size", "input_bytes"),
    "output_size": ("output_size", "output_bytes"),
    "cost": ("cost",),
    "attempt": ("attempt", "run_attempt", "try_number"),
    "source_status": ("source_status",),
    "updated_at": ("updated_at", "modified_at"),
    "queued_at": ("queued_at",),
    "duration_ms": ("duration_ms", "duration_millis", "elapsed_ms"),
    "duration_s": ("duration_s", "duration_seconds", "duration_secs", "elapsed_s"),
}

# Dumps and data frames write these where a value is missing. By default only ids and names are
# read so: a text may well be the word "None".
NULL_WORDS: Final = (
    "\\N", "NULL", "null", "None", "none", "nil", "nan", "NaN", "NaT", "<NA>", "N/A", "n/a", "#N/A",
)  # fmt: skip


def plain_word(word: str) -> str:
    """A status or trigger as it is compared: `TimedOut`, `TIMED_OUT` and `timed-out` are one."""
    return _BETWEEN.sub("", word).lower()


_BETWEEN = re.compile(r"[\s_-]+")

# A word that could mean two things (unknown, warning, retried, missed) is not here: its rows are
# rejected by name until the source says what it means.
_STATUSES: Final[Mapping[str, Status]] = {
    "started": "started",
    "new": "started",
    "requested": "started",
    "queued": "started",
    "pending": "started",
    "scheduled": "started",
    "waiting": "started",
    "paused": "started",
    "running": "started",
    "processing": "started",
    "in_progress": "started",
    "cancelling": "started",
    "completed": "completed",
    "complete": "completed",
    "success": "completed",
    "succeeded": "completed",
    "succeed": "completed",
    "successful": "completed",
    "finished": "completed",
    "done": "completed",
    "ok": "completed",
    "failed": "failed",
    "fail": "failed",
    "failure": "failed",
    "error": "failed",
    "errored": "failed",
    "timed_out": "failed",
    "timeout": "failed",
    "crashed": "failed",
    "startup_failure": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "aborted": "cancelled",
    "stopped": "cancelled",
    "skipped": "cancelled",
    "starting": "started",
    "not_started": "started",
    "created": "started",
    "submitted": "started",
    "accepted": "started",
    "initializing": "started",
    "preparing": "started",
    "active": "started",
    "executing": "started",
    "deferred": "started",
    "suspended": "started",
    "blocked": "started",
    "late": "started",
    "restarting": "started",
    "restarted": "started",
    "retrying": "started",
    "awaiting_retry": "started",
    "up_for_retry": "started",
    "up_for_reschedule": "started",
    "canceling": "started",
    "killing": "started",
    "stopping": "started",
    "terminating": "started",
    "cached": "completed",
    "passed": "completed",
    "upstream_failed": "failed",
    "failed_with_retry": "failed",
    "faulted": "failed",
    "exception": "failed",
    "crash": "failed",
    "internal_error": "failed",
    "system_error": "failed",
    "quota_exceeded": "failed",
    "memory_limit_exceeded": "failed",
    "out_of_memory": "failed",
    "deadline_exceeded": "failed",
    "evicted": "failed",
    "killed": "cancelled",
    "terminated": "cancelled",
    "revoked": "cancelled",
    "removed": "cancelled",
}
STATUS_WORDS: Final = {plain_word(word): status for word, status in _STATUSES.items()}

_TRIGGERS: Final[Mapping[str, Trigger]] = {
    "manual": "manual",
    "user": "manual",
    "ui": "manual",
    "cli": "manual",
    "workflow_dispatch": "manual",
    "scheduled": "scheduled",
    "schedule": "scheduled",
    "cron": "scheduled",
    "timer": "scheduled",
    "backfill": "scheduled",
    "api": "api",
    "rest_api": "api",
    "http": "api",
    "webhook": "api",
    "chained": "chained",
    "workflow_run": "chained",
    "workflow_call": "chained",
    "subworkflow": "chained",
    "asset_triggered": "chained",
    "timetable": "scheduled",
    "periodic": "scheduled",
    "interval": "scheduled",
    "test": "manual",
    "operator": "chained",
    "operator_triggered": "chained",
    "asset": "chained",
    "asset_materialization": "chained",
    "dataset_triggered": "chained",
    "sensor": "chained",
    "automation": "chained",
    "subflow": "chained",
    "sub_workflow": "chained",
}
TRIGGER_WORDS: Final = {plain_word(word): trigger for word, trigger in _TRIGGERS.items()}

# A run's conclusion once it has one, its status until then. `neutral` ran to its end and reports
# no failure. A skipped run did no work and a stale one was given up by GitHub: neither says
# anything about reliability, so both are cancelled and stay out of the success rate.
# `action_required` waits for someone's approval: it has not ended. `completed` is not here: a run
# that ended without a conclusion could be either, and is rejected.
_GITHUB_STATUSES: Final[Mapping[str, Status]] = {
    "success": "completed",
    "neutral": "completed",
    "failure": "failed",
    "timed_out": "failed",
    "startup_failure": "failed",
    "cancelled": "cancelled",
    "skipped": "cancelled",
    "stale": "cancelled",
    "action_required": "started",
    "requested": "started",
    "queued": "started",
    "pending": "started",
    "waiting": "started",
    "in_progress": "started",
}
GITHUB_STATUS_WORDS: Final = {plain_word(word): status for word, status in _GITHUB_STATUSES.items()}

# Events that are not named here (push, pull_request, issue_comment, release, ...) come from
# something a person did: `api`, which counts as use by people.
_GITHUB_EVENTS: Final[Mapping[str, Trigger]] = {
    "schedule": "scheduled",
    "workflow_dispatch": "manual",
    "workflow_run": "chained",
    "workflow_call": "chained",
    "check_run": "chained",
    "check_suite": "chained",
    "status": "chained",
    "deployment_status": "chained",
    # GitHub's own automations: page builds, dependency updates, default code scanning.
    "dynamic": "chained",
}
GITHUB_TRIGGER_WORDS: Final = {
    plain_word(word): trigger for word, trigger in _GITHUB_EVENTS.items()
}
GITHUB_OTHER_EVENTS: Final[Trigger] = "api"


def plain_column(name: str) -> str:
    """A column name as it is compared: `startedAt`, `Started at` and `started_at` are one."""
    return name.strip().lower().replace("_", "").replace("-", "").replace(" ", "")
