"""Secrets of a declaration: from the environment or files, and kept out of every message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from usage_pipeline.errors import InputError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_USER_INFO = re.compile(r"//[^/@\s]*@")
# The text before and after a variable that stands in the user info of an address.
_BEFORE, _AFTER = re.compile(r"://[^/?#@]*$"), re.compile(r"[^/?#@]*@")
_DELIMITERS = re.compile(r"[:/?#@\s]+")
_HIDDEN = "***"
# Container platforms mount secrets as files, and name a variable like this for each.
_FILE = "_FILE"
_SHORTEST_PIECE = 3


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

        A user or a password of an address is percent-encoded, so that it may hold any character.

        Raises:
            InputError: a variable is not set, or the file that holds its value cannot be read.
        """

        def value(variable: re.Match[str]) -> str:
            secret = self._value(variable[1])
            self._note(secret)
            before, after = text[: variable.start()], text[variable.end() :]
            is_user_info = _BEFORE.search(before) and _AFTER.match(after)
            return quote(secret, safe="") if is_user_info else secret

        filled = _VARIABLE.sub(value, text)
        self._note_password(filled)
        return filled

    def _value(self, name: str) -> str:
        """A variable's value; without it that of the file which the variable `NAME_FILE` names."""
        if self.environment.get(name):
            return self.environment[name]
        path = self.environment.get(name + _FILE)
        if not path:
            raise InputError(
                f"The source {self.source!r} needs the environment variable {name}, which is not "
                f"set: set it, or {name}{_FILE} to a file that holds its value."
            )
        try:
            secret = Path(path).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise InputError(
                f"The source {self.source!r} needs the file of {name}{_FILE}, {path}, which "
                f"cannot be read ({reason})."
            ) from None
        if not secret:
            raise InputError(
                f"The source {self.source!r} needs the file of {name}{_FILE}, {path}, which is "
                "empty."
            )
        return secret

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
        self._note(value)
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
        _, _, address = url.partition("://")
        password = address.rpartition("@")[0].partition(":")[2]
        self._note(password)
        # A driver that splits the address elsewhere names pieces of the password as host or port.
        # Shorter pieces tell nothing, and would be taken for parts of words.
        for piece in _DELIMITERS.split(password):
            if len(piece) >= _SHORTEST_PIECE:
                self._note(piece)

    def _note(self, secret: str) -> None:
        # Messages are shown in one line: a secret is looked for as it stands there.
        forms = (secret, quote(secret, safe=""), unquote(secret))
        self._values |= {" ".join(form.split()) for form in forms} - {""}
