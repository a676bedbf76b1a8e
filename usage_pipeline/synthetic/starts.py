"""The executions of a day before anything is known but who starts what and when."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]


class Status(IntEnum):
    """Statuses as numbers; the names are those of the canonical schema."""

    STARTED = 0
    COMPLETED = 1
    FAILED = 2
    CANCELLED = 3


class Trigger(IntEnum):
    """Triggers as numbers; the names are those of the canonical schema."""

    MANUAL = 0
    API = 1
    SCHEDULED = 2
    CHAINED = 3


UNDECIDED = -1


@dataclass(frozen=True, slots=True)
class Starts:
    """Columns of equal length, one entry an execution.

    `user` and `workflow` number the population's. `status` and `trigger` may be `UNDECIDED`.
    The duration is cut off at `limit_ms` where that is not 0. Only executions that `may_retry`
    can have a second attempt.
    """

    user: Ints
    workflow: Ints
    start_ms: Ints
    trigger: Small
    status: Small
    limit_ms: Ints
    may_retry: Mask

    def __len__(self) -> int:
        """The number of executions."""
        return len(self.user)

    @classmethod
    def of(
        cls,
        user: Ints,
        workflow: Ints,
        start_ms: Ints,
        *,
        trigger: int = UNDECIDED,
        status: Small | None = None,
        limit_ms: Ints | None = None,
        may_retry: bool = False,
    ) -> Self:
        """Executions with one trigger; all that is not given is undecided."""
        count = len(user)
        return cls(
            user=user.astype(np.int64),
            workflow=workflow.astype(np.int64),
            start_ms=start_ms.astype(np.int64),
            trigger=np.full(count, trigger, dtype=np.int8),
            status=np.full(count, UNDECIDED, dtype=np.int8) if status is None else status,
            limit_ms=np.zeros(count, dtype=np.int64) if limit_ms is None else limit_ms,
            may_retry=np.full(count, may_retry),
        )

    def take(self, chosen: npt.NDArray[Any]) -> Self:
        """Those that a mask or positions choose."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All of them, one part after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
