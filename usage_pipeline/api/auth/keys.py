"""API keys: how they look, how they are found again, and when they were last used.

Making and revoking them is the command line's (`warehouse/api_keys.py`).
"""

import asyncio
import hashlib
import time
from contextlib import nullcontext
from dataclasses import dataclass
from uuid import UUID

from usage_pipeline.api.database import Pool

_REMEMBERED_SECONDS = 5.0
_REMEMBERED_KEYS = 10_000
_USED_AGAIN_SECONDS = 60.0

_FIND = """
select key_id, name, scopes, user_id from raw.api_keys
where key_hash = %(key_hash)s and revoked_at is null
"""
_ANY = "select exists (select 1 from raw.api_keys) as is_any"
_USED = "update raw.api_keys set last_used_at = current_timestamp where key_id = %(key_id)s"


@dataclass(frozen=True)
class FoundKey:
    """A key that is valid."""

    key_id: UUID
    name: str
    scopes: frozenset[str]
    user_id: UUID | None


class Keys:
    """Finds keys by their hash and remembers them for some seconds."""

    def __init__(self, pool: Pool) -> None:
        """Look in the warehouse of a pool."""
        self._pool = pool
        self._remembered: dict[bytes, tuple[float, FoundKey]] = {}
        self._noted: dict[UUID, float] = {}
        self._noting: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def find(self, key: str, *, one_at_a_time: bool = False) -> FoundKey | None:
        """The valid key, or None. A revoked one is none within five seconds.

        Args:
            key: what a caller shows.
            one_at_a_time: hold no more than one connection for all keys that are looked up so.
        """
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        now = time.monotonic()
        entry = self._remembered.get(digest)
        if entry is not None and entry[0] > now:
            return entry[1]
        async with self._turn if one_at_a_time else nullcontext(), self._pool.connection() as link:
            row = await (await link.execute(_FIND, {"key_hash": digest})).fetchone()
        if row is None:
            self._remembered.pop(digest, None)
            return None
        stored = FoundKey(row["key_id"], row["name"], frozenset(row["scopes"]), row["user_id"])
        if len(self._remembered) >= _REMEMBERED_KEYS:
            self._remembered.clear()
        self._remembered[digest] = (now + _REMEMBERED_SECONDS, stored)
        self._note_use(stored.key_id, now)
        return stored

    async def is_any(self) -> bool:
        """Whether anybody has a key, or had one that is revoked."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_ANY)).fetchone()
        return row is not None and bool(row["is_any"])

    def _note_use(self, key_id: UUID, now: float) -> None:
        if self._noted.get(key_id, -_USED_AGAIN_SECONDS) + _USED_AGAIN_SECONDS > now:
            return
        self._noted[key_id] = now
        # Nobody waits for it, and a failure to note a use is no failure of the request.
        task = asyncio.create_task(self._write_use(key_id))
        self._noting.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._noting.discard(task)
        if not task.cancelled():
            task.exception()

    async def _write_use(self, key_id: UUID) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_USED, {"key_id": key_id})
