"""Systems that answer over HTTP: one client for each source, which is patient within limits.

A busy or absent system is asked again; what it answers in the end is JSON or one clear sentence.
How answers are paged stands in `pages`; what they mean stands in the module of each system.
"""

import logging
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self

import httpx
import stamina

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.formats.json_columns import parse
from usage_pipeline.sources.systems.credentials import Credentials

_log = logging.getLogger(__name__)

_ATTEMPTS: Final = 6
_FIRST_WAIT, _LAST_WAIT = 0.5, 30.0
# The limits of an hour, such as GitHub's, are over after an hour; nobody waits longer.
_LONGEST_WAIT: Final = 3_700.0
_TIMES: Final = httpx.Timeout(60, connect=10)
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHOWN: Final = 200


@dataclass(frozen=True)
class Answer:
    """The answer of a system: JSON, its numbers as text (see `json_columns`).

    Attributes:
        body: the JSON.
        next_link: the address of the next page by its `Link` header, if there is one.
    """

    body: Any
    next_link: str | None = None

    def rows(self, member: str | None = None) -> list[dict[str, Any]]:
        """The objects of a list: of the body, or of a member of it; other things are left out."""
        listed = self.get(member) if member is not None else self.body
        return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []

    def get(self, member: str) -> Any:
        """A member of the body, None where it has none."""
        return self.body.get(member) if isinstance(self.body, dict) else None


class System:
    """A system, for as long as one source asks it. Use it as a context manager."""

    def __init__(
        self,
        config: SourceConfig,
        credentials: Credentials,
        *,
        title: str,
        usual_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        token_header: tuple[str, str] = ("Authorization", "Bearer "),
    ) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            config: the source: its url, and its token or its user and password.
            credentials: the source's secrets.
            title: the system's name, for messages.
            usual_url: its address if the declaration has none.
            headers: what to send with every request.
            auth: who asks, where that is not by token, or by user and password.
            token_header: the header that takes the token, and what stands before the token.

        Raises:
            InputError: the address or a secret cannot be one.
        """
        self.source = config.name
        self.title = title
        self._hide = credentials.hide
        url = credentials.fill(config.url or usual_url or "").rstrip("/")
        sent = {"Accept": "application/json", **(headers or {})}
        if config.token is not None:
            sent[token_header[0]] = token_header[1] + credentials.secret(config.token, "token")
        if auth is None and config.user is not None:
            auth = httpx.BasicAuth(
                credentials.fill(config.user),
                credentials.secret(config.password or "", "password"),
            )
        try:
            self._client = httpx.Client(
                base_url=url,
                headers=sent,
                auth=auth,
                timeout=_TIMES,
                follow_redirects=True,
                event_hooks={"request": [self._check_host]},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise self.error(f"has a url that cannot be one: {error}") from None

    def __enter__(self) -> Self:
        """Begin to ask."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self._client.close()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Ask by GET: a path under the source's url, or the address of a next page.

        Raises:
            InputError: the system does not answer, or refuses.
        """
        return self.ask("GET", path, parameters=parameters)

    def post(self, path: str, body: Any) -> Answer:
        """Ask by POST, for a filter or a query in JSON: nothing may be changed by it.

        Raises:
            InputError: as `get`.
        """
        return self.ask("POST", path, body=body)

    def ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        body: Any = None,
        allowed: Sequence[int] = (),
    ) -> Answer:
        """Ask, and again where the system is busy or away.

        Args:
            method: of HTTP.
            path: a path under the source's url, or a whole address of the same host.
            parameters: of the query; a list is a parameter for each of its values.
            body: what to send as JSON.
            allowed: statuses of refusal that are an answer, whose body is None.

        Raises:
            InputError: the system does not answer, or refuses.
        """
        request = self._request(method, path, parameters, body)
        try:
            for attempt in stamina.retry_context(
                on=self._wait_before_again,
                attempts=_ATTEMPTS,
                timeout=None,
                wait_initial=_FIRST_WAIT,
                wait_max=_LAST_WAIT,
            ):
                with attempt:
                    response = self._client.send(request)
                    if response.status_code not in allowed:
                        response.raise_for_status()
        except httpx.HTTPStatusError as refused:
            raise self._refusal(refused.response) from None
        except (httpx.HTTPError, ssl.SSLError) as error:
            reason = str(error) or type(error).__name__
            raise self.error(f"does not answer at {self._address(request.url)}: {reason}") from None
        if response.is_error:
            return Answer(None)
        try:
            return Answer(parse(response.text), response.links.get("next", {}).get("url"))
        except (ValueError, RecursionError):
            raise self.error(
                f"answers at {self._address(request.url)} with something that is not JSON: check "
                "the url, and whether a page to sign in is in between"
            ) from None

    def error(self, what: str) -> InputError:
        """An error in one sentence: the system of this source, and what it does."""
        return InputError(
            self._hide(f"The {self.title} of the source {self.source!r} {what}").rstrip(".") + "."
        )

    def _request(
        self, method: str, path: str, parameters: Mapping[str, Any] | None, body: Any
    ) -> httpx.Request:
        try:
            request = self._client.build_request(method, path, params=parameters, json=body)
        except (httpx.InvalidURL, ValueError) as error:
            raise self.error(f"has an address that cannot be one: {error}") from None
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise self.error("has a url that cannot be one: write https://HOST")
        return request

    def _check_host(self, request: httpx.Request) -> None:
        # Whoever gets a request gets the token with it: also the target of a redirect or a link.
        base, url = self._client.base_url, request.url
        if (url.scheme, url.netloc) != (base.scheme, base.netloc):
            there = f"{url.scheme}://{url.host}"
            raise self.error(f"sends its reader on to {there}: if that is right, make it the url")

    def _wait_before_again(self, error: Exception) -> bool | float:
        """Whether to ask again, and after how long where the system says so."""
        if isinstance(error, httpx.TransportError):
            return not isinstance(error, httpx.UnsupportedProtocol)
        if not isinstance(error, httpx.HTTPStatusError):
            return False
        response = error.response
        wait = seconds_to_wait(response.headers, datetime.now(UTC))
        if response.status_code not in _BUSY and not (
            response.status_code == 403 and wait is not None
        ):
            return False
        if wait is None:
            return True
        if wait > _LONGEST_WAIT:
            return False
        if wait > _LAST_WAIT:
            _log.warning("%s of %s asks to wait for %.0f s", self.title, self.source, wait)
        return wait

    def _refusal(self, response: httpx.Response) -> InputError:
        status, address = response.status_code, self._address(response.url)
        wait = seconds_to_wait(response.headers, datetime.now(UTC))
        reason = f" ({words})" if (words := _words(response)) else ""
        if status == 401:
            return self.error(
                "does not know who asks (401): its token or password is wrong or has expired; put "
                "a new one into the environment"
            )
        if status in (403, 429) and wait:
            return self.error(
                f"has been asked too often and wants a pause of {wait:,.0f} s: load again later"
            )
        if status == 403:
            return self.error(
                f"may not be read with its token or user at {address} (403){reason}: allow it "
                "to read"
            )
        if status == 404:
            return self.error(f"has nothing at {address} (404){reason}: check what it declares")
        if status in _BUSY:
            return self.error(f"keeps answering {status} at {address}{reason}: load again later")
        return self.error(f"refuses what it is asked at {address} ({status}){reason}")

    def _address(self, url: httpx.URL) -> str:
        return str(url.copy_with(query=None, userinfo=b""))


def seconds_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long a system asks to be left alone: `Retry-After`, or a limit that is used up."""
    after = headers.get("retry-after")
    if after is not None:
        try:
            return max(float(after), 0.0) if after.strip().isdecimal() else _until(after, now)
        except (ValueError, TypeError):
            return None
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(float(reset) - now.timestamp(), 0.0) + 1
    return None


def _until(moment: str, now: datetime) -> float:
    at = parsedate_to_datetime(moment)
    return max((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds(), 0.0)


def _words(response: httpx.Response) -> str:
    """The text of a refusal, cut off."""
    try:
        problem = Answer(response.json())
    except (ValueError, RecursionError):
        return ""
    words = problem.get("message") or problem.get("detail") or problem.get("title")
    return words[:_SHOWN].rstrip(".") if isinstance(words, str) else ""
