"""The installation: what starts, stops, shows and opens it, and forgets a person."""

import os
import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from usage_pipeline.cli.api import TrustedProxies
from usage_pipeline.cli.console import open_installation, parse_day, progress, say, say_table
from usage_pipeline.errors import UsageError
from usage_pipeline.mining.insights.wording import counted
from usage_pipeline.settings import read_settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("up")(up)
    app.command("stop")(stop)
    app.command("status")(status)
    app.command(
        "psql", context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
    )(psql)
    app.command("bi-login")(bi_login)
    app.command("owner-url")(owner_url)
    app.command("env")(env)
    app.command("generate")(generate)
    app.command("forget-user")(forget_user)


def up(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The web UI's port on 127.0.0.1.")
    ] = None,
    api_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The port of the API and the dashboard."),
    ] = None,
    trusted_proxies: TrustedProxies = "",
    web_hosts: Annotated[
        str,
        typer.Option(help="Further names of the web UI, where a proxy serves it, with commas."),
    ] = "",
) -> None:
    """Run the Dagster web UI, the daemon that runs the schedules, and the API, until Ctrl-C."""
    from usage_pipeline.api.server import DEMO_MODE, address_of, check_proxies, is_open_to_all
    from usage_pipeline.orchestration.first_day import keep_first_day
    from usage_pipeline.orchestration.home import prepare_dagster_home
    from usage_pipeline.orchestration.supervisor import refuse_taken_port, serve, services
    from usage_pipeline.steps.build import prepared_manifest

    proxies = check_proxies(trusted_proxies)
    settings = read_settings()
    web_port, api_port = port or settings.web_port, api_port or settings.api.port
    refuse_taken_port("127.0.0.1", web_port, "--port")
    refuse_taken_port(settings.api.host, api_port, "--api-port")
    settings, warehouse = open_installation()
    keep_first_day(settings, warehouse)
    environment = prepare_dagster_home(settings, warehouse)
    prepared_manifest(settings)
    if is_open_to_all(settings, warehouse, settings.api.host):
        say(DEMO_MODE)
    address = address_of(settings.api.host, api_port) + settings.api.base_path
    say(f"Dashboard and API: {address} (API: /docs)")
    say(f"Dagster web UI: http://127.0.0.1:{web_port} (Ctrl-C to stop)")
    arguments = ["api", "--port", str(api_port), "--quiet"]
    if proxies:
        arguments += ["--trusted-proxies", ",".join(proxies)]
    log = settings.logs / "up.log"
    say(f"Their output goes to {log}.")
    hosts = [name.strip().lower() for name in web_hosts.split(",") if name.strip()]
    code = serve(services(web_port, hosts, arguments), environment, log, say)
    say("The web UI, the daemon and the API have stopped.")
    if settings.database_url is None:
        say("The embedded server still runs: usage-pipeline stop ends it.")
    raise typer.Exit(code)


def stop() -> None:
    """Stop the embedded server; its data stays."""
    from usage_pipeline.warehouse.embedded.server import EmbeddedServer

    settings = read_settings()
    if settings.database_url is not None:
        raise UsageError("USAGE_DATABASE_URL names a server of your own: nothing to stop.")
    was_running = EmbeddedServer(settings.home).stop()
    say(f"The embedded server {'has stopped' if was_running else 'was not running'}.")


def status(
    days: Annotated[int, typer.Option(min=1, help="How many of the newest days to list.")] = 14,
) -> None:
    """Show the loaded days: where every row went, and whether the marts count the same."""
    from usage_pipeline.warehouse.failed_days import failed_days
    from usage_pipeline.warehouse.ledger import day_states, last_built, totals

    _, warehouse = open_installation()
    with warehouse.connect() as connection:
        total = totals(connection)
        for day, reason in failed_days(connection).items():
            say(f"{day} could not be loaded: {reason}")
        if total.days == 0:
            say("No day is loaded yet: usage-pipeline demo or usage-pipeline load.")
            return
        states = day_states(connection)[-days:]
        built = last_built(connection)
    say(
        f"{counted(total.days, 'day')} loaded, {total.first} to {total.last}; "
        f"{counted(total.executions, 'execution')}, {counted(total.rejected, 'rejected row')}."
    )
    say(f"Marts: as of {built.as_of}." if built else "Marts: not built yet.")
    if built and built.run:
        say(f"Last run: {built.run}.")
    say("")
    say_table(
        f"The newest {len(states)} days" if len(states) > 1 else "The day",
        (
            "day", "read", "loaded", "rejected", "duplicates", "kept", "late", "in raw",
            "retired", "in marts", "",
        ),
        [
            (
                state.day, state.read, state.loaded, state.rejected, state.duplicates, state.kept,
                state.late, state.in_raw, state.retired, state.in_marts,
                "rolled up" if state.is_rolled_up else "to build",
            )
            for state in states
        ],
        right=range(1, 10),
    )  # fmt: skip


def psql(context: typer.Context) -> None:
    """Open psql on the warehouse; further arguments go to psql."""
    from usage_pipeline.warehouse.embedded.server import packaged_binaries
    from usage_pipeline.warehouse.session import client_variables, session_options

    _, warehouse = open_installation()
    packaged = packaged_binaries() / "bin" / "psql"
    program = shutil.which("psql") or str(packaged)
    parts = warehouse.parts
    environment = {
        **os.environ, **client_variables(warehouse.url),
        # A person at a prompt: queries find the marts by their names.
        "PGOPTIONS": session_options(warehouse.url, search_path="marts,mining,raw,public"),
        "PGHOST": parts["host"], "PGPORT": parts["port"], "PGUSER": parts["user"],
        "PGPASSWORD": parts["password"], "PGDATABASE": parts["dbname"],
    }  # fmt: skip
    os.execvpe(program, ["psql", *context.args], environment)  # noqa: S606 - psql, no shell


def bi_login(
    name: Annotated[str, typer.Argument(help="The login's name, such as superset.")],
    statement_seconds: Annotated[
        int, typer.Option("--timeout", min=1, help="Seconds after which a query is cancelled.")
    ] = 300,
    connections: Annotated[
        int, typer.Option(min=1, help="How many connections it may hold at a time.")
    ] = 10,
) -> None:
    """Make a login that reads marts and mining only, and print its URL. It is shown this once."""
    from usage_pipeline.warehouse.bi_logins import create_bi_login

    _, warehouse = open_installation()
    say(
        create_bi_login(
            warehouse, name, statement_seconds=statement_seconds, connections=connections
        )
    )


def owner_url() -> None:
    """Print the owner's URL, whose password may change and drop everything; bi-login is for BI."""
    _, warehouse = open_installation()
    say(warehouse.url)


def env() -> None:
    r"""Print the environment for running dbt and Dagster by hand: eval "$(usage-pipeline env)"."""
    from usage_pipeline.orchestration.first_day import keep_first_day
    from usage_pipeline.orchestration.home import prepare_dagster_home

    settings, warehouse = open_installation()
    keep_first_day(settings, warehouse)
    variables = prepare_dagster_home(settings, warehouse)
    # Another project's variables would change what dbt, Dagster and libpq do.
    say("unset $(env | grep -oE '^(PG|DBT_|DAGSTER_)[A-Za-z0-9_]*')")
    for name, value in variables.items():
        say(f"export {name}={shlex.quote(value)}")


def generate(
    folder: Annotated[Path, typer.Argument(help="Where to write one file per day.")],
    first: Annotated[str, typer.Option("--from", help="The first day.")] = "2026-05-04",
    days: Annotated[int, typer.Option(min=1, help="How many days.")] = 56,
    users: Annotated[int, typer.Option(min=1, help="How many users.")] = 120,
    workflows: Annotated[int, typer.Option(min=1, help="How many workflows.")] = 40,
    per_day: Annotated[int, typer.Option(min=1, help="Mean executions a day.")] = 1500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same executions.")] = 1,
    dirty: Annotated[float, typer.Option(help="Share of rows that cannot be loaded.")] = 0.0,
    duplicates: Annotated[float, typer.Option(help="Share of repeated rows.")] = 0.0,
    file_format: Annotated[
        str, typer.Option("--format", help="csv.gz, ndjson or parquet.")
    ] = "csv.gz",
) -> None:
    """Write realistic example executions, and beside them the truth that was planted."""
    from usage_pipeline.cli.demo import generate_into
    from usage_pipeline.synthetic.model import GeneratorConfig

    config = GeneratorConfig(
        seed=seed, first_day=parse_day(first), days=days, users=users, workflows=workflows,
        executions_per_day=per_day, dirty_share=dirty, duplicate_share=duplicates,
    )  # fmt: skip
    with progress("Generating") as show:
        files, rows = generate_into(folder, config, file_format, show)
    say(
        f"{counted(rows, 'row')} in {counted(files, 'file')} under {folder}, and what was planted "
        "in truth.json."
    )


def forget_user(
    user: Annotated[str, typer.Argument(help="The user's id: ours or the source's.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget one user everywhere, for good. Their executions stay counted, as an unknown user's.

    Doing it again changes nothing. Later loads keep the user forgotten.
    """
    from usage_pipeline.steps.forget import forget_everywhere
    from usage_pipeline.warehouse.people.erasure import find_user

    settings, warehouse = open_installation()
    with warehouse.connect() as connection:
        user_id = find_user(connection, user)
    if not yes:
        typer.confirm(f"Forget {user!r} ({user_id}) everywhere, for good?", abort=True)
    with progress(f"Forgetting {user}") as show:
        show("every table, then the marts of their days")
        erasure = forget_everywhere(settings, warehouse, user)
    reported = counted(erasure.reports, "report")
    reports = f" and {reported} of tracked executions" if erasure.reports else ""
    executions = erasure.executions + erasure.retired
    say(
        f"Forgotten: {counted(executions, 'execution')}{reports} became the anonymous user's; "
        f"{counted(erasure.deleted, 'row')} deleted, "
        f"{counted(erasure.blanked, 'rejected row')} emptied."
    )
