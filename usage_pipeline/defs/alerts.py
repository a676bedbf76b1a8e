"""The sensor that tells somebody of each failed run. By which ways, `alerting` says."""

from collections.abc import Sequence

import dagster as dg

from usage_pipeline.orchestration.alerting import Failure, Notifier, notifiers
from usage_pipeline.orchestration.failures import failed_steps
from usage_pipeline.orchestration.partitions import days_of_tags, span_of
from usage_pipeline.settings import Settings


def failure_alert(
    settings: Settings, ways: Sequence[Notifier] | None = None
) -> dg.SensorDefinition:
    """The sensor; it runs by itself wherever the daemon runs.

    Args:
        settings: where the webhook is.
        ways: used instead of those of the settings.
    """
    chosen = notifiers(settings.alert_webhook_url) if ways is None else ways

    @dg.run_failure_sensor(
        name="failure_alert",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of each failed run: in the log, and at USAGE_ALERT_WEBHOOK_URL.",
    )
    def failure_alert(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        failure = Failure(
            run.job_name, run.run_id, days_of_tags(run.tags), failure_reasons(context)
        )
        for way in chosen:
            way.notify(failure)

    return failure_alert


def failure_reasons(context: dg.RunFailureSensorContext) -> list[str]:
    """One sentence per failed check and step, or Dagster's when the run failed as a whole."""
    run = context.dagster_run
    evaluations = [
        entry.get_dagster_event().asset_check_evaluation_data
        for entry in context.instance.all_logs(
            run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        )
    ]
    span = span_of(days_of_tags(run.tags))
    reasons = failed_steps(context.get_step_failure_events(), evaluations, span)
    return reasons or [context.failure_event.message or "the run failed"]
