"""Plain SQL dumps of small warehouses, each named after its schema version, for tests of upgrades.

Made with the product of that version: loaded from `exports/`, tracked, built, mined and retired as
a night does.
"""

import gzip
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.embedded.server import EmbeddedServer


def restored(server: EmbeddedServer, version: str) -> Warehouse:
    """A fresh database with the dump of a version in it. The roles must be on the server."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = server.url.rsplit("/", 1)[0] + f"/{name}"
    script = gzip.decompress((Path(__file__).parent / f"{version}.sql.gz").read_bytes())
    with psycopg.connect(url) as connection:
        connection.execute(script)
    return Warehouse(url)
