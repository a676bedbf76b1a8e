"""Shared by the routes of all topics: where they begin, their ids and their names."""

from typing import Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor

PREFIX: Final = "/api/v1/workflow-usage"
# Stands in a path for a slash within an id. No text that a client sends becomes half of a pair.
SLASH: Final = chr(0xDC2F)


class _Id(Convertor[str]):
    """An id in a path, which may hold any character."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return value.replace(SLASH, "/")

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _Id())


def topic(name: str, prefix: str = PREFIX) -> APIRouter:
    """Holds the routes of one topic, with their whole paths."""
    return APIRouter(prefix=prefix, tags=[name], generate_unique_id_function=_operation_id)


def _operation_id(route: APIRoute) -> str:
    return route.name
