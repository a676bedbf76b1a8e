"""Runs the API in this process: who may call is settled first."""

import logging
import socket
from collections.abc import Callable

import uvicorn

from usage_pipeline.api.app import create_app
from usage_pipeline.api.auth.loopback import is_loopback
from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.people.api_keys import has_valid_keys

_log = logging.getLogger(__name__)
_SHUTDOWN_SECONDS = 10


def is_open_to_all(settings: Settings, warehouse: Warehouse, host: str) -> bool:
    """Whether callers need not say who they are: on this machine, while nobody has a key.

    Raises:
        UsageError: others could call and nobody would ask who they are.
    """
    with warehouse.connect() as connection:
        is_protected = settings.oidc.issuer is not None or has_valid_keys(connection)
    if is_protected:
        return False
    if not is_loopback(host):
        raise UsageError(
            f"The API does not listen on {host} without access control: make a key with "
            "usage-pipeline keys create, or set USAGE_OIDC_ISSUER and USAGE_OIDC_AUDIENCE."
        )
    return True


def run(
    settings: Settings,
    warehouse: Warehouse,
    host: str,
    port: int,
    on_start: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C or SIGTERM; what was accepted is written first.

    Args:
        settings: as the process read them.
        warehouse: where everything is.
        host: the address to listen on.
        port: the port.
        on_start: is told the address, once it is settled who may call.

    Raises:
        UsageError: as `is_open_to_all`.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    is_demo = is_open_to_all(settings, warehouse, host)
    listening = _listen(host, port)
    if is_demo:
        _log.warning(
            "DEMO MODE: anybody on this machine may read and change everything, because there is "
            "no API key and no issuer. usage-pipeline keys create ends it."
        )
    on_start(f"Dashboard and API: {address_of(host, port)} (API: /docs; Ctrl-C to stop)")
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings, warehouse, is_demo=is_demo),
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
    with listening:
        server.run(sockets=[listening])


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
