"""Bearer tokens of end users: JWTs of one OpenID Connect issuer, checked against its keys."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import jwt

from usage_pipeline.api.errors import ProblemError

_log = logging.getLogger(__name__)

# Signatures with a secret that both sides know are not among them: the issuer's keys are public.
_ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
_CLOCK_TOLERANCE_SECONDS = 30
_TIMEOUT_SECONDS = 5
# While the issuer is away, callers are told so at once instead of each waiting for it in a thread.
_AWAY_SECONDS = 5.0
# Keys are asked for again so often: one that the issuer withdraws is soon not trusted.
_KEYS_SECONDS = 300.0
# For so long the last keys do while the issuer does not answer: an outage, not a change of owner.
_KEYS_LAST_SECONDS = 6 * 3600.0
# A signature takes longer to check than most answers to read.
_REMEMBERED_SECONDS = 5.0
_REMEMBERED_TOKENS = 10_000
_SCOPE_PREFIX = "workflow-usage:"


@dataclass(frozen=True)
class TokenUser:
    """Whom a valid token speaks for, what it allows beyond that, and until when (Unix time)."""

    user: str
    scopes: frozenset[str]
    valid_until: float


class _Keys(jwt.PyJWKClient):
    """The issuer's keys, of which the last ones do while it is away."""

    def __init__(self, uri: str) -> None:
        """Fetch from this address, when first needed."""
        super().__init__(uri, lifespan=_KEYS_SECONDS, timeout=_TIMEOUT_SECONDS)
        self._last: dict[str, Any] | None = None
        self._fetched_at = 0.0
        self._away_until = 0.0

    def fetch_data(self) -> Any:
        """The set of keys, as the issuer answers, or as it last did.

        Raises:
            jwt.PyJWKClientConnectionError: it does not answer, and has not for hours.
        """
        now = time.monotonic()
        is_kept = self._last is not None and now - self._fetched_at < _KEYS_LAST_SECONDS
        if is_kept and now < self._away_until:
            return self._last
        try:
            self._last = super().fetch_data()
        except jwt.PyJWKClientConnectionError as error:
            if not is_kept:
                raise
            _log.warning("%s does not answer, its last keys do: %s", self.uri, error)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return self._last
        self._fetched_at = now
        return self._last


class Tokens:
    """Checks tokens; the issuer's keys are fetched when first needed and kept."""

    def __init__(self, issuer: str, audience: str, user_claim: str) -> None:
        """Trust one issuer's tokens for one audience."""
        self._issuer = issuer
        self._audience = audience
        self._claim = user_claim
        self._keys: _Keys | None = None
        self._away_until = 0.0
        self._remembered: dict[str, tuple[float, TokenUser]] = {}

    async def check(self, token: str) -> TokenUser | None:
        """Whom a token speaks for; None when it is not valid.

        Raises:
            ProblemError: the issuer's keys cannot be fetched.
        """
        entry = self._remembered.get(token)
        if entry is not None and entry[0] > time.monotonic():
            return entry[1]
        if time.monotonic() < self._away_until:
            raise _issuer_away()
        # Fetching keys blocks; so it happens beside the requests.
        identity = await asyncio.to_thread(self._check, token)
        if identity is not None:
            if len(self._remembered) >= _REMEMBERED_TOKENS:
                self._remembered.clear()
            seconds = min(_REMEMBERED_SECONDS, identity.valid_until - time.time())
            self._remembered[token] = (time.monotonic() + seconds, identity)
        return identity

    def _check(self, token: str) -> TokenUser | None:
        try:
            client = self._client()
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise self._away(error) from None
        try:
            key = client.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                leeway=_CLOCK_TOLERANCE_SECONDS,
                options={"require": ["exp", "iss", "aud", self._claim]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise self._away(error) from None
        except jwt.PyJWTError:
            return None
        except ValueError:
            # The issuer's keys or the token are malformed; no token may keep the others out.
            raise _issuer_away() from None
        user = claims[self._claim]
        if not isinstance(user, str) or not user:
            return None
        scopes = frozenset({"track", "read:self"}) | _granted(claims)
        return TokenUser(user, scopes, int(claims["exp"]) + _CLOCK_TOLERANCE_SECONDS)

    def _away(self, error: Exception) -> ProblemError:
        _log.warning("the issuer %s cannot be asked for its keys: %s", self._issuer, error)
        self._away_until = time.monotonic() + _AWAY_SECONDS
        return _issuer_away()

    def _client(self) -> _Keys:
        if self._keys is None:
            address = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
            configuration = httpx.get(address, timeout=_TIMEOUT_SECONDS).raise_for_status().json()
            keys = str(configuration["jwks_uri"])
            if urlsplit(keys).scheme not in ("https", urlsplit(self._issuer).scheme):
                raise ValueError("its jwks_uri is no https URL")
            self._keys = _Keys(keys)
        return self._keys


def _issuer_away() -> ProblemError:
    return ProblemError(
        503, "The issuer of tokens does not answer: try again soon.", {"Retry-After": "5"}
    )


def _granted(claims: dict[str, Any]) -> frozenset[str]:
    """The scopes of ours that the issuer put into the token."""
    scope = claims.get("scope", claims.get("scp", ""))
    words = scope.split() if isinstance(scope, str) else scope if isinstance(scope, list) else []
    return frozenset(
        str(word).removeprefix(_SCOPE_PREFIX)
        for word in words
        if str(word).startswith(_SCOPE_PREFIX)
    ) & {"track", "read:self", "read:all", "admin"}
