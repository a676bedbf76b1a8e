"""How a system is reached: the keys of a declaration that name it and say who asks.

Declarations only; `credentials` fills in what stands for secrets, and the modules beside ask.
"""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

_SQLITE = re.compile(r"^sqlite:///(?!/)(.*)$")
# The keys of each kind that is asked, those that it must have first.
KEYS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "github_actions": ((), ("organisation", "repositories", "token", "url")),
    "airflow": (("url",), ("user", "password", "token")),
    "prefect": (("url",), ("user", "password", "token")),
    "dagster": (("url",), ("user", "password", "token")),
    "n8n": (("url", "token"), ()),
    "sql": (("url", "query"), ("query_seconds",)),
}
# The kinds that are read from files where the declaration names a path.
_FROM_FILES: Final = frozenset({"github_actions"})
DAY_BOUNDS: Final = (":day_start", ":day_end")


class Connection(BaseModel):
    """The keys of a source that is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(
        default=None,
        min_length=1,
        description="The address of the system, such as https://airflow.example.org, "
        "postgresql://reader:${CRM_PASSWORD}@db/crm or sqlite:///runs.db. ${NAME} stands for a "
        "variable of the environment.",
    )
    organisation: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]+$",
        description="The organisation of GitHub whose repositories are all read.",
    )
    repositories: tuple[Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")], ...] | None = Field(
        default=None, description="The repositories of GitHub that are read, such as owner/name."
    )
    query: str | None = Field(
        default=None,
        min_length=1,
        description="The SELECT that gives a day's executions, from :day_start up to, and without, "
        ":day_end.",
    )
    query_seconds: int = Field(
        default=300, ge=1, description="How long the query of a day may take, in seconds."
    )

    token: str | None = Field(
        default=None,
        min_length=1,
        description="The secret by which the system knows the reader, such as ${CI_TOKEN}.",
    )
    user: str | None = Field(
        default=None, min_length=1, description="Who signs in to the system, with a password."
    )
    password: str | None = Field(
        default=None, min_length=1, description="The password of user, such as ${CI_PASSWORD}."
    )

    def check_keys(self, kind: str, *, has_path: bool) -> None:
        """Check that the keys are those of a kind.

        Raises:
            ValueError: one is missing, or is another kind's.
        """
        if kind not in KEYS and not has_path:
            raise ValueError(f"a source of the kind {kind} needs a path")
        if kind in KEYS and has_path and kind not in _FROM_FILES:
            raise ValueError(f"a source of the kind {kind} has no path: it needs {_needed(kind)}")
        needed, further = KEYS.get(kind, ((), ())) if not has_path else ((), ())
        for key in Connection.model_fields:
            is_set = key in self.model_fields_set and getattr(self, key) not in (None, ())
            if key in needed and not is_set:
                raise ValueError(f"a source of the kind {kind} needs {key}")
            if is_set and key not in (*needed, *further):
                raise ValueError(f"{key} is not a key of the kind {kind}")
        if not has_path:
            self._check_together(kind)

    def _check_together(self, kind: str) -> None:
        """Check what keys mean beside each other."""
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password are declared together")
        if self.user is not None and self.token is not None:
            raise ValueError("declare a token, or a user and a password")
        if kind == "github_actions" and bool(self.organisation) == bool(self.repositories):
            raise ValueError("declare an organisation, or a list of repositories, or a path")
        if kind == "sql" and not all(bound in (self.query or "") for bound in DAY_BOUNDS):
            raise ValueError(
                "query must ask for one day: use :day_start and :day_end, such as "
                "where started_at >= :day_start and started_at < :day_end"
            )

    def url_from(self, folder: Path) -> str | None:
        """The address; the file of a database is found from the folder of its declaration."""
        relative = _SQLITE.match(self.url or "")
        return f"sqlite:///{(folder / relative[1]).absolute()}" if relative else self.url


def _needed(kind: str) -> str:
    return " and ".join(KEYS[kind][0])
