"""Reports as the bodies of requests: encoded one by one, so that a bad one costs only itself."""

from collections.abc import Sequence

from usage_pipeline.client.delivery import MOST_BYTES
from usage_pipeline.client.reports import Report, encoded


def in_parts(batch: Sequence[Report]) -> tuple[list[list[bytes]], list[str]]:
    """The encoded reports in order, in parts small enough for one request each.

    Returns:
        The parts, and the reason of each report that cannot be encoded.
    """
    parts: list[list[bytes]] = []
    reasons: list[str] = []
    room = 0
    for report in batch:
        try:
            item = encoded(report)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            reasons.append(f"{type(error).__name__}: {error}")
            continue
        if not parts or len(item) + 1 > room:
            parts.append([])
            room = MOST_BYTES
        parts[-1].append(item)
        room -= len(item) + 1
    return parts, reasons
