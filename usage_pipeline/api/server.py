"""Runs the API in this process: who may call is settled first."""

import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Final

import uvicorn
from fastapi import FastAPI

from usage_pipeline.api.app import create_app
from usage_pipeline.api.auth.loopback import is_loopback
from usage_pipeline.api.connections import IDLE_SECONDS, MOST_CONNECTIONS, BoundedProtocol
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.api_login import ApiLoginError, api_warehouse
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.people.api_keys import has_keys

_log = logging.getLogger(__name__)
_SHUTDOWN_SECONDS = 10

DEMO_MODE: Final = (
    "DEMO MODE: anybody on this machine may read and change everything, because there is "
    "no API key and no issuer. usage-pipeline keys create ends it."
)


def is_open_to_all(settings: Settings, warehouse: Warehouse, host: str) -> bool:
    """Whether callers need not say who they are: on this machine, before there is a first key.

    Raises:
        UsageError: others could call and nobody would ask who they are.
    """
    with warehouse.connect() as connection:
        is_protected = settings.oidc.issuer is not None or has_keys(connection)
    if is_protected:
        return False
    if not is_loopback(host):
        raise UsageError(
            f"The API does not listen on {host} without access control: make a key with "
            "usage-pipeline keys create, or set USAGE_OIDC_ISSUER and USAGE_OIDC_AUDIENCE."
        )
    if "*" in settings.api.origins:
        raise UsageError(
            "The API does not let pages of every site call without access control: make a key with "
            "usage-pipeline keys create, or name the sites in USAGE_API_CORS_ORIGINS."
        )
    return True


def check_proxies(text: str) -> list[str]:
    """The addresses and networks of proxies, written with commas between them.

    Raises:
        UsageError: one of them is neither.
    """
    proxies = [each.strip() for each in text.split(",") if each.strip()]
    for each in proxies:
        try:
            ipaddress.ip_network(each)
        except ValueError:
            raise UsageError(
                f"{each!r} is not an address or network: write them like 10.0.0.7 or 10.0.0.0/24."
            ) from None
    return proxies


def run(
    settings: Settings,
    warehouse: Warehouse,
    host: str,
    port: int,
    on_start: Callable[[str], None],
    trusted_proxies: Sequence[str] = (),
) -> None:
    """Serve until Ctrl-C or SIGTERM; what was accepted is written first.

    Args:
        settings: as the process read them.
        warehouse: where everything is.
        host: the address to listen on.
        port: the port.
        on_start: is told the address, once it is settled who may call.
        trusted_proxies: whose `X-Forwarded-For` tells the caller's address.

    Raises:
        UsageError: as `is_open_to_all`.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    is_demo = is_open_to_all(settings, warehouse, host)
    listening = _listen(host, port)
    if is_demo:
        _log.warning(DEMO_MODE)
    address = address_of(host, port) + settings.api.base_path
    on_start(f"Dashboard and API: {address} (API: /docs; Ctrl-C to stop)")
    app = create_app(settings, _as_own_login(warehouse), is_demo=is_demo)
    server = make_server(app, trusted_proxies)
    with listening:
        server.run(sockets=[listening])


def _as_own_login(warehouse: Warehouse) -> Warehouse:
    try:
        return api_warehouse(warehouse)
    except ApiLoginError as error:
        _log.warning("The API logs in as the owner and has no login of its own: %s.", error)
        return warehouse


def make_server(app: FastAPI, trusted_proxies: Sequence[str] = ()) -> uvicorn.Server:
    """A server of an application, with everything that it must not leave to chance."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedProtocol,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            # Its own default reads a variable of the environment.
            forwarded_allow_ips=list(trusted_proxies),
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: the address cannot be had.
    """
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        raise UsageError(
            f"The API cannot listen on {host} port {port} ({error.strerror}): choose another with "
            "USAGE_API_HOST and USAGE_API_PORT."
        ) from None


def address_of(host: str, port: int) -> str:
    """The URL of a server."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
