"""How the counts of a day's load are said. Counting itself is the load's."""

from usage_pipeline.mining.insights.wording import counted

_NOUNS = ("duplicates", "conflicts")


def count_of_rows(count: int, name: str) -> str:
    """A count of a day's load in words: `3 rejected`, `1 duplicate`."""
    if name in _NOUNS:
        return counted(count, name.removesuffix("s"))
    return f"{count:,} {name}"
