"""API keys in the warehouse: made, listed, revoked. Only a hash of a key is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from usage_pipeline.errors import UsageError

SCOPES: Final = ("track", "read:self", "read:all", "admin")
# Scanners recognise a leaked key by its prefix.
_PREFIX: Final = "wu_"
_RANDOM_BYTES: Final = 32


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret, which is not stored."""

    name: str
    scopes: list[str]
    user_id: UUID | None
    user_name: str | None
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def create_key(
    connection: psycopg.Connection, name: str, scopes: Sequence[str], user: UUID | None = None
) -> str:
    """Make a key and return it; it cannot be had again.

    Raises:
        UsageError: the name is taken, or the scopes are none.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise UsageError(
            f"{', '.join(unknown) or 'Nothing'} is no scope: use some of {', '.join(SCOPES)}."
        )
    if "read:self" in scopes and user is None:
        raise UsageError("The scope read:self needs a user: give --user.")
    if not name.strip() or len(name) > 100:
        raise UsageError("A key needs a name of 1 to 100 characters.")
    key = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    try:
        with connection.transaction():
            connection.execute(
                "insert into raw.api_keys (name, key_hash, scopes, user_id) "
                "values (%s, %s, %s, %s)",
                [name, hashlib.sha256(key.encode()).digest(), sorted(set(scopes)), user],
            )
    except psycopg.errors.UniqueViolation:
        raise UsageError(f"There is a key named {name!r} already: take another name.") from None
    return key


def list_keys(connection: psycopg.Connection) -> list[ApiKey]:
    """All keys, also revoked ones, in the order in which they were made."""
    with connection.cursor(row_factory=class_row(ApiKey)) as cursor:
        return cursor.execute(
            "select name, scopes, user_id, created_at, revoked_at, last_used_at, ("
            "select min(source_user_id) from raw.users where users.user_id = keys.user_id"
            ") as user_name "
            "from raw.api_keys as keys order by created_at, name"
        ).fetchall()


def require_user(connection: psycopg.Connection, user: UUID, text: str, namespace: str) -> None:
    """Make sure that somebody has this id: a key of nobody would read nothing, and say nothing.

    Args:
        connection: to the warehouse.
        user: the id.
        text: what it was mapped from.
        namespace: the name of the namespace it was mapped in.

    Raises:
        UsageError: no execution of such a user was loaded or reported.
    """
    row = connection.execute(
        "select exists (select from raw.users where user_id = %(user)s) "
        "or exists (select from raw.tracked_executions where user_id = %(user)s)",
        {"user": user},
    ).fetchone()
    if not row or not row[0]:
        raise UsageError(
            f"There is no user {text!r} in the namespace {namespace!r}: set "
            "USAGE_API_ID_NAMESPACE to the source that knows them by this id, or give the user_id "
            "that raw.users has for them."
        )


def revoke_key(connection: psycopg.Connection, name: str) -> None:
    """Make a key invalid for good; doing it again changes nothing.

    Raises:
        UsageError: there is no such key.
    """
    revoked = connection.execute(
        "update raw.api_keys set revoked_at = coalesce(revoked_at, current_timestamp) "
        "where name = %s",
        [name],
    )
    if not revoked.rowcount:
        raise UsageError(f"There is no key named {name!r}: usage-pipeline keys list shows them.")


def has_keys(connection: psycopg.Connection) -> bool:
    """Whether there is any key. A revoked one counts: somebody wanted callers to be known."""
    row = connection.execute("select exists (select from raw.api_keys)").fetchone()
    return bool(row and row[0])
