"""The items of a request's body. One that cannot be read never keeps the others from being read.

JSON that is whole can still hold what Python refuses: whole numbers of thousands of digits, and
values nested thousands deep. Only the item that holds one is lost.
"""

import json
import math
import re
from typing import Any, Final

from usage_pipeline.api.errors import ProblemError
from usage_pipeline.api.tracking.rows import MOST_ITEMS, TOO_DEEP

_NOT_JSON = "The body is not JSON."
# Python turns no longer ones into a number, and no field has room for one.
_MOST_DIGITS: Final = 400
# An item holds plain values; what nests deeper than this is no value of a field.
_DEEPEST: Final = 20
# Where items stand: in the list of the body, or as the body.
_ITEM_DEPTH: Final = 3
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def items_of(body: bytes) -> list[Any]:
    """The items of a body, each as it was sent.

    Raises:
        ProblemError: the body is not an item or a list of items.
    """
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
    except ValueError:
        raise ProblemError(422, _NOT_JSON) from None
    try:
        content = _read(text)
    except RecursionError:
        content = _read(_flattened(text))
        if isinstance(content, dict) and "executions" not in content:
            return [TOO_DEEP]
    if not isinstance(content, dict):
        raise ProblemError(422, 'The body must be an item, or {"executions": [items]}.')
    if "executions" not in content:
        return [content]
    items = content["executions"]
    if not isinstance(items, list):
        raise ProblemError(422, "executions must be a list of items.")
    if len(items) > MOST_ITEMS:
        raise ProblemError(422, f"executions has more than {MOST_ITEMS:,} items: split it.")
    return items


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_whole_number)
    except ValueError:
        raise ProblemError(422, _NOT_JSON) from None


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def _flattened(text: str) -> str:
    """The text with `TOO_DEEP` in place of each item that nests too deep.

    Raises:
        ProblemError: brackets do not match.
    """
    parts: list[str] = []
    depth = deepest = copied = start = 0
    for token in _TOKEN.finditer(text):
        if token[0] in ("[", "{"):
            depth += 1
            if depth == _ITEM_DEPTH:
                start, deepest = token.start(), depth
            deepest = max(deepest, depth)
        elif token[0] in ("]", "}"):
            if depth == _ITEM_DEPTH and deepest > _DEEPEST:
                parts += [text[copied:start], json.dumps(TOO_DEEP)]
                copied = token.end()
            depth -= 1
    if depth:
        raise ProblemError(422, _NOT_JSON)
    return "".join([*parts, text[copied:]])
