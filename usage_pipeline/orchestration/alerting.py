"""Telling somebody that a run failed: what is said, and by which ways. No Dagster here.

A new way is a class with `notify`, added to `notifiers`.
"""

import json
import logging
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from http.client import HTTPException
from typing import Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from pydantic import SecretStr

_log = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Failure:
    """A run that failed.

    Attributes:
        job: the job's name.
        run_id: Dagster's id of the run.
        days: the days it was for, in order; none for a run of no day.
        reasons: one sentence per failed step.
    """

    job: str
    run_id: str
    days: Sequence[date]
    reasons: Sequence[str]

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        span = ""
        if self.days:
            first, last = self.days[0], self.days[-1]
            span = f" for {first}" if first == last else f" for {first} to {last}"
        reasons = " ".join("; ".join(self.reasons).split()) or "the run ended without a reason"
        return f"{self.job}{span} failed: {reasons} (run {self.run_id})"


class Notifier(Protocol):
    """A way of telling somebody. It must not raise: the other ways come after it."""

    def notify(self, failure: Failure) -> None:
        """Tell of one failed run."""


class LogNotifier:
    """Writes one line to the log."""

    def notify(self, failure: Failure) -> None:
        """Log the failure."""
        _log.error("%s", failure.sentence)


class WebhookNotifier:
    """Sends JSON by POST: `text` for people (as chat services expect it), the rest for programs."""

    def __init__(self, url: SecretStr, timeout: float = _TIMEOUT_SECONDS) -> None:
        """Send to `url`, waiting at most `timeout` seconds for each answer."""
        self._url = url
        self._timeout = timeout

    def notify(self, failure: Failure) -> None:
        """Send the failure once; when that does not work, log so."""
        body = {
            "text": failure.sentence,
            "job": failure.job,
            "run_id": failure.run_id,
            "days": [day.isoformat() for day in failure.days],
            "reasons": list(failure.reasons),
        }
        url = self._url.get_secret_value()
        try:
            # The setting allows http and https only.
            request = urllib.request.Request(  # noqa: S310
                url,
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json", "User-Agent": "usage-pipeline"},
                method="POST",
            )
            with urllib.request.urlopen(request, timeout=self._timeout):  # noqa: S310
                pass
        except (OSError, HTTPException, ValueError) as error:
            # Only the host: the rest of a webhook's URL is mostly a secret.
            _log.error(
                "the alert webhook at %s failed (%s): run %s is not announced there",
                urlsplit(url).hostname,
                _reason(error),
                failure.run_id,
            )


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP status {error.code}"
    if isinstance(error, URLError):
        return str(error.reason)
    return type(error).__name__


def notifiers(webhook_url: SecretStr | None) -> list[Notifier]:
    """The ways in use: always the log, the webhook when there is one."""
    ways: list[Notifier] = [LogNotifier()]
    if webhook_url is not None:
        ways.append(WebhookNotifier(webhook_url))
    return ways
