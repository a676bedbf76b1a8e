"""The settings of the HTTP API and of who may call it: part of `settings.Settings`."""

import re
from typing import ClassVar, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class ApiSettings(BaseModel):
    """Where the API listens, whom it serves and how much."""

    # USAGE_API_URL and USAGE_API_KEY are the client's.
    model_config = ConfigDict(frozen=True, extra="ignore")

    # How many reported executions may wait to be written. More are answered 503, so that a slow
    # warehouse does not fill the memory; callers keep what was refused and send it again.
    track_buffer: ClassVar[int] = 50_000

    host: str = Field(
        default="127.0.0.1",
        description="The address the HTTP API listens on. Other than loopback only with API keys "
        "or `USAGE_OIDC_ISSUER`.",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="The port of the HTTP API.")
    cors_origins: str = Field(
        default="",
        description="The origins whose pages may call the API, separated by commas; `*` for all.",
    )
    rate_limit: str = Field(
        default="6000/minute",
        description="How many requests one key or user may make, such as `100/second`.",
    )
    pool_size: int = Field(
        default=10, ge=2, description="How many connections to the warehouse the API holds."
    )
    base_path: str = Field(
        default="",
        description="The path below which a proxy serves the API and the dashboard, such as "
        "`/usage`. The proxy may forward it or cut it off.",
    )
    id_namespace: str = Field(
        default="tracked",
        min_length=1,
        description="The namespace in which the API maps user and workflow ids that are not UUIDs; "
        "use a source's name (or its `id_namespace`) to share its ids.",
    )

    @property
    def origins(self) -> list[str]:
        """The origins whose pages may call."""
        return [each.strip() for each in self.cors_origins.split(",") if each.strip()]

    @field_validator("base_path")
    @classmethod
    def _base_path(cls, text: str) -> str:
        path = text.rstrip("/")
        if not re.fullmatch(r"(/[\w.~-]+)*", path, re.ASCII):
            raise ValueError("write it like /usage, or leave it empty")
        return path

    @field_validator("rate_limit")
    @classmethod
    def _rate_limit(cls, text: str) -> str:
        from limits import parse

        try:
            parse(text)
        except ValueError:
            raise ValueError("write it like 100/second or 6000/minute") from None
        return text


class OidcSettings(BaseModel):
    """The issuer whose tokens the API trusts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str | None = Field(
        default=None,
        description="The issuer of end users' bearer tokens, an https URL. Unset: only API keys.",
    )
    audience: str | None = Field(
        default=None,
        description="The audience those tokens must name. An issuer needs an audience.",
    )
    user_claim: str = Field(
        default="sub", min_length=1, description="The claim of a token that holds the user's id."
    )

    @field_validator("issuer")
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
    def _issuer_with_audience(self) -> Self:
        if self.issuer is not None and not self.audience:
            raise ValueError("USAGE_OIDC_ISSUER needs USAGE_OIDC_AUDIENCE")
        return self
