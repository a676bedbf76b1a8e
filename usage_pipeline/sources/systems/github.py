"""GitHub Actions over its REST API: runs and their earlier attempts, as rows.

docs/sources/github-actions.md. `github_actions` knows what a run means, for exports as well.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.formats.rows import RawRows
from usage_pipeline.sources.github_actions import run_rows
from usage_pipeline.sources.systems.credentials import Credentials
from usage_pipeline.sources.systems.http import System
from usage_pipeline.sources.systems.pages import Row, by_link, in_batches, within
from usage_pipeline.sources.systems.span import Span

_URL: Final = "https://api.github.com"
_HEADERS: Final = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
}
_PAGE_ROWS: Final = 100
# A search ends after so many runs, without a word.
_CEILING: Final = 1_000
# A run keeps the time of its creation when it is run again, for which GitHub allows 30 days.
_LOOK_BACK: Final = timedelta(days=3)
_LONG_LOOK_BACK: Final = timedelta(days=31)
_SUNDAY: Final = 6
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
# How often a list is read anew because it shrank while it was read.
_READINGS: Final = 4


def read_github(config: SourceConfig, span: Span, credentials: Credentials) -> Iterator[RawRows]:
    """The attempts of runs that start in a span.

    Runs that were created up to three days before are looked at for being run again, and once a
    week up to 31 days before.

    Raises:
        InputError: GitHub does not answer, or refuses, or hides runs.
    """
    with System(config, credentials, title="GitHub", usual_url=_URL, headers=_HEADERS) as system:
        runs = (
            attempt
            for repository in _repositories(config, system)
            for run in _runs(system, repository, _created(span), span.end - _SECOND)
            for attempt in _attempts(system, repository, run)
        )
        started = within(span, runs, _start)
        before = 0
        yield run_rows([], before)
        for batch in in_batches(started):
            yield run_rows(batch, before)
            before += len(batch)


def _created(span: Span) -> datetime:
    """Since when runs are looked at that may have been run again in a span."""
    # Days of 23 and 25 hours are days, too; noon is of the same date in every zone.
    days = max(round((span.end - span.start) / _DAY), 1)
    noons = [span.start + _DAY * number + _DAY / 2 for number in range(days)]
    has_sunday = any(noon.weekday() == _SUNDAY for noon in noons)
    return span.start - (_LONG_LOOK_BACK if has_sunday else _LOOK_BACK)


def _repositories(config: SourceConfig, system: System) -> list[str]:
    if config.repositories:
        return list(config.repositories)
    path, parameters = f"/orgs/{config.organisation}/repos", {"type": "all", "per_page": _PAGE_ROWS}
    answers = by_link(system, path, parameters)
    return [str(row.get("full_name")) for answer in answers for row in answer.rows()]


def _runs(system: System, repository: str, first: datetime, last: datetime) -> Iterator[Row]:
    """The runs that were created from `first` to `last`, in halves where there are too many."""
    path = f"/repos/{repository}/actions/runs"
    parameters = {"created": f"{_second(first)}..{_second(last)}", "per_page": _PAGE_ROWS}
    for _ in range(_READINGS):
        answers = by_link(system, path, parameters)
        answer = next(answers)
        count = int(answer.get("total_count") or 0)
        if count > _CEILING:
            yield from _halves(system, repository, first, last)
            return
        runs = {run.get("id"): run for run in answer.rows("workflow_runs")}
        for answer in answers:
            runs |= {run.get("id"): run for run in answer.rows("workflow_runs")}
            count = int(answer.get("total_count") or 0)
        # A run that was deleted meanwhile moves another one over the edge of a page.
        if len(runs) >= count:
            yield from runs.values()
            return
    raise system.error(f"lists other runs of {repository} each time that it is asked")


def _halves(system: System, repository: str, first: datetime, last: datetime) -> Iterator[Row]:
    if last - first < _SECOND:
        raise system.error(
            f"has more than {_CEILING:,} runs of {repository} in the second {_second(first)}, and "
            "shows no more of them"
        )
    middle = first + timedelta(seconds=(last - first) // _SECOND // 2)
    yield from _runs(system, repository, first, middle)
    yield from _runs(system, repository, middle + _SECOND, last)


def _attempts(system: System, repository: str, run: Row) -> Iterator[Row]:
    """A run's attempts, the latest one last; GitHub forgets old ones."""
    path = f"/repos/{repository}/actions/runs/{run.get('id')}/attempts"
    for number in range(1, int(run.get("run_attempt") or 1)):
        answer = system.ask("GET", f"{path}/{number}", allowed=(404,))
        if isinstance(answer.body, dict):
            yield answer.body
    yield run


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _start(run: Row) -> Any:
    return run.get("run_started_at") or run.get("created_at")
