"""The reports that wait to be sent, bounded. Not thread-safe: the sender holds the lock."""

from collections import OrderedDict

from usage_pipeline.client.reports import Report, complete


class Waiting:
    """Reports in the order of their executions' arrival, one for each execution.

    A newer state of an execution that still waits takes the place of the older one, so that an
    execution shorter than the sending interval is one report.

    When it is full, new executions are left out, not old ones: what was taken is sent. The end of
    an execution whose start was taken finds room up to twice the capacity, because a start without
    its end would be an execution that is open for ever.
    """

    def __init__(self, capacity: int) -> None:
        """Hold at most `capacity` reports of new executions."""
        self._capacity = capacity
        self._reports: OrderedDict[object, Report] = OrderedDict()

    def __len__(self) -> int:
        return len(self._reports)

    def add(self, report: Report, *, taken_before: bool) -> bool | None:
        """Take a report.

        Args:
            report: the newest state of its execution.
            taken_before: an earlier state of the same execution was taken.

        Returns:
            True when it waits now, None when it took the place of one that did, False when full.
        """
        # A report without an id is an execution of its own.
        key: object = report.execution_id and (report.execution_id, report.attempt)
        key = key or id(report)
        older = self._reports.get(key)
        if older is not None:
            if report.status == "started" != older.status:
                complete(older, report)
            else:
                self._reports[key] = complete(report, older)
            return None
        if len(self._reports) >= self._capacity * (2 if taken_before else 1):
            return False
        self._reports[key] = report
        return True

    def take(self, most: int) -> list[Report]:
        """Remove and return the first ones."""
        reports = self._reports
        return [reports.popitem(last=False)[1] for _ in range(min(most, len(reports)))]

    def clear(self) -> int:
        """Remove all; returns how many there were."""
        count = len(self._reports)
        self._reports.clear()
        return count
