"""Whether anybody but a person on this machine is behind a request.

A demo asks nobody who they are, and any site can make a browser on this machine call it: by a form
or script (the `Origin` tells), or under a name of its own that leads here (the `Host` tells). A
proxy on this machine can bring requests of anybody (its headers tell).
"""

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

_OF_PROXIES: Final = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
)


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_foreign(request: Request, allowed_origins: Sequence[str]) -> bool:
    """Whether a page of another site or a proxy is behind a request.

    Args:
        request: the request.
        allowed_origins: the sites whose pages may call; `*` allows none here.
    """
    if any(name in request.headers for name in _OF_PROXIES):
        return True
    host = _host_of("//" + request.headers.get("host", ""))
    if not is_loopback(host):
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    return (
        origin not in allowed_origins
        and _host_of(origin) != host
        and not is_loopback(_host_of(origin))
    )


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
