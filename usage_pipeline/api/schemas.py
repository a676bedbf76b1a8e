"""Parts that several answers share. A part of one answer stands beside its route."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, computed_field

Reliability = Literal["green", "yellow", "red", "grey"]
Frequency = Literal["daily", "weekly", "monthly", "rare"]


def percent(fraction: float | None) -> float | None:
    """A fraction as per cent, without the noise of the multiplication."""
    return None if fraction is None else round(fraction * 100, 6)


class SuccessRate(BaseModel):
    """A success rate in both ways of writing one."""

    success_rate_fraction: float | None = Field(
        description="success / (success + failure), 0 to 1; null with nothing to divide by.",
        examples=[0.985],
    )

    @computed_field(description="The same in per cent, 0 to 100.", examples=[98.5])  # type: ignore[prop-decorator]
    @property
    def success_rate_percent(self) -> float | None:
        """The success rate in per cent."""
        return percent(self.success_rate_fraction)


class WorkflowName(BaseModel):
    """A workflow and what it is called."""

    workflow_id: UUID
    workflow_name: str | None = Field(
        description="The latest known name; null when none is known.",
        examples=["Send weekly report"],
    )


class Counts(BaseModel):
    """Executions by how they ended."""

    success_count: int
    failure_count: int
    cancelled_count: int
    open_count: int = Field(description="Executions that have not ended.")
