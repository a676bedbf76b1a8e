"""Whether a page of another site, shown by a browser on this machine, is behind a request.

A demo asks nobody who they are, and any site can make a browser on this machine call it: by a form
or script (the `Origin` tells), or under a name of its own that leads here (the `Host` tells).
"""

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_foreign(request: Request, allowed_origins: str) -> bool:
    """Whether a page of another site is behind a request."""
    host = _host_of("//" + request.headers.get("host", ""))
    # A name with a dot can be anybody's; an address, or a name of the local network, cannot.
    if "." in host and not _is_address(host) and not is_loopback(host):
        return True
    origin = request.headers.get("origin")
    if origin is None or allowed_origins == "*":
        return False
    allowed = [each.strip() for each in allowed_origins.split(",")]
    return origin not in allowed and _host_of(origin) != host and not is_loopback(_host_of(origin))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
