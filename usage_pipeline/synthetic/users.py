"""The users of a generated history: how busy each is, what each likes, who comes and goes.

Everything here is drawn once, for all days.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from usage_pipeline.synthetic.columns import uuid_text
from usage_pipeline.synthetic.model import GeneratorConfig, Purpose, stream
from usage_pipeline.synthetic.names import user_names
from usage_pipeline.synthetic.starts import Ints
from usage_pipeline.synthetic.workflows import NEVER, Workflows

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
