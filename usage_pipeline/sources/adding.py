"""A new declaration: what each kind is asked for, and how it comes into the sources file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from usage_pipeline.errors import UsageError
from usage_pipeline.sources.config import read_sources_file
from usage_pipeline.sources.declaration_text import parsed


@dataclass(frozen=True)
class Question:
    """One key of a declaration.

    Attributes:
        key: its name.
        text: what to ask for.
        default: the answer of who says nothing; None where there must be one.
        is_secret: whether the answer must name a variable instead of being the secret.
        is_list: whether the answer is several, with commas between them.
    """

    key: str
    text: str
    default: str | None = None
    is_secret: bool = False
    is_list: bool = False


_URL: Final = "The address, such as https://{}.example.org"
QUESTIONS: Final[Mapping[str, tuple[Question, ...]]] = {
    "files": (
        Question("path", "The files, with {day} where the date stands, such as runs/{day}.csv"),
        Question("default_user", "Who runs what names nobody (empty: such rows are rejected)", ""),
    ),
    "github_actions": (
        Question("organisation", "The organisation (empty: repositories are named)", ""),
        Question("repositories", "The repositories, such as acme/app, acme/site", "", is_list=True),
        Question("token", "The token", "${GITHUB_TOKEN}", is_secret=True),
    ),
    "airflow": (
        Question("url", _URL.format("airflow")),
        Question("user", "Who signs in", "reader"),
        Question("password", "The password", "${AIRFLOW_PASSWORD}", is_secret=True),
        Question("default_user", "Who runs what nobody triggered", "scheduler"),
    ),
    "prefect": (
        Question("url", _URL.format("prefect")),
        Question("default_user", "Who runs what names nobody", "prefect"),
    ),
    "dagster": (
        Question("url", _URL.format("dagster")),
        Question("default_user", "Who runs what names nobody", "dagster"),
    ),
    "n8n": (
        Question("url", _URL.format("n8n")),
        Question("token", "The API key", "${N8N_API_KEY}", is_secret=True),
        Question("default_user", "Who runs everything (n8n's API tells nobody)", "n8n"),
    ),
    "sql": (
        Question("url", "The address, such as postgresql://reader:${CRM_PASSWORD}@db/crm"),
        Question("query", "The SELECT, with :day_start and :day_end"),
    ),
}


def declaration(kind: str, name: str, answers: Mapping[str, str]) -> dict[str, Any]:
    """The declaration of a new source; empty answers are left out.

    Raises:
        UsageError: a secret is written out, or a key is none of the kind's.
    """
    questions = {question.key: question for question in QUESTIONS[kind]}
    declared: dict[str, Any] = {"name": name} | ({} if kind == "files" else {"kind": kind})
    for key, text in answers.items():
        if key not in questions:
            known = ", ".join(questions)
            raise UsageError(f"{key} is no key that {kind} is asked for: it is {known}.")
        if questions[key].is_secret and "${" not in text:
            raise UsageError(
                f"The {key} is not written into a file: set a variable of the environment to it, "
                f"and answer with its name, such as {questions[key].default}."
            )
        if text:
            parts = [part.strip() for part in text.split(",")]
            declared[key] = parts if questions[key].is_list else text
    return declared


def add(path: Path, declared: Mapping[str, Any]) -> None:
    """Add a declaration at the end of a sources file; what stands in it stays as it is written.

    Raises:
        UsageError: the file is no YAML, or with the declaration it is not valid; it is unchanged.
    """
    if path.suffix == ".toml":
        raise UsageError(f"{path} is TOML: declare the source there by hand.")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    block = yaml.safe_dump([dict(declared)], sort_keys=False, allow_unicode=True, width=10_000)
    if before and isinstance(parsed(path), dict):
        block = "".join(f"  {line}\n" for line in block.splitlines())
    between = "" if not before or before.endswith("\n") else "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        fresh.write_text(before + between + block, encoding="utf-8")
        try:
            read_sources_file(fresh)
        except UsageError as error:
            raise UsageError(str(error).replace(str(fresh), str(path))) from None
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
