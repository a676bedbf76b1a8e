"""All tests in a browser, as one module: one worker fills one demo warehouse for all of them."""

from tests.dashboard.accessibility import *  # noqa: F403
from tests.dashboard.analyst_journey import *  # noqa: F403
from tests.dashboard.closing import *  # noqa: F403
from tests.dashboard.definitions import *  # noqa: F403
from tests.dashboard.numbers import *  # noqa: F403
from tests.dashboard.strangers import *  # noqa: F403
from tests.dashboard.user_journey import *  # noqa: F403
