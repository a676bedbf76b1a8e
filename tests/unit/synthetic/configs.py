"""The histories that the tests generate."""

from datetime import date

from usage_pipeline.synthetic import GeneratorConfig

# Eight weeks with a change of the clocks in the middle.
SMALL = GeneratorConfig(
    seed=7,
    first_day=date(2026, 3, 9),
    days=56,
    users=45,
    workflows=30,
    executions_per_day=300,
    zone="Europe/Berlin",
    sequence_habits=20,
    time_habits=8,
    conditional_habits=4,
    schedules=6,
    abandoned_workflows=2,
    users_leaving_workflow=3,
    users_leaving=3,
    bad_workflows=2,
)
