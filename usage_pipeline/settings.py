"""Every setting of the product, read once by an entry point from the environment and `.env`.

Only entry points (the CLI, the Dagster code location) read settings; everything below them takes
plain values. Secrets are `SecretStr`, so that neither `repr` nor a log shows them.
"""

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from usage_pipeline.errors import UsageError
from usage_pipeline.mining.settings import MiningThresholds


class Settings(MiningThresholds, BaseSettings):
    """All settings. Each is an environment variable: `USAGE_` and the name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="USAGE_", env_file=".env", extra="ignore", frozen=True
    )

    home: Path = Field(
        default=Path(".usage"),
        description="The folder of everything this installation keeps: the embedded server's "
        "data, Dagster's home, logs. Two homes run side by side.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="The URL of your own Postgres (postgresql://user:password@host:port/name). "
        "Unset: an embedded server under USAGE_HOME.",
    )
    timezone: str = Field(
        default="UTC",
        description="The zone whose calendar date a start time is given: the execution date. "
        "It cannot change once a day is loaded.",
    )
    start_date: date = Field(
        # Before the first run that GitHub Actions kept, so that any export of it loads as it is.
        default=date(2018, 1, 1),
        description="The first daily partition. Earlier days cannot be loaded.",
    )
    sources_file: Path | None = Field(
        default=None,
        description="The YAML or TOML file that declares the sources of the nightly load. "
        "Unset: sources.yaml in USAGE_HOME, if it is there.",
    )
    schedule_time: str = Field(
        default="01:30",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="When the nightly job runs, HH:MM in USAGE_TIMEZONE.",
    )
    lookback_days: int = Field(
        default=1,
        ge=0,
        # dbt keeps 14 days open for cheap rebuilds (its var open_days).
        le=13,
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
    open_days: int = Field(
        default=30,
        ge=1,
        description="How many days an execution that has not ended is kept, retired day or not, so "
        "that its final state can still be counted.",
    )
    retired_ids_days: int = Field(
        default=90,
        ge=1,
        description="How many days the ids of retired executions are kept. Until then a late "
        "execution is told from one delivered twice; then nothing more is loaded for the day.",
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
    rejected_rows_kept: int = Field(
        default=100_000,
        ge=1,
        description="How many rejected rows of a day and source are kept with their text. "
        "All are counted.",
    )
    max_file_bytes: int = Field(
        default=20_000_000_000,
        ge=1,
        description="The greatest size of one input file as it is stored; a larger one fails.",
    )
    max_unpacked_ratio: int = Field(
        default=1000,
        ge=1,
        description="How many times its size a packed input file may unpack to.",
    )
    max_row_bytes: int = Field(
        default=16_777_216,
        ge=1_000,
        # Arrow reads rows in blocks whose size it counts in 32 bits.
        le=1_000_000_000,
        description="The greatest size of one row of input; a greater one fails its file.",
    )
    max_field_bytes: int = Field(
        default=1_000_000,
        ge=1_000,
        description="The greatest size of one field of input; a row with a greater one is "
        "rejected.",
    )
    alert_webhook_url: SecretStr | None = Field(
        default=None,
        description="Where each failed run is announced, by POST of JSON (http or https). "
        "Unset: only in the log.",
    )
    lock_timeout_seconds: float = Field(
        default=3.0,
        gt=0,
        description="How long one attempt waits for a lock on a table that readers use.",
    )
    connect_timeout_seconds: int = Field(
        default=10, ge=1, description="How long to wait for the warehouse to accept a connection."
    )
    dbt_threads: int = Field(default=4, ge=1, description="How many models dbt builds at once.")
    web_port: int = Field(
        default=3000, ge=1, le=65535, description="The port of the Dagster web UI on 127.0.0.1."
    )

    api_host: str = Field(
        default="127.0.0.1",
        description="The address the HTTP API listens on. Other than loopback only with API keys "
        "or USAGE_OIDC_ISSUER.",
    )
    api_port: int = Field(default=8000, ge=1, le=65535, description="The port of the HTTP API.")
    api_cors_origins: str = Field(
        default="",
        description="The origins whose pages may call the API, separated by commas; * for all.",
    )
    api_rate_limit: str = Field(
        default="6000/minute",
        description="How many requests one key or user may make, such as 100/second.",
    )
    api_pool_size: int = Field(
        default=10, ge=2, description="How many connections to the warehouse the API holds."
    )
    api_id_namespace: str = Field(
        default="tracked",
        min_length=1,
        description="Under what the API maps user and workflow ids that are not UUIDs: the name "
        "(or id_namespace) of the source that shares them.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="The issuer of end users' bearer tokens, an https URL. Unset: only API keys.",
    )
    oidc_audience: str | None = Field(
        default=None, description="The audience those tokens must name. Needed with an issuer."
    )
    oidc_user_claim: str = Field(
        default="sub", min_length=1, description="The claim of a token that holds the user's id."
    )
    track_buffer: int = Field(
        default=50_000,
        ge=1000,
        description="How many tracked executions may wait to be written; more are answered 503.",
    )
    tracked_days: int = Field(
        default=45,
        ge=1,
        description="How many days tracked executions are kept as they were reported. At least "
        "USAGE_RETENTION_DAYS and USAGE_OPEN_DAYS together.",
    )

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"{name!r} is no time zone: use an IANA name such as Europe/Berlin"
            raise ValueError(message) from error
        return name

    @field_validator("alert_webhook_url")
    @classmethod
    def _web_address(cls, url: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(url.get_secret_value()) if url is not None else None
        if parts is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("write an http or https URL")
        return url

    @field_validator("api_rate_limit")
    @classmethod
    def _rate_limit(cls, text: str) -> str:
        from limits import parse

        try:
            parse(text)
        except ValueError:
            raise ValueError("write it like 100/second or 6000/minute") from None
        return text

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, url: str | None) -> str | None:
        parts = urlsplit(url) if url is not None else None
        local = parts is not None and parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts is not None and not (
            parts.scheme == "https" or (parts.scheme == "http" and local)
        ):
            raise ValueError("write an https URL (http only on this machine)")
        return url

    @model_validator(mode="after")
    def _tracked_as_long_as_needed(self) -> Self:
        needed = self.retention_days + self.open_days
        if "tracked_days" in self.model_fields_set and self.tracked_days < needed:
            raise ValueError(
                "USAGE_TRACKED_DAYS is less than USAGE_RETENTION_DAYS and USAGE_OPEN_DAYS "
                f"together ({needed}): a day could be loaded again without its tracked executions"
            )
        if self.oidc_issuer is not None and not self.oidc_audience:
            raise ValueError("USAGE_OIDC_ISSUER needs USAGE_OIDC_AUDIENCE")
        return self

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
    def tracked_days_kept(self) -> int:
        """How long tracked executions are kept; never less than a day may be loaded again."""
        return max(self.tracked_days, self.retention_days + self.open_days)

    @cached_property
    def sources_path(self) -> Path:
        """The sources file that is looked for, whether or not it exists."""
        return self.sources_file or self.home / "sources.yaml"


def read_settings() -> Settings:
    """Read the settings from the environment and `.env`.

    Raises:
        UsageError: a variable holds a value that is not allowed.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "USAGE_" + "_".join(str(part) for part in first["loc"]).upper()
        reason = str(first["msg"]).removeprefix("Value error, ")
        if not first["loc"]:
            raise UsageError(f"{reason}.") from None
        raise UsageError(f"{name} is not valid: {reason}.") from None
