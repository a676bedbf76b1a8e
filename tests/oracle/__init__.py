"""An independent computation of every mart, in plain Python, straight from the definitions.

It shares no code with the dbt models and none with the loader (constants of the id mapping
excepted), so that two people had to make the same mistake before a wrong number agrees with
itself. Slow and obvious is right here; clever is not.
"""

from .everything import marts
from .github import read_github
from .inputs import read_csv
from .model import Execution, KnownUser, KnownWorkflow, World
from .reading import Reading

__all__ = [
    "Execution",
    "KnownUser",
    "KnownWorkflow",
    "Reading",
    "World",
    "marts",
    "read_csv",
    "read_github",
]
