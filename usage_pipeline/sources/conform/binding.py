"""Which column of a file holds what: the source's mapping, then the usual names.

Names only, not values.
"""

from collections.abc import Collection, Mapping, Sequence

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.conform.canonical import REQUIRED_FIELDS
from usage_pipeline.sources.conform.vocabulary import COLUMN_NAMES, plain_column
from usage_pipeline.sources.reading.streams import readable_text

_LISTED = 30


def bind(config: SourceConfig, names: Sequence[str]) -> dict[str, str]:
    """The column of each field that has one.

    Args:
        config: the source, with its mapping.
        names: the columns a file has.

    Returns:
        Names of columns by field; fields without a column are left out.
    """
    by_plain_name = {plain_column(name): name for name in reversed(names)}
    binding: dict[str, str] = {}
    for field, usual in COLUMN_NAMES.items():
        if field in config.columns:
            origin = config.columns[field]
            if isinstance(origin, tuple):
                parts = [_named(part, names, by_plain_name) for part in origin]
                binding |= {
                    part_of_id(number): part
                    for number, part in enumerate(parts)
                    if part is not None
                }
                continue
            column = _named(origin, names, by_plain_name) if origin is not None else None
        else:
            column = next(
                (
                    by_plain_name[key]
                    for each in usual
                    if (key := plain_column(each)) in by_plain_name
                ),
                None,
            )
        if column is not None:
            binding[field] = column
    return binding


def check_bound(
    config: SourceConfig,
    file: str,
    names: Sequence[str],
    binding: Mapping[str, str],
    complete: bool,
) -> None:
    """Check that nothing is missing that a file must have.

    Args:
        config: the source, with its mapping.
        file: the file's name, for the message.
        names: the columns it has.
        binding: what `bind` found.
        complete: whether `names` are all the file can have; rows of JSON may leave columns out.

    Raises:
        InputError: a required column, or one that the mapping names, is not there.
    """
    for field, origin in config.columns.items():
        parts = origin if isinstance(origin, tuple) else (origin,)
        for number, part in enumerate(parts):
            key = part_of_id(number) if field == "id" else field
            if part is not None and key not in binding and (complete or field in REQUIRED_FIELDS):
                raise InputError(
                    f"{file} has no column {part!r}, which the source {config.name!r} maps to "
                    f"{field}: it has {_listed(names)}."
                )
    for field in REQUIRED_FIELDS:
        if field in binding or (field == "user_id" and config.default_user):
            continue
        hint = " (or set default_user)" if field == "user_id" else ""
        raise InputError(
            f"{file} has no column for {field}: it has {_listed(names)}. Put the right one into "
            f"the source's columns, as {field}: NAME{hint}."
            + ("" if complete else " For one JSON document with its rows in a member, set rows.")
        )


def part_of_id(number: int) -> str:
    """Under what the columns of a composed id are bound; the first one under `id` itself."""
    return f"id {number + 1}" if number else "id"


def is_there(origin: str, names: Collection[str]) -> bool:
    """Whether a column that a source maps is among the columns of its files."""
    return origin in names or plain_column(origin) in {plain_column(name) for name in names}


def _named(origin: str, names: Sequence[str], by_plain_name: Mapping[str, str]) -> str | None:
    return origin if origin in names else by_plain_name.get(plain_column(origin))


def _listed(names: Sequence[str]) -> str:
    excerpt = ", ".join(" ".join(readable_text(name).split())[:40] for name in names[:_LISTED])
    text = excerpt + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    return text.encode("utf-8", "backslashreplace").decode() or "no columns"
