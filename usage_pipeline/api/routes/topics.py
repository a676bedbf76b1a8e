"""What the routes of all topics have in common: where they begin and how they are named."""

from typing import Final

from fastapi import APIRouter
from fastapi.routing import APIRoute

PREFIX: Final = "/api/v1/workflow-usage"


def topic(name: str, prefix: str = PREFIX) -> APIRouter:
    """Holds the routes of one topic, with their whole paths."""
    return APIRouter(prefix=prefix, tags=[name], generate_unique_id_function=_operation_id)


def _operation_id(route: APIRoute) -> str:
    return route.name
