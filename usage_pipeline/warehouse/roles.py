"""The roles that the steps of a night act as. What each may do stands in the migrations."""

from enum import StrEnum


class Role(StrEnum):
    """A role that the owner becomes for one kind of work."""

    LOADER = "usage_loader"
    TRANSFORMER = "usage_transformer"
    MINER = "usage_miner"
