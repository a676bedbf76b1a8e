"""Stable ids of what is mined: UUIDv5 of the facts that make it what it is.

The names that are hashed are documented, so that other languages can compute the same ids.
"""

import hashlib
from typing import Final
from uuid import UUID, uuid5

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.identity import ROOT_NAMESPACE, uuid_text

SEQUENCE_NAMESPACE: Final = uuid5(ROOT_NAMESPACE, "mining:sequence")
"""Of `user/workflow/workflow...`; of `workflow/workflow...` for a sequence of all users."""

PATTERN_NAMESPACE: Final = uuid5(ROOT_NAMESPACE, "mining:pattern")
"""Of `user/type/workflow/next workflow or hour-hours-weekdays`."""

INSIGHT_NAMESPACE: Final = uuid5(ROOT_NAMESPACE, "mining:insight")
"""Of `user/type/subject`; the subject is a workflow, a sequence or nothing."""


def uuid5_column(namespace: UUID, names: pa.Array) -> pa.Array:
    """The UUIDv5 of each name, as text: what `uuid.uuid5` gives, several times faster."""
    if len(names) == 0:
        return pa.array([], pa.string())
    start = hashlib.sha1(namespace.bytes, usedforsecurity=False)
    digests = []
    for name in names.cast(pa.binary()).to_pylist():
        digest = start.copy()
        digest.update(name)
        digests.append(digest.digest())
    bytes_16 = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 20)[:, :16].copy()
    bytes_16[:, 6] = (bytes_16[:, 6] & 0x0F) | 0x50
    bytes_16[:, 8] = (bytes_16[:, 8] & 0x3F) | 0x80
    return uuid_text(bytes_16)


def sequence_ids(users: pa.Array, workflow_ids: pa.Array) -> pa.Array:
    """The id of each user's sequence."""
    ids = pc.binary_join(workflow_ids, "/")
    return uuid5_column(SEQUENCE_NAMESPACE, pc.binary_join_element_wise(users, ids, "/"))


def shared_sequence_ids(workflow_ids: pa.Array) -> pa.Array:
    """The id of each sequence as one of all users."""
    return uuid5_column(SEQUENCE_NAMESPACE, pc.binary_join(workflow_ids, "/"))
