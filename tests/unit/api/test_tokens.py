"""Bearer tokens while their issuer is away."""

import httpx
import pytest

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
