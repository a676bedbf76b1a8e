"""The workflows and users of a generated history.

How popular, fast, dear and reliable each workflow is; how busy each user is, what each likes, who
comes and goes.

Workflow number 0 is the most popular. Everything here is drawn once, for all days.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from usage_pipeline.synthetic.columns import uuid_text
from usage_pipeline.synthetic.model import GeneratorConfig, Purpose, stream
from usage_pipeline.synthetic.names import (
    ERROR_MESSAGES,
    new_name,
    slug,
    user_names,
    workflow_names,
)
from usage_pipeline.synthetic.starts import Ints, Mask

Floats = npt.NDArray[np.float64]

NEVER = 2**31 - 1
_DEGRADED_DAYS = 7
# An abandoned workflow was last used 31 to 41 days before the last day.
_ABANDONED_DAYS_BEFORE_END = (31, 42)


@dataclass(frozen=True, slots=True)
class Workflows:
    """One array entry a workflow. Days are numbered from 0; `NEVER` is a day that never comes."""

    ids: pa.StringArray
    names: tuple[str, ...]
    later_names: dict[int, str]
    renamed_on: int
    cumulative_share: Floats
    last_day: Ints
    fails_more_from: Ints
    slower_from: Ints
    failure_rate: Floats
    median_ms: Floats
    spread: Floats
    cost_median: Floats  # millionths a second; 0 = costs nothing
    input_median: Floats  # bytes; 0 = no sizes known
    output_ratio: Floats
    api_share: Floats
    usual_error: Ints

    @property
    def lasting(self) -> Mask:
        """Those that are not abandoned."""
        lasting: Mask = self.last_day == NEVER
        return lasting

    def names_on(self, day_index: int) -> list[str]:
        """The names as a source gives them on a day."""
        names = list(self.names)
        if day_index >= self.renamed_on:
            for number, name in self.later_names.items():
                names[number] = name
        return names


def draw_workflows(config: GeneratorConfig) -> Workflows:
    """Draw all workflows of a history."""
    random = stream(config.seed, Purpose.WORKFLOWS)
    count = config.workflows
    share = 1 / np.arange(1, count + 1)
    names = workflow_names(count)
    # One order of all but the three most popular: each fate takes the next few of the more
    # popular half, so that no workflow meets two of them and each is used enough to be seen.
    fates = iter(3 + random.permutation(max(0, (count - 3) // 2)))

    def next_few(wanted: int) -> Ints:
        return np.array([fate for _, fate in zip(range(wanted), fates, strict=False)], dtype=int)

    abandoned = next_few(config.abandoned_workflows if config.days >= 46 else 0)
    last_day = np.full(count, NEVER)
    last_day[abandoned] = (
        config.days - 1 - random.integers(*_ABANDONED_DAYS_BEFORE_END, len(abandoned))
    )
    bad = next_few(config.bad_workflows)
    failure_rate = random.beta(1.2, 25, count)
    failure_rate[bad] = random.uniform(0.33, 0.6, len(bad))
    degraded = config.degraded_workflows if config.days >= 21 else 0
    fails_more_from, slower_from = np.full(count, NEVER), np.full(count, NEVER)
    fails_more_from[next_few(degraded)] = config.days - _DEGRADED_DAYS
    slower_from[next_few(degraded)] = config.days - _DEGRADED_DAYS
    renamed = next_few(config.renamed_workflows)
    return Workflows(
        ids=_workflow_ids(config, names),
        names=tuple(names),
        later_names={
            int(number): new_name(names[number], turn) for turn, number in enumerate(renamed)
        },
        renamed_on=config.days // 2,
        cumulative_share=np.cumsum(share) / share.sum(),
        last_day=last_day,
        fails_more_from=fails_more_from,
        slower_from=slower_from,
        failure_rate=failure_rate,
        median_ms=np.exp(random.uniform(np.log(2_000), np.log(900_000), count)),
        spread=random.uniform(0.3, 0.8, count),
        cost_median=np.where(random.random(count) < 0.7, random.lognormal(3, 1, count), 0),
        input_median=np.where(random.random(count) < 0.8, random.lognormal(10, 2, count), 0),
        output_ratio=random.lognormal(-0.5, 1, count),
        api_share=np.where(random.random(count) < 0.25, random.uniform(0.3, 0.9, count), 0.04),
        usual_error=random.integers(0, len(ERROR_MESSAGES), count),
    )


def _workflow_ids(config: GeneratorConfig, names: list[str]) -> pa.StringArray:
    if config.readable_ids:
        return pa.array([slug(name) for name in names], pa.string())
    return uuid_text(stream(config.seed, Purpose.WORKFLOW_IDS), config.workflows)


FAVOURITES = 8
_FAVOURITE_DRAWS = 20
# Who leaves does so in a history of at least 46 days: used for 10 days, then not for 32.
_DAYS_BEFORE_LEAVING = 10
_DAYS_AFTER_LEAVING = 32


@dataclass(frozen=True, slots=True)
class Users:
    """One array entry a user. Days are numbered from 0.

    `favourites` has a row of `FAVOURITES` workflows a user, the dearest first. `leaver` are the
    users who stop using their dearest workflow after `leaver_last_day`, `lasting` those of the
    first day who stay for good.
    """

    ids: pa.StringArray
    weight: npt.NDArray[np.float64]
    first_day: Ints
    last_day: Ints
    hours_later: Ints
    favourites: Ints
    leaver: Ints
    leaver_last_day: Ints
    lasting: Ints


def draw_users(config: GeneratorConfig, workflows: Workflows) -> Users:
    """Draw all users of a history."""
    random = stream(config.seed, Purpose.USERS)
    count = config.users
    weight = random.lognormal(0, 0.7, count)
    joins = random.random(count) < config.joining_share
    first_day = np.where(joins, random.integers(0, config.days, count), 0)
    favourites = _draw_favourites(random, count, workflows)
    founders = random.permutation(np.flatnonzero(first_day == 0))
    # Only the busier half leaves: of the others nobody would notice.
    busy = founders[weight[founders] >= np.median(weight)]
    can_leave = config.days >= 46
    leaving = busy[: config.users_leaving if can_leave else 0]
    # Who leaves a workflow that everyone leaves would prove nothing.
    staying = busy[len(leaving) :]
    staying = staying[workflows.lasting[favourites[staying, 0]]]
    leaver = staying[: config.users_leaving_workflow if can_leave else 0]
    last_day = np.full(count, NEVER)
    last_day[leaving] = _leaving_days(random, config, len(leaving))
    return Users(
        ids=_user_ids(config),
        weight=weight,
        first_day=first_day,
        last_day=last_day,
        hours_later=random.integers(-2, 3, count),
        favourites=favourites,
        leaver=leaver,
        leaver_last_day=_leaving_days(random, config, len(leaver)),
        lasting=np.setdiff1d(founders, np.concatenate([leaving, leaver]), assume_unique=True),
    )


def _leaving_days(random: np.random.Generator, config: GeneratorConfig, count: int) -> Ints:
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    return random.integers(_DAYS_BEFORE_LEAVING, config.days - _DAYS_AFTER_LEAVING, count)


def _draw_favourites(random: np.random.Generator, count: int, workflows: Workflows) -> Ints:
    """The first few different workflows of each user's draws, by popularity."""
    uniform = random.random((count, _FAVOURITE_DRAWS))
    drawn = np.searchsorted(workflows.cumulative_share, uniform, side="right")
    drawn = np.minimum(drawn, len(workflows.names) - 1)
    repeated = np.zeros(drawn.shape, dtype=bool)
    for column in range(1, _FAVOURITE_DRAWS):
        repeated[:, column] = (drawn[:, :column] == drawn[:, column : column + 1]).any(axis=1)
    order = np.argsort(repeated, axis=1, kind="stable")[:, :FAVOURITES]
    return np.take_along_axis(drawn, order, axis=1)


def _user_ids(config: GeneratorConfig) -> pa.StringArray:
    if config.readable_ids:
        return pa.array(user_names(config.users), pa.string())
    return uuid_text(stream(config.seed, Purpose.USER_IDS), config.users)
