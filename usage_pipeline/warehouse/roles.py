"""The roles that the steps of a night act as. The migrations grant each its rights."""

from enum import StrEnum


class Role(StrEnum):
    """A role that the owner becomes for one kind of work."""

    LOADER = "usage_loader"
    TRANSFORMER = "usage_transformer"
    MINER = "usage_miner"
