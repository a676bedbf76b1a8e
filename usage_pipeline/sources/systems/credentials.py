"""Secrets of a declaration: filled in from the environment, and kept out of every message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from usage_pipeline.errors import InputError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_USER_INFO = re.compile(r"//[^/@\s]*@")
_HIDDEN = "***"


@dataclass
class Credentials:
    """The secrets of one source.

    Attributes:
        source: the source's name, for messages.
        environment: the variables that a declaration may name.
    """

    source: str
    environment: Mapping[str, str]
    _values: set[str] = field(default_factory=set, repr=False)

    def fill(self, text: str) -> str:
        """A text of the declaration with the values of its variables.

        Raises:
            InputError: a variable is not set.
        """

        def value(variable: re.Match[str]) -> str:
            name = variable[1]
            if not self.environment.get(name):
                raise InputError(
                    f"The source {self.source!r} needs the environment variable {name}, which is "
                    "not set."
                )
            self._values.add(self.environment[name])
            return self.environment[name]

        filled = _VARIABLE.sub(value, text)
        self._note_password(filled)
        return filled

    def secret(self, text: str, key: str) -> str:
        """A token or password, filled in and never shown.

        Args:
            text: the value in the declaration.
            key: the key that holds it, for messages.

        Raises:
            InputError: a variable is not set, or its value cannot be sent.
        """
        # A file that a secret was copied from often ends with a line break.
        value = self.fill(text).strip()
        self._values |= {value} - {""}
        if not value.isascii() or not value.isprintable():
            raise InputError(
                f"The {key} of the source {self.source!r} holds a character that no {key} has, "
                "such as a line break: copy it again."
            )
        return value

    def hide(self, message: str) -> str:
        """A message in one line, without any secret that was filled in."""
        shown = " ".join(message.split())
        for value in sorted(self._values, key=len, reverse=True):
            shown = shown.replace(value, _HIDDEN)
        return _USER_INFO.sub(f"//{_HIDDEN}@", shown)

    def _note_password(self, url: str) -> None:
        try:
            password = urlsplit(url).password if "://" in url else None
        except ValueError:
            return
        if password:
            self._values |= {password, unquote(password)}
