"""Ids: whatever a source calls its users, workflows and executions becomes a UUID, always the same.

An id that already is a UUID is kept, in lower case. Any other is hashed (UUIDv5) under the
namespace of its source, so that a reload never doubles an execution. Everything that has a UUIDv5
gets it here: one id, a column of ids, a namespace. Which columns hold ids stands in `conform`.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Fixed for ever: another value would give every mapped user, workflow and execution a new id.
ROOT_NAMESPACE: Final = UUID("6f1c7a52-0d0b-5c0e-9d0e-2f6f6f0a7b11")

_UUID_PATTERN = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_UUID = re.compile(_UUID_PATTERN)
_HEX_PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
_HYPHENS = [8, 13, 18, 23]
_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


_TRACKED_NAMESPACE: Final = uuid5(ROOT_NAMESPACE, "tracked executions")


def source_namespace(name: str) -> UUID:
    """The namespace of a name: a source's, or that of something made here."""
    return uuid5(ROOT_NAMESPACE, name)


def shared_namespace(text: str) -> UUID:
    """The namespace that a configuration names: a UUID as it is, else that of the source named."""
    try:
        return UUID(text)
    except ValueError:
        return source_namespace(text)


def hashed_id(namespace: UUID, name: str) -> UUID:
    """The UUIDv5 of one name."""
    return uuid5(namespace, name)


def hashed_ids(namespace: UUID, names: pa.Array, prefix: str = "") -> pa.Array:
    """The UUIDv5 of each name after a common prefix, as text. No name may be null."""
    if len(names) == 0:
        return pa.array([], pa.string())
    # The namespace and the prefix are hashed once, and the result is formatted for all names
    # together: several times faster than `uuid.uuid5` on each.
    start = hashlib.sha1(namespace.bytes + prefix.encode(), usedforsecurity=False)
    digests = []
    for name in names.cast(pa.binary()).to_pylist():
        digest = start.copy()
        digest.update(name)
        digests.append(digest.digest())
    packed = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 20)[:, :16].copy()
    packed[:, 6] = (packed[:, 6] & 0x0F) | 0x50
    packed[:, 8] = (packed[:, 8] & 0x3F) | 0x80
    return uuid_text(packed)


def mapped_id(kind: str, text: str, namespace: UUID) -> UUID:
    """The UUID of one user or workflow, as `mapped_ids` maps a column of them.

    Args:
        kind: `user` or `workflow`; part of what is hashed.
        text: the source's own id.
        namespace: the source's namespace.
    """
    if _UUID.fullmatch(text):
        return UUID(text)
    # A lone surrogate is valid JSON but not valid text, so no id that a source has can match it.
    return hashed_id(namespace, f"{kind}:{text.encode('utf-8', 'replace').decode()}")


def mapped_ids(kind: str, ids: pa.Array, namespace: UUID) -> pa.Array:
    """UUIDs of users or workflows.

    Args:
        kind: `user` or `workflow`; part of what is hashed.
        ids: the source's own ids as text; best the distinct ones. Nulls stay null.
        namespace: the source's namespace.
    """
    is_uuid = pc.match_substring_regex(ids, pattern=_UUID_PATTERN)
    if pc.all(is_uuid, min_count=0).as_py():
        return pc.ascii_lower(ids)
    hashed = hashed_ids(namespace, pc.filter(ids, pc.invert(is_uuid)), f"{kind}:")
    return pc.replace_with_mask(pc.ascii_lower(ids), pc.invert(is_uuid), hashed)


def execution_ids(
    ids: pa.Array, attempts: pa.Array, namespace: UUID, within: Sequence[pa.Array] = ()
) -> pa.Array:
    """UUIDs of executions: each attempt is an execution of its own.

    Only a first attempt keeps a UUID of its source; a later one of the same id must differ. A UUID
    names one execution wherever it stands, so that nothing has to be added to it.

    Args:
        ids: the source's own ids as text, no nulls.
        attempts: the attempts, from 1, no nulls.
        namespace: the source's namespace.
        within: UUIDs as text, no nulls, within which the source's ids are unique: of the workflow,
            or of user and workflow. Nothing where they are unique in the whole source.
    """
    kept = pc.and_(pc.match_substring_regex(ids, pattern=_UUID_PATTERN), pc.equal(attempts, 1))
    if pc.all(kept, min_count=0).as_py():
        return pc.ascii_lower(ids)
    mapped = pc.invert(kept)
    named = pc.binary_join_element_wise(
        *(pc.filter(part, mapped) for part in (*within, ids)),
        pc.filter(attempts, mapped).cast(pa.string()),
        "/",
    )
    distinct = named.dictionary_encode()
    hashed = hashed_ids(namespace, distinct.dictionary, "execution:").take(distinct.indices)
    return pc.replace_with_mask(pc.ascii_lower(ids), mapped, hashed)


def composed_ids(parts: Sequence[pa.Array]) -> pa.Array:
    """One id of several columns, so written that different parts never give the same id.

    Args:
        parts: the columns as text. An id with a missing part is missing.
    """
    escaped = [pc.replace_substring(pc.replace_substring(part, "~", "~0"), "/", "~1")
               for part in parts]  # fmt: skip
    return pc.binary_join_element_wise(*escaped, "/")


def tracked_execution_id(user: UUID, workflow: UUID, attempt: int, own_id: str) -> UUID:
    """The UUID of an execution that an application reported.

    Clients count for themselves, so that their ids are unique for a user and a workflow at most;
    with the user in it nobody can write another user's execution.
    """
    return hashed_id(_TRACKED_NAMESPACE, f"{user}/{workflow}/{attempt}/{own_id}")


def tracked_execution_ids(
    users: pa.Array, workflows: pa.Array, attempts: pa.Array, own_ids: pa.Array
) -> pa.Array:
    """The same of a column of executions, as text. Nothing may be null."""
    texts = (users, workflows, attempts.cast(pa.string()), own_ids)
    return hashed_ids(_TRACKED_NAMESPACE, pc.binary_join_element_wise(*texts, "/"))


def former_tracked_ids(users: pa.Array, attempts: pa.Array, own_ids: pa.Array) -> pa.Array:
    """The UUIDs that reported executions had up to schema 0013, without the workflow."""
    texts = (users, attempts.cast(pa.string()), own_ids)
    return hashed_ids(_TRACKED_NAMESPACE, pc.binary_join_element_wise(*texts, "/"))


def uuid_text(packed: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> pa.Array:
    """UUIDs of 16 bytes each, shape (n, 16), as text of 36 characters."""
    count = len(packed)
    text = np.empty((count, 36), dtype=np.uint8)
    text[:, _HYPHENS] = ord("-")
    text[:, _HEX_PLACES] = _DIGITS[packed >> 4]
    text[:, [place + 1 for place in _HEX_PLACES]] = _DIGITS[packed & 15]
    fixed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(36), count, [None, pa.py_buffer(text.tobytes())]
    )
    return fixed.cast(pa.binary()).cast(pa.string())
