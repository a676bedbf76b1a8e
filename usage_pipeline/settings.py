"""Every setting of the product, read once by an entry point from the environment and `.env`.

Only entry points (the CLI, the Dagster code location) read settings; everything below them takes
plain values. A group of settings stands beside the code that uses it and is nested here. Secrets
are `SecretStr`, so that neither `repr` nor a log shows them. A value that nobody has a reason to
change is a constant beside its user. `python -m usage_pipeline.settings` prints the table of the
docs.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    SettingsConfigDict,
)

from usage_pipeline.api.settings import ApiSettings, OidcSettings
from usage_pipeline.errors import UsageError
from usage_pipeline.mining.settings import InsightSettings, SequenceSettings, SessionSettings
from usage_pipeline.sources.reading.limits import Limits
from usage_pipeline.terms import FOLD_WINDOW_DAYS

_PREFIX: Final = "USAGE_"


class Settings(BaseSettings):
    """All settings. Each is an environment variable: `USAGE_`, its group if any, and its name."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        # USAGE_API_PORT is `api.port`: only the first word after the prefix can be a group.
        env_nested_delimiter="_",
        env_nested_max_split=1,
        # A group is never written as JSON, so that USAGE_API=... is one sentence and no traceback.
        enable_decoding=False,
        extra="ignore",
        frozen=True,
    )

    # As long as an end may come in after an application reported a start, and some days more.
    least_tracked_days: ClassVar[int] = 45

    home: Path = Field(
        default=Path(".usage"),
        description="The folder of everything this installation keeps: the embedded server's "
        "data, Dagster's home, logs. Two homes run side by side.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="The URL of your own Postgres (`postgresql://user:password@host:port/name`). "
        "Unset: an embedded server under `USAGE_HOME`.",
    )
    timezone: str = Field(
        default="UTC",
        description="The zone whose calendar date a start time is given: the execution date. "
        "It cannot change once a day is loaded.",
    )
    start_date: date = Field(
        # Before the first run that GitHub Actions kept, so that any export of it loads as it is.
        default=date(2018, 1, 1),
        description="The earliest day that can be loaded. Daily partitions begin later, with the "
        "first configured or loaded day.",
    )
    sources_file: Path | None = Field(
        default=None,
        description="The YAML or TOML file that declares the sources of the nightly load. "
        "Unset: `sources.yaml` in `USAGE_HOME`, if it is there.",
    )
    schedule_time: str = Field(
        default="01:30",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="When the nightly job runs, HH:MM in `USAGE_TIMEZONE`.",
    )
    lookback_days: int = Field(
        default=1,
        ge=0,
        # A night that loads further back would make dbt read all of history again.
        le=FOLD_WINDOW_DAYS - 1,
        description="How many days before the one that just ended the nightly job loads again, "
        "for executions and final states that arrived late.",
    )
    catch_up_days: int = Field(
        default=14,
        ge=0,
        description="How many days back the nightly job looks for days that were missed or failed, "
        "and loads them.",
    )
    retention_days: int = Field(
        default=7,
        ge=1,
        description="How many days of single executions are kept. Older days are retired: their "
        "aggregates stay for ever.",
    )
    unfinished_days: int = Field(
        default=30,
        ge=1,
        description="After how many days an execution that has not ended is given up. Until then "
        "it is kept, retired day or not, so that its final state can still be counted.",
    )
    retired_ids_days: int = Field(
        default=90,
        ge=1,
        description="How many days after the last load of a day the ids of its retired executions "
        "are kept. Until then a late execution is told from one delivered twice and the day can be "
        "corrected; then nothing more is loaded for the day.",
    )
    mined_days: int = Field(
        default=90,
        ge=28,
        description="How many days of daily statistics mining keeps. It looks for patterns in "
        "all of them.",
    )
    rejected_days: int = Field(
        default=90, ge=1, description="How many days rejected rows are kept with their text."
    )
    rejected_share_limit: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="The share of rejected rows in the days of a run above which no mart is built.",
    )
    alert_webhook_url: SecretStr | None = Field(
        default=None,
        description="Where each failed run is announced, by POST of JSON (http or https). "
        "Unset: only in the log.",
    )
    dbt_threads: int = Field(default=4, ge=1, description="How many models dbt builds at once.")
    web_port: int = Field(
        default=3000, ge=1, le=65535, description="The port of the Dagster web UI on 127.0.0.1."
    )
    web_password: SecretStr | None = Field(
        default=None,
        description="The password that the Dagster web UI asks for, under any user name, where "
        "others have a login on this machine. Unset: none.",
    )

    limits: Limits = Limits()
    api: ApiSettings = ApiSettings()
    oidc: OidcSettings = OidcSettings()
    session: SessionSettings = SessionSettings()
    sequence: SequenceSettings = SequenceSettings()
    insight: InsightSettings = InsightSettings()

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"{name!r} is not a time zone: use an IANA name such as Europe/Berlin"
            raise ValueError(message) from error
        return name

    @field_validator("alert_webhook_url")
    @classmethod
    def _web_address(cls, url: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(url.get_secret_value()) if url is not None else None
        if parts is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("write an http or https URL")
        return url

    @field_validator("home")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve()

    @cached_property
    def dagster_home(self) -> Path:
        """The folder that holds `dagster.yaml` and Dagster's local artifacts."""
        return self.home / "dagster"

    @cached_property
    def dbt_target(self) -> Path:
        """The folder of the compiled dbt project and its manifest."""
        return self.home / "dbt"

    @cached_property
    def logs(self) -> Path:
        """The folder of the logs of runs and of what `up` starts."""
        return self.home / "logs"

    def make_home(self) -> None:
        """Make the home and the folders in it, which nobody else may read.

        Raises:
            UsageError: a folder cannot be made.
        """
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.dagster_home, self.dbt_target, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
                # An earlier version let everybody read it. A home itself may be anybody's folder.
                if folder.stat().st_mode & 0o077 and folder.stat().st_uid == os.geteuid():
                    folder.chmod(0o700)
        except OSError as error:
            raise UsageError(
                f"The folder {self.home} cannot be used ({error.strerror or error}): choose "
                "another with USAGE_HOME."
            ) from None

    @cached_property
    def tracked_days_kept(self) -> int:
        """How long tracked executions are kept; never less than a day may be loaded again."""
        return max(self.least_tracked_days, self.retention_days + self.unfinished_days)

    @cached_property
    def sources_path(self) -> Path:
        """The sources file that is looked for, whether or not it exists."""
        return self.sources_file or self.home / "sources.yaml"


@dataclass(frozen=True)
class Variable:
    """An environment variable.

    Attributes:
        name: such as USAGE_API_PORT.
        default: the value without it, as it would be written; None where unset has a meaning.
        description: what it is for.
    """

    name: str
    default: str | None
    description: str


def variables(model: type[BaseModel] = Settings, prefix: str = _PREFIX) -> Iterator[Variable]:
    """Every environment variable, groups last."""
    for name, field in model.model_fields.items():
        variable, default = f"{prefix}{name.upper()}", field.get_default()
        if isinstance(default, BaseModel):
            yield from variables(type(default), f"{variable}_")
        else:
            yield Variable(variable, _written(default), field.description or "")


def settings_table() -> str:
    """The table of all settings in Markdown, as the docs hold it."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for each in variables():
        default = "unset" if each.default is None else f"`{each.default}`"
        lines.append(f"| `{each.name}` | {default} | {each.description} |")
    return "\n".join(lines) + "\n"


def read_settings() -> Settings:
    """Read the settings from the environment and `.env`.

    Raises:
        UsageError: a variable holds a value that is not allowed, or is one no longer.
    """
    for source in (EnvSettingsSource(Settings), DotEnvSettingsSource(Settings)):
        _refuse_former_variables(source.env_vars)
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = _PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        reason = str(first["msg"]).removeprefix("Value error, ")
        if first["type"] in ("extra_forbidden", "model_type"):
            raise UsageError(f"{name} is not a setting: correct its name or unset it.") from None
        if reason.startswith(_PREFIX):
            raise UsageError(f"{reason}.") from None
        raise UsageError(f"{name} is not valid: {reason}.") from None


RENAMED: Final[Mapping[str, str]] = {
    "USAGE_OPEN_DAYS": "USAGE_UNFINISHED_DAYS",
    "USAGE_MAX_FILE_BYTES": "USAGE_LIMITS_FILE_BYTES",
    "USAGE_MAX_ROW_BYTES": "USAGE_LIMITS_ROW_BYTES",
    "USAGE_COLLAPSE_REPEATS": "USAGE_SESSION_COLLAPSE_REPEATS",
    "USAGE_SHARED_MIN_USERS": "USAGE_SEQUENCE_SHARED_MIN_USERS",
    "USAGE_UNUSED_DAYS": "USAGE_INSIGHT_UNUSED_DAYS",
    "USAGE_TEAM_MIN_USERS": "USAGE_INSIGHT_TEAM_MIN_USERS",
    "USAGE_INSIGHTS_PER_USER": "USAGE_INSIGHT_MAX_PER_USER",
}
"""Variables of earlier versions that have another name now."""

CONSTANTS: Final = frozenset(
    f"{_PREFIX}{name.upper()}"
    for name in (
        "rejected_rows_kept", "max_unpacked_ratio", "max_field_bytes", "lock_timeout_seconds",
        "connect_timeout_seconds", "track_buffer", "tracked_days", "false_discovery_rate",
        "pattern_min_hits", "time_min_confidence", "sequence_min_confidence",
        "conditional_min_confidence", "time_min_lift", "sequence_min_lift",
        "struggling_min_finished", "struggling_success_rate", "automate_min_sessions",
        "schedule_min_confidence", "schedule_min_days", "change_min_executions",
        "change_min_user_executions", "min_success_rate_drop", "min_slowdown", "costly_min_share",
        "costly_min_executions", "costly_quantile", "abandoned_min_share",
        "regular_min_executions", "try_min_confidence", "try_min_lift", "insights_per_type",
        "material_growth", "resolved_days",
    )
)  # fmt: skip
"""Variables of earlier versions whose values are constants now."""


def _refuse_former_variables(environment: Mapping[str, str | None]) -> None:
    for name in sorted({name.upper() for name in environment}):
        if name in RENAMED:
            raise UsageError(f"{name} is called {RENAMED[name]} now: rename it.")
        if name in CONSTANTS:
            raise UsageError(f"{name} is a constant now and changes nothing: unset it.")


def _written(default: object) -> str | None:
    if default is None or default == "":
        return None
    return str(default).lower() if isinstance(default, bool) else str(default)


if __name__ == "__main__":
    sys.stdout.write(settings_table())
