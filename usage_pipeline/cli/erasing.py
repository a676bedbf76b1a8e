"""`forget-user`: what data-protection law asks of whoever keeps data about people."""

from typing import Annotated

import typer

from usage_pipeline.cli.console import progress, say
from usage_pipeline.cli.opening import opened


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("forget-user")(forget_user)


def forget_user(
    user: Annotated[str, typer.Argument(help="The user's id: ours or the source's.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget one user everywhere, for good. Their executions stay counted, as an unknown user's.

    Doing it again changes nothing. Later loads keep the user forgotten.
    """
    from usage_pipeline.steps.forget import forget_everywhere
    from usage_pipeline.warehouse.people.erasure import find_user

    settings, warehouse = opened()
    with warehouse.connect() as connection:
        user_id = find_user(connection, user)
    if not yes:
        typer.confirm(f"Forget {user!r} ({user_id}) everywhere, for good?", abort=True)
    with progress(f"Forgetting {user}") as show:
        show("every table, then the marts of their days")
        done = forget_everywhere(settings, warehouse, user)
    reports = f", {done.reports:,} reports of tracked executions too" if done.reports else ""
    say(
        f"Forgotten: {done.executions + done.retired:,} executions are the anonymous user's now"
        f"{reports}; "
        f"{done.deleted:,} rows deleted, {done.blanked:,} rejected rows emptied."
    )
