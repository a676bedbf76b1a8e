"""The states of insights from night to night: open, dismissed, resolved.

Tonight's findings replace last night's records of the same id. An insight that a user dismissed
stays dismissed, even through nights without a finding, until its evidence changes materially: its
fingerprint differs, or its magnitude has grown by the factor that the settings give since the
dismissal.
"""

from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.mining.columns import Ints, Mask, day_number, days, encode, floats, group
from usage_pipeline.mining.insights.records import FOUND_INSIGHTS_SCHEMA
from usage_pipeline.mining.settings import DEFAULT_INSIGHTS, InsightSettings

STATES: Final = ("open", "dismissed", "resolved")

USAGE_INSIGHTS_SCHEMA = pa.schema(
    [
        *FOUND_INSIGHTS_SCHEMA,
        pa.field("state", pa.string(), nullable=False),
        pa.field("opened_date", pa.date32(), nullable=False),
        pa.field("resolved_date", pa.date32()),
        pa.field("dismissed_magnitude", pa.float64()),
        pa.field("dismissed_fingerprint", pa.string()),
    ]
)
"""One row per insight of a user. To dismiss one, set `state` to dismissed and nothing else:
the night after fills the `dismissed_*` columns with the evidence at that time."""


def merge_insights(
    previous: pa.Table,
    findings: pa.Table,
    as_of: date,
    settings: InsightSettings = DEFAULT_INSIGHTS,
) -> pa.Table:
    """Merge tonight's findings into the records of the nights before.

    Merging the same findings again changes nothing.

    Args:
        previous: the records so far, in `USAGE_INSIGHTS_SCHEMA`.
        findings: tonight's findings, in `records.FOUND_INSIGHTS_SCHEMA`.
        as_of: the day that tonight's findings are true for.
        settings: how many are open at most, and what is a material change.

    Returns:
        All records in `USAGE_INSIGHTS_SCHEMA`, by user, then the greatest score. Findings
        beyond the limits have none.
    """
    previous = previous.select(USAGE_INSIGHTS_SCHEMA.names).cast(USAGE_INSIGHTS_SCHEMA)
    at = pc.index_in(findings["insight_id"], value_set=previous["insight_id"].combine_chunks())
    records = _record_again(findings, previous.take(at.combine_chunks()), as_of, settings)
    records = records.filter(pa.array(_is_within_limits(records, settings)))
    is_absent = pc.invert(
        pc.is_in(previous["insight_id"], value_set=findings["insight_id"].combine_chunks())
    )
    absent = _no_longer_found(previous.filter(is_absent), as_of, settings)
    return pa.concat_tables([records, absent]).sort_by(
        [("user_id", "ascending"), ("score", "descending"), ("insight_id", "ascending")]
    )


def _record_again(
    findings: pa.Table, before: pa.Table, as_of: date, settings: InsightSettings
) -> pa.Table:
    """Records of the findings; `before` has the earlier record of each, or nulls."""
    was_dismissed = pc.fill_null(pc.equal(before["state"], "dismissed"), False)
    was_there = pc.fill_null(pc.is_in(before["state"], value_set=pa.array(STATES[:2])), False)
    magnitude = pc.coalesce(before["dismissed_magnitude"], before["magnitude"])
    fingerprint = pc.coalesce(before["dismissed_fingerprint"], before["fingerprint"])
    growth = pc.greater_equal(
        findings["magnitude"], pc.multiply(magnitude, settings.material_growth)
    )
    other = pc.not_equal(findings["fingerprint"], fingerprint)
    change = pc.fill_null(pc.or_(growth, other), False)
    dismissed = pc.and_(was_dismissed, pc.invert(change))
    is_same = pc.and_(was_there, pc.or_(pc.invert(was_dismissed), dismissed))
    today = pa.scalar(as_of, pa.date32())
    return pa.Table.from_arrays(
        [
            *findings.select(FOUND_INSIGHTS_SCHEMA.names).columns,
            pc.if_else(dismissed, "dismissed", "open"),
            pc.if_else(is_same, before["opened_date"], today),
            pa.nulls(findings.num_rows, pa.date32()),
            pc.if_else(dismissed, magnitude, pa.scalar(None, pa.float64())),
            pc.if_else(dismissed, fingerprint, pa.scalar(None, pa.string())),
        ],
        schema=USAGE_INSIGHTS_SCHEMA,
    )


def _no_longer_found(table: pa.Table, as_of: date, settings: InsightSettings) -> pa.Table:
    """Earlier records without a finding: open ones are resolved, old resolved ones forgotten."""
    today = pa.scalar(as_of, pa.date32())
    is_open = pc.equal(table["state"], "open")
    is_dismissed = pc.equal(table["state"], "dismissed")
    columns = {
        "state": pc.if_else(is_open, "resolved", table["state"]),
        "resolved_date": pc.if_else(is_open, today, table["resolved_date"]),
        "dismissed_magnitude": pc.if_else(
            is_dismissed,
            pc.coalesce(table["dismissed_magnitude"], table["magnitude"]),
            table["dismissed_magnitude"],
        ),
        "dismissed_fingerprint": pc.if_else(
            is_dismissed,
            pc.coalesce(table["dismissed_fingerprint"], table["fingerprint"]),
            table["dismissed_fingerprint"],
        ),
    }
    for name, column in columns.items():
        position = USAGE_INSIGHTS_SCHEMA.get_field_index(name)
        table = table.set_column(position, USAGE_INSIGHTS_SCHEMA.field(position), column)
    resolved = days(pc.fill_null(table["resolved_date"], today))
    recent = pa.array(resolved > day_number(as_of) - settings.keep_resolved_days)
    return table.filter(recent)


def _is_within_limits(records: pa.Table, settings: InsightSettings) -> Mask:
    """Dismissed ones, and the open ones that are worth most: so many a type, so many a user."""
    keep = np.asarray(pc.equal(records["state"], "dismissed").to_numpy(), dtype=bool)
    open_rows = np.flatnonzero(~keep)
    user, kind = encode(records, "user_id").codes, encode(records, "insight_type").codes
    insight = encode(records, "insight_id").codes
    best = open_rows[np.lexsort((insight[open_rows], -floats(records, "score")[open_rows]))]
    best = _first_ones(best, settings.max_per_type, user, kind)
    keep[_first_ones(best, settings.max_per_user, user)] = True
    return keep


def _first_ones(rows: Ints, limit: int, *keys: Ints) -> Ints:
    """The first rows of each group, at most so many, in the given order."""
    return rows[group(*(key[rows] for key in keys)).ranks() < limit]
