"""`api` and `keys`: the HTTP API, and who may call it."""

from typing import Annotated

import typer

from usage_pipeline.cli.console import open_installation, say, say_table

TrustedProxies = Annotated[
    str,
    typer.Option(
        metavar="ADDRESSES",
        help="Whose X-Forwarded-For tells the caller's address: your proxies, separated by commas.",
    ),
]
keys = typer.Typer(help="Keys of the HTTP API.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("api")(api)
    app.add_typer(keys, name="keys")


def api(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on (USAGE_API_HOST).")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The port (USAGE_API_PORT).")] = None,
    trusted_proxies: TrustedProxies = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print the address.")] = False,
) -> None:
    """Serve the HTTP API and the dashboard until Ctrl-C.

    Until there is a first key it listens on this machine only, and anybody there may do everything.
    """
    from usage_pipeline.api.server import check_proxies, run

    proxies = check_proxies(trusted_proxies)
    settings, warehouse = open_installation()
    address = host or settings.api.host
    number = port or settings.api.port
    on_start = (lambda _: None) if quiet else say
    run(settings, warehouse, address, number, on_start, proxies)


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="The purpose of the key, such as billing-app.")],
    scope: Annotated[
        list[str],
        typer.Option("--scope", help="track, read:self, read:all or admin; may be repeated."),
    ],
    user: Annotated[
        str | None, typer.Option(help="The owner of the key: their id, ours or the source's.")
    ] = None,
) -> None:
    """Make a key and print it. It is shown this once."""
    from usage_pipeline.identity import mapped_id, shared_namespace
    from usage_pipeline.warehouse.people.api_keys import create_key, require_user

    settings, warehouse = open_installation()
    namespace = settings.api.id_namespace
    owner = mapped_id("user", user, shared_namespace(namespace)) if user else None
    with warehouse.connect() as connection:
        if user and owner:
            require_user(connection, owner, user, namespace)
        key = create_key(connection, name, scope, owner)
    say(key)


@keys.command("list")
def list_all() -> None:
    """List the keys; they themselves are kept nowhere."""
    from usage_pipeline.warehouse.people.api_keys import list_keys

    _, warehouse = open_installation()
    with warehouse.connect() as connection:
        every = list_keys(connection)
    if not every:
        say("There are no keys: usage-pipeline keys create NAME --scope track makes one.")
        return
    say_table(
        "Keys",
        ("name", "scopes", "user", "created", "last used", "revoked"),
        [
            (
                key.name, " ".join(key.scopes), key.user_name or key.user_id,
                f"{key.created_at:%Y-%m-%d}",
                key.last_used_at and f"{key.last_used_at:%Y-%m-%d %H:%M}",
                key.revoked_at and f"{key.revoked_at:%Y-%m-%d %H:%M}",
            )
            for key in every
        ],
    )  # fmt: skip


@keys.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="The key's name.")]) -> None:
    """Make a key invalid for good; a running server refuses it within five seconds."""
    from usage_pipeline.warehouse.people.api_keys import revoke_key

    _, warehouse = open_installation()
    with warehouse.connect() as connection:
        revoke_key(connection, name)
    say(f"The key {name!r} is revoked.")
