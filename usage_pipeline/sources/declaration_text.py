"""The text of a sources file: YAML or TOML into lists and tables.

`config` says what they may declare.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from usage_pipeline.errors import UsageError


class _YamlLoader(yaml.SafeLoader):
    """YAML 1.2's booleans: on, off, yes and no are words, as statuses and triggers may be."""


_YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_YamlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def parsed(path: Path) -> Any:
    """The content of a YAML or TOML file.

    Raises:
        UsageError: it is not there, or is neither.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".toml":
            return tomllib.loads(text)
        return yaml.load(text, _YamlLoader)  # noqa: S506 - a safe loader
    except FileNotFoundError:
        raise UsageError(f"There is no sources file {path}.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} cannot be read as a sources file: {reason}") from None
