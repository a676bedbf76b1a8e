"""The command's entry: its sub-commands, its exit codes, and how an error is shown.

Exit codes: 0 done; 1 failed or a check failed; 2 wrong usage of the command; 3 bad input;
4 the warehouse cannot be reached; 130 and 143 interrupted by Ctrl-C and by SIGTERM.
"""

import inspect
import sys

import typer

from usage_pipeline.cli import api, days, export, installation, sources
from usage_pipeline.cli.console import say_error
from usage_pipeline.errors import UsageError
from usage_pipeline.processes import Interrupted, Interruptions, leave_foreign_environment

app = typer.Typer(
    name="usage-pipeline",
    help="Workflow usage analytics: load executions, build the marts, see who runs what.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (days, sources, export, installation, api):
    commands.register(app)
for command in app.registered_commands:
    # The list of commands shows whole sentences; by default it cuts them off.
    command.short_help = " ".join((inspect.getdoc(command.callback) or "").split("\n\n")[0].split())


def main() -> None:
    """Run the command and exit with its code."""
    leave_foreign_environment("usage_pipeline.cli")
    interruptions = Interruptions()
    try:
        app()
    except UsageError as error:
        say_error(str(error))
        sys.exit(error.exit_code)
    except Interrupted:
        typer.echo("Interrupted: nothing half-done was kept.", err=True)
        sys.exit(interruptions.exit_code())
