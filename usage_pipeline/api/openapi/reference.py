"""The description of the API as a page to read: `/docs`, without a script or another machine.

Made of `/openapi.json`, which says the same to programs, without what no reader needs.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1rem }
h3 { margin: 2.5rem 0 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  padding: .25rem .75rem .25rem 0; text-align: start; vertical-align: top }
pre { overflow-x: auto; padding: .5rem; border: 1px solid color-mix(in srgb, currentColor 25%,
  transparent) }
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# Nothing but this style: no script, image or address of another machine.
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def page(description: dict[str, Any], address: str) -> str:
    """The page.

    Args:
        description: what `/openapi.json` answers.
        address: where the API is, for the lines to copy.
    """
    info = description["info"]
    title = escape(f"{info['title']} {info['version']}")
    return "".join(
        [
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1>",
            f"<p>{escape(info['description'])}</p>",
            '<p>For programs: <a href="openapi.json">openapi.json</a>.</p>',
            *_topics(description, address),
            "<h2>Objects</h2>",
            *_objects(description["components"]["schemas"]),
            "</body></html>\n",
        ]
    )


def _topics(description: dict[str, Any], address: str) -> Iterator[str]:
    topics: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                text = "".join(_operation(method.upper(), path, operation, address))
                topics.setdefault(operation["tags"][0], []).append(text)
    for topic, texts in topics.items():
        yield f"<section><h2>{escape(topic.capitalize())}</h2>"
        yield from texts
        yield "</section>"


def _operation(method: str, path: str, operation: dict[str, Any], address: str) -> Iterator[str]:
    yield f'<h3 id="{escape(operation["operationId"])}"><code>{method} {escape(path)}</code></h3>'
    summary, text = operation["summary"], operation.get("description", "")
    yield f"<p><b>{escape(summary)}.</b> {escape(text)}</p>"
    rows: list[tuple[str, ...]] = [
        (each["name"], each["in"], _type(each["schema"]), each.get("description", ""))
        for each in operation.get("parameters", [])
    ]
    if rows:
        yield _table(("parameter", "in", "type", "meaning"), rows)
    body = _content(operation.get("requestBody", {}))
    if body:
        yield f"<p>Body: {body}</p>"
    yield "<ul>"
    for status, answer in operation["responses"].items():
        content = _content(answer) or "no content"
        yield f"<li>{status}: {content}. {escape(answer['description'])}</li>"
    yield "</ul>"
    sends = " -H 'Content-Type: application/json' -d '{...}'" if body else ""
    key = ' -H "Authorization: Bearer $KEY"' if operation.get("security") else ""
    yield f'<pre>{escape(f"""curl -X {method} "{address}{path}"{key}{sends}""")}</pre>'


def _objects(schemas: dict[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>'
        yield f"<p>{escape(schema.get('description', ''))}</p>"
        rows: list[tuple[str, ...]] = [
            (field, _type(each), each.get("description", ""))
            for field, each in schema.get("properties", {}).items()
        ]
        yield _table(("field", "type", "meaning"), rows)


def _content(part: dict[str, Any]) -> str:
    return " or ".join(
        f"{_type(each.get('schema', {}))} ({escape(kind)})"
        for kind, each in part.get("content", {}).items()
    )


def _type(schema: dict[str, Any]) -> str:
    """The type of a value, as HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[1])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(escape(str(each)) for each in schema["enum"])
    if "const" in schema:
        return escape(str(schema["const"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("format", schema.get("type", "anything"))))


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table. The first cell of a row is code, the last but one HTML, the others are text."""
    cells = "".join(f"<th>{escape(each)}</th>" for each in head)
    lines = [f"<table><tr>{cells}</tr>"]
    for name, *middle, kind, meaning in rows:
        texts = [f"<code>{escape(name)}</code>", *map(escape, middle), kind, escape(meaning)]
        lines.append("<tr>" + "".join(f"<td>{each}</td>" for each in texts) + "</tr>")
    return "".join([*lines, "</table>"])
