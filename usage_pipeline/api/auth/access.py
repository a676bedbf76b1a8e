"""Who calls, and what they may do: keys, tokens and scopes.

A refusal never tells whether what was asked for exists.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path, Request

from usage_pipeline.api.auth.loopback import is_foreign
from usage_pipeline.api.errors import ProblemError
from usage_pipeline.api.services import Services, services_of
from usage_pipeline.identity import mapped_id
from usage_pipeline.warehouse.people.api_keys import SCOPES

_READING: Final = frozenset({"read:self", "read:all", "admin"})

# How a caller may say who they are, for the description of the API.
SECURITY_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token of your issuer.",
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
}


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Attributes:
        name: what rate limits, logs and idempotency tell callers apart by.
        scopes: what they may do.
        user_id: the person they are, if they are one.
        user_name: what the issuer calls that person.
        is_demo: whether nobody had to say who they are.
    """

    name: str
    scopes: frozenset[str]
    user_id: UUID | None = None
    user_name: str | None = None
    is_demo: bool = False

    def may(self, *scopes: str) -> bool:
        """Whether the caller has one of these scopes. An admin has all."""
        return "admin" in self.scopes or not self.scopes.isdisjoint(scopes)

    def may_read(self, user: UUID) -> bool:
        """Whether the caller may read what is this user's."""
        return self.may("read:all") or (self.may("read:self") and self.user_id == user)

    def may_change(self, user: UUID) -> bool:
        """Whether the caller may change what is this user's."""
        return self.may() or (self.may("read:self") and self.user_id == user)

    def may_track(self, user: UUID) -> bool:
        """Whether the caller may report executions of this user."""
        return self.may("track") and (self.user_id is None or self.user_id == user or self.may())


async def current_caller(request: Request) -> Caller:
    """Who calls; asked and counted once a request.

    Raises:
        ProblemError: nobody we know, or too often.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        caller = request.state.caller = await _identified(request)
    return caller


async def _identified(request: Request) -> Caller:
    services = services_of(request)
    credential = _credential(request)
    if credential is None:
        if "authorization" not in request.headers and await services.demo.is_open():
            if is_foreign(request, services.settings.api.origins):
                raise _forbidden()
            return Caller("demo", frozenset(SCOPES), is_demo=True)
        raise _refused()
    address = request.client.host if request.client else "unknown"
    guesses = f"refused:{address}"
    # Valid keys of an address from which somebody guesses go on; only the guesses are counted.
    is_guessing = services.limits.is_reached(guesses)
    caller = await _caller(services, credential, is_guessing=is_guessing)
    if caller is None:
        services.limits.check(guesses)
        raise _refused()
    services.limits.check(caller.name)
    return caller


def _credential(request: Request) -> str | None:
    """The key or token of a request."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials:
        return credentials.strip()
    return request.headers.get("x-api-key") or None


async def _caller(services: Services, credential: str, *, is_guessing: bool) -> Caller | None:
    if credential.startswith("wu_"):
        key = await services.keys.find(credential, one_at_a_time=is_guessing)
        return None if key is None else Caller(f"key:{key.key_id}", key.scopes, key.user_id)
    if services.tokens is None or credential.count(".") != 2:
        return None
    token = await services.tokens.check(credential)
    if token is None:
        return None
    user = mapped_id("user", token.user, services.id_namespace)
    return Caller(f"user:{user}", token.scopes, user, token.user)


def _refused() -> ProblemError:
    return ProblemError(
        401,
        "Say who you are: Authorization: Bearer, with an API key or a token.",
        {"WWW-Authenticate": "Bearer"},
    )


def _forbidden() -> ProblemError:
    return ProblemError(403, "You may not do this.")


CallerDep = Annotated[Caller, Depends(current_caller)]


def needs(*scopes: str) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency: the caller has one of these scopes."""

    async def check(request: Request) -> Caller:
        caller = await current_caller(request)
        if not caller.may(*scopes):
            raise _forbidden()
        return caller

    return check


_USER = Path(
    description="The user: a UUID, or the id that the source knows the user by.",
    min_length=1,
    max_length=255,
    examples=["9c5b94b1-35ad-49bb-b118-8e8fc24abf80"],
)


async def readable_user(user_id: Annotated[str, _USER], request: Request) -> UUID:
    """The user of the path, whom the caller may read."""
    caller = await current_caller(request)
    user = mapped_id("user", user_id, services_of(request).id_namespace)
    if not caller.may_read(user):
        raise _forbidden()
    return user


async def changeable_user(user_id: Annotated[str, _USER], request: Request) -> UUID:
    """The user of the path, on whose behalf the caller may act."""
    caller = await current_caller(request)
    user = mapped_id("user", user_id, services_of(request).id_namespace)
    if not caller.may_change(user):
        raise _forbidden()
    return user


ReaderCaller = Annotated[Caller, Depends(needs(*_READING))]
ReadableUser = Annotated[UUID, Depends(readable_user)]
ChangeableUser = Annotated[UUID, Depends(changeable_user)]
