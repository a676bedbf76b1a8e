"""A seeded generator of realistic executions at any scale, and the ground truth about them.

Nothing here reads a clock, an environment variable or a database. Start at `model` for what can
be described, `generate` for tables, `write` for files and `truth` for what was planted.
"""

from usage_pipeline.synthetic.counting import ground_truth
from usage_pipeline.synthetic.generate import GENERATED_SCHEMA, generate_day, generate_table
from usage_pipeline.synthetic.model import DEMO, LARGE, GeneratorConfig
from usage_pipeline.synthetic.shuffling import shuffle
from usage_pipeline.synthetic.truth import Truth
from usage_pipeline.synthetic.write import WriteSummary, write

__all__ = [
    "DEMO",
    "GENERATED_SCHEMA",
    "LARGE",
    "GeneratorConfig",
    "Truth",
    "WriteSummary",
    "generate_day",
    "generate_table",
    "ground_truth",
    "shuffle",
    "write",
]
