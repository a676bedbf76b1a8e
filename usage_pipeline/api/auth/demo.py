"""Demo mode: until there is a first key, a caller on this machine need not say who they are."""

import time

from usage_pipeline.api.auth.keys import Keys

_REMEMBERED_SECONDS = 1.0


class Demo:
    """Whether everybody may call: from the start of the server until there is a first key."""

    def __init__(self, keys: Keys, *, is_open: bool) -> None:
        """Begin open or closed; what is closed stays so."""
        self._keys = keys
        self._is_open = is_open
        self._sure_until = 0.0

    async def is_open(self) -> bool:
        """Whether everybody may call. A first key closes it within a second."""
        if self._is_open and self._sure_until <= time.monotonic():
            asked = time.monotonic()
            if await self._keys.is_any():
                self._is_open = False
            self._sure_until = asked + _REMEMBERED_SECONDS
        return self._is_open
