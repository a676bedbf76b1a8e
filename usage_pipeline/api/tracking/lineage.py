"""Run events of OpenLineage as states of executions. No database here.

A run that names a parent is a part of that one, such as a task of a DAG or a model of dbt, and not
an execution of its own. Datasets are left out.
"""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from usage_pipeline.sources.conform.vocabulary import TRIGGER_WORDS, plain_word

_STATUSES: Final = {
    "START": "started",
    "COMPLETE": "completed",
    "FAIL": "failed",
    "ABORT": "cancelled",
}
# Where Airflow's provider tells how a DAG run came about, in its newer and its older form.
_AIRFLOW_FACETS: Final = ("airflowDagRun", "airflow")

Facets = dict[str, Any]


def _example(values: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": values})


class LineageRun(BaseModel):
    """The run of an event."""

    model_config = _example({"runId": "3f2a9b58-6a0e-4d3c-9f59-0f6b6c1d2e3f"})

    runId: UUID  # noqa: N815 - OpenLineage's name
    facets: Facets = Field(default_factory=dict)


class LineageJob(BaseModel):
    """The job of an event."""

    model_config = _example({"namespace": "airflow", "name": "send-report"})

    namespace: str = Field(min_length=1, max_length=10_000)
    name: str = Field(min_length=1, max_length=10_000)
    facets: Facets = Field(default_factory=dict)


class LineageEvent(BaseModel):
    """An event of OpenLineage; one that is about no run is left out."""

    model_config = _example(
        {
            "eventType": "COMPLETE",
            "eventTime": "2026-06-28T09:05:00Z",
            "run": {"runId": "3f2a9b58-6a0e-4d3c-9f59-0f6b6c1d2e3f"},
            "job": {"namespace": "airflow", "name": "send-report"},
            "producer": "https://github.com/apache/airflow",
        }
    )

    eventType: (  # noqa: N815
        Literal["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER"] | None
    ) = None
    eventTime: AwareDatetime  # noqa: N815
    run: LineageRun | None = None
    job: LineageJob | None = None


def item_of(event: LineageEvent) -> dict[str, Any] | None:
    """The state of an execution that an event tells, as `POST /track` takes it; None for none."""
    status = _STATUSES.get(event.eventType or "")
    run, job = event.run, event.job
    if status is None or run is None or job is None or "parent" in run.facets:
        return None
    at: datetime = event.eventTime
    return {
        "user_id": _owner(job.facets) or job.namespace,
        "workflow_id": f"{job.namespace}/{job.name}",
        "workflow_name": job.name,
        "status": status,
        "execution_id": str(run.runId),
        "trigger": _trigger(run.facets),
        "error_message": _member(run.facets, "errorMessage", "message"),
        ("start_time" if status == "started" else "end_time"): at,
    }


def _owner(facets: Facets) -> str | None:
    owners = _member(facets, "ownership", "owners")
    first = owners[0] if isinstance(owners, list) and owners else None
    name = first.get("name") if isinstance(first, dict) else None
    return name if isinstance(name, str) and name else None


def _trigger(facets: Facets) -> str | None:
    for name in _AIRFLOW_FACETS:
        dag_run = _member(facets, name, "dagRun")
        kind = dag_run.get("run_type") if isinstance(dag_run, dict) else None
        if isinstance(kind, str):
            return TRIGGER_WORDS.get(plain_word(kind))
    return None


def _member(facets: Facets, name: str, member: str) -> Any:
    facet = facets.get(name)
    return facet.get(member) if isinstance(facet, dict) else None
