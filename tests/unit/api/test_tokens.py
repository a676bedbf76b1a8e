"""Bearer tokens while their issuer is away."""

import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.loops import run
from usage_pipeline.api.auth import tokens
from usage_pipeline.api.auth.tokens import Tokens, TokenUser
from usage_pipeline.api.errors import ProblemError


def test_an_issuer_that_is_away_is_not_waited_for_by_every_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def away(url: str, timeout: float) -> httpx.Response:
        asked.append(url)
        raise httpx.ConnectTimeout("no answer")

    monkeypatch.setattr(tokens.httpx, "get", away)
    checked = Tokens("https://issuer.example", "usage", "sub")

    def refused() -> int:
        with pytest.raises(ProblemError, match="The issuer of tokens does not answer") as caught:
            run(checked.check("a.b.c"))
        return caught.value.status_code

    assert [refused() for _ in range(5)] == [503] * 5
    assert len(asked) == 1
    monkeypatch.setattr(checked, "_away_until", 0.0)
    assert refused() == 503
    assert len(asked) == 2


def test_a_token_is_checked_once_in_some_seconds_and_not_remembered_beyond_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_000_000.0
    checked: list[str] = []
    remembering = Tokens("https://issuer.example", "usage", "sub")

    def check(token: str) -> TokenUser | None:
        checked.append(token)
        return None if token == "wrong" else TokenUser("ana", frozenset(), now + 2)

    monkeypatch.setattr(remembering, "_check", check)
    monkeypatch.setattr(tokens.time, "time", lambda: now)
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
    users = [run(remembering.check(token)) for token in ("right", "right", "wrong", "wrong")]
    assert [user and user.user for user in users] == ["ana", "ana", None, None]
    assert checked == ["right", "wrong", "wrong"]
    now += 2
    run(remembering.check("right"))
    assert checked[3:] == ["right"]


class _Issuer:
    """An issuer with one key, which can be away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.is_away = False
        self.asked = 0
        self.now = time.monotonic()
        answer = httpx.Response(
            200, json={"jwks_uri": "https://issuer.example/keys"}, request=httpx.Request("GET", "/")
        )
        monkeypatch.setattr(tokens.httpx, "get", lambda *_, **__: answer)
        monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda _: self._keys())
        monkeypatch.setattr(tokens.time, "monotonic", lambda: self.now)

    def _keys(self) -> Any:
        self.asked += 1
        if self.is_away:
            raise jwt.PyJWKClientConnectionError("timed out")
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "first", "use": "sig"}]}

    def token(self, kid: str = "first") -> str:
        claims = {
            "iss": "https://issuer.example", "aud": "usage", "sub": "ana", "n": self.now,
            "exp": time.time() + 3600,
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": kid})


def test_the_last_keys_do_while_the_issuer_is_away_for_some_hours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issuer = _Issuer(monkeypatch)
    checked = Tokens("https://issuer.example", "usage", "sub")

    def user() -> str | None:
        answer = run(checked.check(issuer.token()))
        return answer and answer.user

    assert user() == "ana"
    issuer.is_away = True
    issuer.now += 3_600
    assert user() == "ana"
    # Nobody waits for it again within some seconds, whatever key a token names.
    before = issuer.asked
    for kid in ("unknown", "other"):
        issuer.now += 0.1
        assert run(checked.check(issuer.token(kid))) is None
    assert issuer.asked == before
    issuer.now += 6 * 3_600
    with pytest.raises(ProblemError, match="The issuer of tokens does not answer"):
        user()
    issuer.is_away = False
    issuer.now += 60
    assert user() == "ana"
