"""Who was forgotten, and how a load keeps them so.

How a user is forgotten stands in `erasure`. Their executions are counted under one anonymous user.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg
import pyarrow as pa
from psycopg import sql

from usage_pipeline.identity import source_namespace

# Fixed for ever: what was counted under it must stay one user's.
ANONYMOUS_USER: Final = source_namespace("forgotten")
ANONYMOUS_NAME: Final = "forgotten"
# A text of which what it says was erased.
BLANK: Final = "{}"
# The class of a failure whose own would have named somebody.
ERASED_CLASS: Final = "(erased)"
_PUNCTUATION: Final = ".,:;!?()[]{}<>=\"'"

# In rows that are no JSON (broken, or cut off) a value is what stands between such characters.
_BETWEEN_VALUES = re.compile(r"[,;|\t\r\n\"{}\[\]]+|:\s")


@dataclass(frozen=True)
class Forgotten:
    """The users that were forgotten.

    Attributes:
        user_ids: their ids.
        digests: the digests of the ids their sources know them by.
    """

    user_ids: frozenset[str]
    digests: frozenset[bytes]

    def move_executions(self, connection: psycopg.Connection, stage: sql.Identifier) -> None:
        """Give the forgotten users' executions in a stage to the anonymous user."""
        if self.user_ids:
            connection.execute(
                sql.SQL(
                    "update {} as loaded set user_id = {}, error_message = null "
                    "from raw.forgotten_users as gone where gone.user_id = loaded.user_id"
                ).format(stage, sql.Literal(ANONYMOUS_USER))
            )

    def blanked(self, rejected: pa.Table) -> pa.Table:
        """Rejected rows, without the text of those that mention a forgotten user."""
        if not self.user_ids or rejected.num_rows == 0:
            return rejected
        place = rejected.schema.get_field_index("original")
        texts = [
            BLANK if self.are_mentioned_in(text) else text
            for text in rejected.column(place).to_pylist()
        ]
        return rejected.set_column(place, rejected.schema.field(place), pa.array(texts, "string"))

    def without_names(self, classes: pa.Array) -> pa.Array:
        """Error classes, of which those that name one of them are `ERASED_CLASS`."""
        if not self.user_ids:
            return classes
        distinct = classes.dictionary_encode()
        texts = [
            ERASED_CLASS if text is not None and self.are_words_of(text) else text
            for text in distinct.dictionary.to_pylist()
        ]
        return pa.array(texts, pa.string()).take(distinct.indices)

    def are_words_of(self, error_class: str) -> bool:
        """Whether a word of an error class is the id of one of them."""
        words = {word.strip(_PUNCTUATION).lower() for word in error_class.split()}
        return not self.user_ids.isdisjoint(words) or any(
            digest(word) in self.digests for word in words
        )

    def are_mentioned_in(self, original: str) -> bool:
        """Whether a value of a rejected row's text is the id of one of them."""
        values = {str(value).strip().lower() for value in _values(original)}
        return not self.user_ids.isdisjoint(values) or any(
            digest(value) in self.digests for value in values
        )


def forgotten_users(connection: psycopg.Connection) -> Forgotten:
    """Everybody who was forgotten."""
    rows = connection.execute(
        "select user_id::text, source_user_id_digest from raw.forgotten_users"
    ).fetchall()
    return Forgotten(
        frozenset(row[0] for row in rows), frozenset(row[1] for row in rows if row[1] is not None)
    )


def digest(source_user_id: str) -> bytes:
    """The hash that we keep of the id by which a source knows a forgotten user."""
    text = source_user_id.strip().lower()
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def user_of_digest(connection: psycopg.Connection, source_user_id: str) -> UUID | None:
    """The forgotten user a source knew by this id, or who has this id, if there is one."""
    row = connection.execute(
        "select user_id from raw.forgotten_users "
        "where source_user_id_digest = %s or user_id::text = lower(%s)",
        [digest(source_user_id), source_user_id],
    ).fetchone()
    return None if row is None else row[0]


def _values(original: str) -> Iterator[object]:
    """The values in a rejected row's text: of its JSON, or what stands between its separators."""
    try:
        open_values = [json.loads(original)]
    except (ValueError, RecursionError):
        yield from _BETWEEN_VALUES.split(original)
        return
    while open_values:
        value = open_values.pop()
        if isinstance(value, dict):
            open_values.extend(value.values())
        elif isinstance(value, list):
            open_values.extend(value)
        else:
            yield value
