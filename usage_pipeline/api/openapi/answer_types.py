"""The answers of the API as types of other programs: dataclasses and TypeScript interfaces.

Text from the description that `/openapi.json` is made of, so that an answer's shape is written
once: in the model of its route. `generate.py` writes the files.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

Schema = dict[str, Any]
_PAGE: Final = "Page_"
_PYTHON: Final = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "uuid": "UUID",
    "date": "date",
    "date-time": "datetime",
}
_TYPESCRIPT: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
}
_PYTHON_HEAD: Final = '''"""The answers of the API, one class for each. Generated: do not edit.

`python -m usage_pipeline.api.openapi.generate` writes this file from the models of the routes.
Rates are fractions (0 to 1) and per cent (0 to 100); what the numbers mean stands in
docs/definitions.md. A word of a fixed list is a `str`, because a newer API may have another one.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
'''
_TYPESCRIPT_HEAD: Final = """\
// The answers of the HTTP API. Generated: do not edit.
// `python -m usage_pipeline.api.openapi.generate` writes this file from the models of the routes.
"""


@dataclass(frozen=True)
class Answer:
    """One object that the API answers.

    Attributes:
        name: the name of its model.
        description: one sentence about it.
        fields: the schema of each field.
        base: another answer, all of whose fields it has.
    """

    name: str
    description: str
    fields: dict[str, Schema]
    base: "Answer | None" = None

    @property
    def own_fields(self) -> dict[str, Schema]:
        """The fields that the base has not."""
        inherited = self.base.fields if self.base else {}
        return {name: schema for name, schema in self.fields.items() if name not in inherited}


def python_types(description: Schema, prefix: str) -> str:
    """The module of dataclasses for all answers below a path."""
    parts = [_PYTHON_HEAD]
    for answer in _answers(description, prefix):
        base = f"({answer.base.name})" if answer.base else ""
        lines = [
            "\n@dataclass(frozen=True, slots=True, kw_only=True)",
            f"class {answer.name}{base}:",
            f'    """{answer.description}"""\n',
        ]
        for name, schema in answer.own_fields.items():
            line = f"    {name}: {_python_type(schema)}"
            comment = schema.get("description", "")
            if comment and len(f"{line}  # {comment}") <= 100:
                line += f"  # {comment}"
            elif comment:
                lines += textwrap.wrap(
                    comment, 94, initial_indent="    # ", subsequent_indent="    # "
                )
            lines.append(line)
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def typescript_types(description: Schema, prefix: str) -> str:
    """The file of interfaces for all answers below a path."""
    parts = [_TYPESCRIPT_HEAD, *map(_interface, _answers(description, prefix)), _page(description)]
    return "\n".join(parts)


def _interface(answer: Answer) -> str:
    base = f" extends {answer.base.name}" if answer.base else ""
    lines = [f"/** {answer.description} */", f"export interface {answer.name}{base} {{"]
    for name, schema in answer.own_fields.items():
        if "description" in schema:
            lines.append(f"  /** {schema['description']} */")
        lines.append(f"  {name}: {_typescript_type(schema)};")
    return "\n".join([*lines, "}\n"])


def _page(description: Schema) -> str:
    """One generic interface for all pages, which differ in their items only."""
    schemas = description["components"]["schemas"]
    page = _answer(schemas, next(name for name in schemas if name.startswith(_PAGE)))
    items = {"type": "array", "items": {"$ref": "T"}}
    fields = {**page.fields, "items": items}
    return _interface(
        Answer("Page<T>", "Some items of a list, and where the next ones begin.", fields)
    )


def _answers(description: Schema, prefix: str) -> list[Answer]:
    """The answers of operations below a path; an answer comes after those that it is made of."""
    schemas = description["components"]["schemas"]
    names: list[str] = []

    def visit(name: str) -> None:
        if name in names:
            return
        for each in _references(schemas[name]):
            visit(each)
        if not name.startswith(_PAGE) and name not in names:
            names.append(name)

    for path, operations in description["paths"].items():
        for operation in operations.values() if path.startswith(prefix) else ():
            for status, response in operation["responses"].items():
                for name in _references(response) if status.startswith("2") else ():
                    visit(name)
    answers: dict[str, Answer] = {}
    # An answer with fewer fields may be the base of one with more.
    for name in sorted(names, key=lambda name: len(schemas[name]["properties"])):
        answer = _answer(schemas, name)
        bases = [each for each in answers.values() if each.fields.items() <= answer.fields.items()]
        answers[name] = replace(
            answer, base=max(bases, key=lambda each: len(each.fields), default=None)
        )
    return list(_bases_first([answers[name] for name in names]))


def _bases_first(answers: list[Answer]) -> Iterator[Answer]:
    written: set[str] = set()
    for answer in answers:
        chain = [answer]
        while chain[-1].base is not None:
            chain.append(chain[-1].base)
        for each in reversed(chain):
            if each.name not in written:
                written.add(each.name)
                yield each


def _answer(schemas: Schema, name: str) -> Answer:
    schema = schemas[name]
    required = schema.get("required", [])
    fields = {
        field: _shape(each, is_nullable=field not in required)
        for field, each in schema["properties"].items()
    }
    return Answer(name, schema.get("description", "").split("\n\n")[0], fields)


def _shape(schema: Schema, *, is_nullable: bool) -> Schema:
    """A field's schema without titles and examples, which are not its type."""
    shape = {key: value for key, value in schema.items() if key not in ("title", "examples")}
    return {**shape, "nullable": True} if is_nullable else shape


def _references(schema: Any) -> Iterator[str]:
    """The names of the schemas that a part of the description refers to, in their order."""
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value.rsplit("/", 1)[1]
            else:
                yield from _references(value)


def _alternatives(schema: Schema) -> tuple[list[Schema], bool]:
    """The types of a value apart from null, and whether it may be null."""
    options = schema.get("anyOf", [schema])
    values = [each for each in options if each.get("type") != "null"]
    return values, len(values) < len(options) or schema.get("nullable", False)


def _python_type(schema: Schema) -> str:
    values, is_nullable = _alternatives(schema)
    return " | ".join([*map(_python_value, values), *(["None"] if is_nullable else [])])


def _python_value(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    if schema["type"] == "array":
        return f"tuple[{_python_type(schema['items'])}, ...]"
    if schema["type"] == "object":
        value = schema["additionalProperties"]
        return f"dict[str, {'Any' if value is True else _python_type(value)}]"
    return _PYTHON[str(schema.get("format", schema["type"]))]


def _typescript_type(schema: Schema) -> str:
    values, is_nullable = _alternatives(schema)
    return " | ".join([*map(_typescript_value, values), *(["null"] if is_nullable else [])])


def _typescript_value(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if "enum" in schema:
        return " | ".join(f'"{word}"' for word in schema["enum"])
    if schema["type"] == "array":
        item = _typescript_type(schema["items"])
        return f"({item})[]" if "|" in item else f"{item}[]"
    if schema["type"] == "object":
        value = schema["additionalProperties"]
        return f"Record<string, {'unknown' if value is True else _typescript_type(value)}>"
    return _TYPESCRIPT[schema["type"]]
