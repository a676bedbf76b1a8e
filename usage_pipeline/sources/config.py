"""The declaration of a source, from a YAML or TOML file or from the CLI.

Only declarations and their checks. No file of executions is opened here.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import pyarrow as pa
from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from usage_pipeline.errors import UsageError
from usage_pipeline.execution_dates import check_zone
from usage_pipeline.identity import execution_ids, shared_namespace, source_namespace
from usage_pipeline.sources.conform.canonical import CanonicalField
from usage_pipeline.sources.conform.timestamps import EPOCHS
from usage_pipeline.sources.conform.vocabulary import plain_word
from usage_pipeline.sources.declaration_text import parsed
from usage_pipeline.sources.reading.templates import check_template, is_template
from usage_pipeline.sources.source import Replaces
from usage_pipeline.sources.systems.connection import Connection
from usage_pipeline.terms import Status, Trigger

_EXAMPLE = datetime(2021, 11, 27, 13, 14, 15, tzinfo=UTC)


def _plain_keys(words: Any) -> Any:
    """Words as they are compared; YAML reads true, false and numbers as no text."""
    if not isinstance(words, dict):
        return words
    return {
        plain_word(json.dumps(word) if isinstance(word, bool | None) else str(word)): meaning
        for word, meaning in words.items()
    }


class SourceConfig(Connection):
    """One source of executions."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$",
        description="Names the source in every table. Loading a day again replaces what the source "
        "of this name said of it.",
    )
    kind: Literal["files", "github_actions", "airflow", "prefect", "dagster", "n8n", "sql"] = Field(
        default="files",
        description="files: tables of executions. github_actions: the runs of GitHub's API, or, "
        "with a path, exports of its 'list workflow runs' answer. airflow, prefect, dagster, n8n: "
        "the executions of such a system, by its API. sql: the rows of a query of a database.",
    )
    path: str | tuple[str, ...] | None = Field(
        default=None,
        description="A file, a folder, a glob, a URL (s3://...), or several. {day} stands for "
        "the execution date (2024-01-31), {day:%Y/%m/%d} for one written otherwise: then only the "
        "files of a day are read for it. A relative path starts at the folder of this file.",
    )
    format: Literal["auto", "csv", "ndjson", "json", "parquet"] = Field(
        default="auto",
        description="auto: by the file's name (.csv, .tsv, .ndjson, .parquet...). ndjson: one JSON "
        "object a line. json: one JSON document, a list or an object with a list in it.",
    )
    rows: str | None = Field(
        default=None,
        min_length=1,
        description="The member of a JSON document that holds the rows, such as data; with dots "
        "where it is inside another.",
    )
    encoding: str = Field(
        default="utf-8",
        description="How the text of the files is encoded, such as cp1252 or utf-16.",
    )
    nulls: tuple[str, ...] | None = Field(
        default=None,
        description="Words that stand for a missing value, in any column. Unset: NULL, None, nan "
        "and the like, in ids and names alone.",
    )
    columns: dict[CanonicalField, str | tuple[str, ...] | None] = Field(
        default_factory=dict,
        description="Which column of the file holds what, such as user_id: login. null: none does, "
        "even if one is named like it. An id may be composed of several: id: [dag_id, run_id].",
    )
    id_scope: Literal["source", "workflow", "user"] = Field(
        default="workflow",
        description="Within what the source's ids of executions are unique. workflow: two "
        "workflows may use the same id. source: an id names one execution of the whole source, "
        "even if its workflow changes. user: two users of a workflow may use the same id.",
    )
    statuses: Annotated[dict[str, Status], BeforeValidator(_plain_keys)] = Field(
        default_factory=dict, description="The canonical status of each of the source's own words."
    )
    triggers: Annotated[dict[str, Trigger], BeforeValidator(_plain_keys)] = Field(
        default_factory=dict, description="The canonical trigger of each of the source's own words."
    )
    default_user: str | None = Field(
        default=None,
        min_length=1,
        description="The user of rows that name none. Unset: they are rejected.",
    )
    default_trigger: Trigger | None = Field(
        default=None,
        description="The trigger of rows that name none. Unset: they have none, and count as run "
        "by a person.",
    )
    timezone: str = Field(
        default="UTC", description="The zone of timestamps that carry no offset themselves."
    )
    timestamp_format: str | None = Field(
        default=None,
        description="How timestamps are written, in the codes of Python's strptime, or epoch_s, "
        "epoch_ms, epoch_us, epoch_ns. Unset: ISO 8601.",
    )
    delimiter: str = Field(
        default=",", min_length=1, max_length=1, description="The character between columns of CSV."
    )
    escape: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="The character of CSV that takes its meaning from the next one, such as a "
        "backslash. Unset: quotes are doubled.",
    )
    id_namespace: str | None = Field(
        default=None,
        description="Under what ids that are not UUIDs are mapped; the name if unset. Sources that "
        "share users and workflows share it. It may be a UUID.",
    )
    delivers: Literal["everything", "changes"] | None = Field(
        default=None,
        description="The extent of a delivery. everything: all that the source knows of the "
        "day; it replaces what the source said before. changes: new and changed executions; what "
        "it does not mention stays. Unset: everything for files, changes for all else: an "
        "answer of GitHub shows only the latest attempt of a run, and systems forget runs.",
    )
    since: date | None = Field(
        default=None, description="The first day this source has executions for."
    )
    until: date | None = Field(
        default=None, description="The last day this source has executions for."
    )
    quiet_days: bool = Field(
        default=False,
        description="Whether a day without a row, between the first and the last day found, is an "
        "empty day. If not it is an error, because a file of it could be missing.",
    )

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            check_zone(name)
        except UsageError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return name

    @field_validator("columns")
    @classmethod
    def _only_ids_are_composed(
        cls, columns: dict[CanonicalField, str | tuple[str, ...] | None]
    ) -> dict[CanonicalField, str | tuple[str, ...] | None]:
        for field, names in columns.items():
            if isinstance(names, tuple) and field != "id":
                raise ValueError(f"{field} is one column; only an id can be composed of several")
            if isinstance(names, tuple) and not names:
                raise ValueError("id is composed of at least one column")
        return columns

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, delimiter: str) -> str:
        if delimiter in '"\r\n\0' or not delimiter.isascii():
            raise ValueError("it must be one ASCII character, and no quote or line break")
        return delimiter

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError:
            raise ValueError(
                f"{name!r} is not an encoding: use one like utf-8, cp1252 or utf-16"
            ) from None
        return name

    @field_validator("timestamp_format")
    @classmethod
    def _form_tells_a_time(cls, form: str | None) -> str | None:
        if form is None or form in EPOCHS:
            return form
        try:
            datetime.strptime(_EXAMPLE.strftime(form), form)  # noqa: DTZ007 - only the form counts
        except ValueError as error:
            raise ValueError(f"{form!r} cannot be read: {error}") from None
        if not re.search("%[YyGcxDF]", form):
            raise ValueError(
                f"{form!r} does not tell the year: use strptime's codes, or {', '.join(EPOCHS)}"
            )
        return form

    @field_validator("path")
    @classmethod
    def _path_names_days(cls, path: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if path is None:
            return None
        paths = (path,) if isinstance(path, str) else path
        if not paths or not all(paths):
            raise ValueError("it is empty")
        for each in paths:
            check_template(each)
        if len({is_template(each) for each in paths}) > 1:
            raise ValueError("either all paths have {day}, or none")
        return path

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError("until is before since")
        self.check_keys(self.kind, has_path=self.path is not None)
        if self.rows is not None and self.format not in ("auto", "json"):
            raise ValueError(f"rows names a member of a JSON document, and format is {self.format}")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """The path, or the paths."""
        return (self.path,) if isinstance(self.path, str) else self.path or ()

    @property
    def is_polled(self) -> bool:
        """Whether a system is asked for executions, instead of files being read."""
        return self.path is None

    @property
    def origin(self) -> str:
        """Where executions come from, for messages: the paths, or the address as declared."""
        return ", ".join(self.paths) or f"the source {self.name!r}"

    @property
    def mapped_columns(self) -> dict[str, str]:
        """The columns of files that the mapping names, with the field that each is mapped to."""
        return {
            name: field
            for field, names in self.columns.items()
            for name in ((names,) if isinstance(names, str) else names or ())
        }

    @property
    def by_day(self) -> bool:
        """Whether each day has files of its own."""
        return bool(self.paths) and is_template(self.paths[0])

    @property
    def namespace(self) -> UUID:
        """The namespace for ids that are not UUIDs."""
        if self.id_namespace:
            return shared_namespace(self.id_namespace)
        return source_namespace(self.name)

    @property
    def replaces(self) -> Replaces:
        """The part of a day that a delivery replaces."""
        usual = "everything" if self.kind == "files" else "changes"
        return "day" if (self.delivers or usual) == "everything" else "nothing"

    def former_ids(self, rows: pa.Table) -> pa.Array:
        """The ids that executions of this source had before schema 0014."""
        own, attempt = rows["source_id"].combine_chunks(), rows["attempt"].combine_chunks()
        return execution_ids(own, attempt, self.namespace)

    def expects(self, day: date) -> bool:
        """Whether the source should have executions of that day."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


def files_source(
    paths: Sequence[str], *, name: str = "files", default_user: str | None = None
) -> SourceConfig:
    """A source of CSV, NDJSON or Parquet files with the canonical column names.

    Raises:
        UsageError: a value is not allowed.
    """
    return _checked(
        {"name": name, "path": _one_or_many(paths), "default_user": default_user},
        f"The source {name!r}",
    )


def github_source(
    paths: Sequence[str], *, name: str = "github", default_user: str | None = None
) -> SourceConfig:
    """A source of GitHub Actions run exports.

    Raises:
        UsageError: a value is not allowed.
    """
    return _checked(
        {
            "name": name,
            "kind": "github_actions",
            "path": _one_or_many(paths),
            "default_user": default_user,
        },
        f"The source {name!r}",
    )


def read_sources_file(path: Path) -> list[SourceConfig]:
    """Read the sources that a YAML or TOML file declares.

    Args:
        path: a list of sources, or a table whose `sources` is that list.

    Raises:
        UsageError: the file is not there or holds what is not allowed.
    """
    declared = parsed(path)
    if isinstance(declared, dict) and set(declared) == {"sources"}:
        declared = declared["sources"]
    if not isinstance(declared, list) or not declared:
        raise UsageError(f"{path} declares no sources: it needs a list named sources.")
    sources = [
        _resolved(_checked(each, f"Source {number} of {path}"), path.parent)
        for number, each in enumerate(declared, start=1)
    ]
    names = [source.name for source in sources]
    if "tracked" in names:
        raise UsageError(
            f"{path} declares a source named 'tracked', which is what the API takes in: rename it."
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path} declares two sources named {twice!r}: rename one.")
    return sources


def _checked(declared: Any, what: str) -> SourceConfig:
    try:
        return SourceConfig.model_validate(declared)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("[key]", "str"))
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{what} is not valid: {place or 'it'}: {reason}.") from None


def _resolved(config: SourceConfig, folder: Path) -> SourceConfig:
    if config.is_polled:
        return config.model_copy(update={"url": config.url_from(folder)})
    paths = tuple(
        path if "://" in path else str(folder / Path(path).expanduser()) for path in config.paths
    )
    return config.model_copy(update={"path": _one_or_many(paths)})


def _one_or_many(paths: Sequence[str]) -> str | tuple[str, ...]:
    return paths[0] if len(paths) == 1 else tuple(paths)
