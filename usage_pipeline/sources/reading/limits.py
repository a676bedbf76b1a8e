"""How much one input may hold: part of `settings.Settings`."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """How much one input may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # A packed file that unpacks to more times its size is a bomb; who has such a file unpacks it.
    unpacked_ratio: ClassVar[int] = 1000
    # The greatest size of one field; a row with a greater one is rejected. An error message is
    # never that long, and a file read with the wrong quotes is.
    field_bytes: ClassVar[int] = 1_000_000

    file_bytes: int = Field(
        default=20_000_000_000,
        ge=1,
        description="The greatest size of one input file as it is stored; a larger one fails.",
    )
    row_bytes: int = Field(
        default=16 << 20,
        ge=1_000,
        # Arrow reads rows in blocks whose size it counts in 32 bits.
        le=1_000_000_000,
        description="The greatest size of one row of input; a greater one fails its file.",
    )
