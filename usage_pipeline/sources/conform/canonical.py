"""The canonical schema: what every source delivers and the warehouse loads.

Columns and their types. The words they may hold stand in `terms`, how rows get there in `conform`.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import pyarrow as pa

CanonicalField = Literal[
    "id",
    "user_id",
    "workflow_id",
    "workflow_name",
    "start_time",
    "end_time",
    "status",
    "trigger_type",
    "error_message",
    "input_size",
    "output_size",
    "cost",
    "attempt",
    "source_status",
    "updated_at",
    "queued_at",
    # Read where the end is missing: the end is the start and the duration.
    "duration_ms",
    "duration_s",
]

FIELDS: Final[tuple[str, ...]] = get_args(CanonicalField)
REQUIRED_FIELDS: Final = ("id", "user_id", "workflow_id", "start_time", "status")

INSTANT: Final = pa.timestamp("us", tz="UTC")
COST: Final = pa.decimal128(18, 6)

CANONICAL_SCHEMA: Final = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("workflow_id", pa.string(), nullable=False),
        pa.field("workflow_name", pa.string()),
        pa.field("start_time", INSTANT, nullable=False),
        pa.field("end_time", INSTANT),
        pa.field("status", pa.string(), nullable=False),
        pa.field("trigger_type", pa.string()),
        pa.field("error_message", pa.string()),
        pa.field("input_size", pa.int64()),
        pa.field("output_size", pa.int64()),
        pa.field("cost", COST),
        pa.field("execution_date", pa.date32(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("attempt", pa.int32(), nullable=False),
        pa.field("source_status", pa.string()),
        pa.field("updated_at", INSTANT),
        pa.field("queued_at", INSTANT),
        pa.field("source_user_id", pa.string(), nullable=False),
        pa.field("source_workflow_id", pa.string(), nullable=False),
    ]
)

REJECTED_SCHEMA: Final = pa.schema(
    [
        pa.field("execution_date", pa.date32(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("location", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("original", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class ReadBatch:
    """Some rows of a source: every row read is in exactly one of the two tables.

    Attributes:
        accepted: executions, in `CANONICAL_SCHEMA`.
        rejected: rows that cannot be loaded, in `REJECTED_SCHEMA`.
    """

    accepted: pa.Table
    rejected: pa.Table

    @property
    def read_count(self) -> int:
        """Rows read."""
        return int(self.accepted.num_rows + self.rejected.num_rows)
