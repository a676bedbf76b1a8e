"""Services that the routes use: made when the application starts, closed when it ends."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from usage_pipeline.api.auth.demo import Demo
from usage_pipeline.api.auth.keys import Keys
from usage_pipeline.api.auth.rate_limits import RateLimits
from usage_pipeline.api.auth.tokens import Tokens
from usage_pipeline.api.database import Pool, Reader
from usage_pipeline.api.tracking.collector import Collector
from usage_pipeline.identity import shared_namespace
from usage_pipeline.settings import Settings


@dataclass(frozen=True)
class Services:
    """The parts of a running application.

    Attributes:
        settings: as the process read them.
        pool: the connections.
        reader: what reads marts and acts for users.
        keys: finds API keys.
        tokens: checks bearer tokens; None without an issuer.
        limits: counts requests.
        collector: writes what was tracked.
        demo: whether a caller need not say who they are.
    """

    settings: Settings
    pool: Pool
    reader: Reader
    keys: Keys
    tokens: Tokens | None
    limits: RateLimits
    collector: Collector
    demo: Demo

    @property
    def id_namespace(self) -> UUID:
        """The namespace of ids that are not UUIDs."""
        return shared_namespace(self.settings.api.id_namespace)


def services_of(request: Request) -> Services:
    """The parts of the application that serves a request."""
    services: Services = request.app.state.services
    return services


async def _services(request: Request) -> Services:
    return services_of(request)


async def _reader(request: Request) -> Reader:
    return services_of(request).reader


ServicesDep = Annotated[Services, Depends(_services)]
ReaderDep = Annotated[Reader, Depends(_reader)]
