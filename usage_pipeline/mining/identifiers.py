"""Stable ids of what is mined: UUIDv5 of the facts that make it what it is.

The names that are hashed are documented, so that other languages can compute the same ids.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.identity import hashed_ids, source_namespace

SEQUENCE_NAMESPACE: Final = source_namespace("mining:sequence")
"""Of `user/workflow/workflow...`; of `workflow/workflow...` for a sequence of all users."""

PATTERN_NAMESPACE: Final = source_namespace("mining:pattern")
"""Of `user/type/workflow/next workflow or hour-hours-weekdays`."""

INSIGHT_NAMESPACE: Final = source_namespace("mining:insight")
"""Of `user/type/subject`; the subject is a workflow, a sequence or nothing."""


def sequence_ids(users: pa.Array, workflow_ids: pa.Array) -> pa.Array:
    """The id of each user's sequence."""
    ids = pc.binary_join(workflow_ids, "/")
    return hashed_ids(SEQUENCE_NAMESPACE, pc.binary_join_element_wise(users, ids, "/"))


def shared_sequence_ids(workflow_ids: pa.Array) -> pa.Array:
    """The id of each sequence as one of all users."""
    return hashed_ids(SEQUENCE_NAMESPACE, pc.binary_join(workflow_ids, "/"))
