"""Types that are generated from the routes: the committed ones are current, and each is right."""

from typing import Any

import pytest

from usage_pipeline.api.openapi.answer_types import python_types, typescript_types
from usage_pipeline.api.openapi.generate import CHECKOUT, asynchronous, generated_files

COMMAND = "uv run python -m usage_pipeline.api.openapi.generate"


def test_the_committed_files_are_those_that_the_routes_make() -> None:
    stale = [
        str(file.relative_to(CHECKOUT))
        for file, text in generated_files()
        if file.read_text(encoding="utf-8") != text
    ]
    assert stale == [], f"Run `{COMMAND}` and commit what it writes."


def described(**schemas: dict[str, Any]) -> dict[str, Any]:
    """A description with one operation that answers a page of `Item`."""
    items = {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}
    page = {"properties": {"items": items}, "required": ["items"]}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Page_Item_"}}}
    refusal = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    return {
        "paths": {
            "/a/items": {"get": {"responses": {"200": {"content": content}, "403": refusal}}},
            "/elsewhere": {"get": {"responses": {"200": refusal}}},
        },
        "components": {"schemas": {"Page_Item_": page, **schemas}},
    }


def record(description: str, **fields: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "properties": fields, "required": sorted(fields)}


COUNT = {"type": "integer", "title": "Count", "description": "How many.", "examples": [1]}
SHORT = record("A part.\n\nMore about it.", count=COUNT)
ITEM = record(
    "An item.",
    count=COUNT,
    colour={"type": "string", "enum": ["green", "red"]},
    colours={"type": "array", "items": {"type": "string", "enum": ["green", "red"]}},
    day={"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
    evidence={"type": "object", "additionalProperties": True},
    parts={"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
)


def test_an_answer_extends_the_one_whose_fields_it_has_and_comes_after_what_it_names() -> None:
    text = python_types(described(Item=ITEM, Part=SHORT), "/a")
    assert text.split("\n\n\n", 1)[1].split("\n\n\n") == [
        "@dataclass(frozen=True, slots=True, kw_only=True)\n"
        "class Part:\n"
        '    """A part."""\n\n'
        "    count: int  # How many.",
        "@dataclass(frozen=True, slots=True, kw_only=True)\n"
        "class Item(Part):\n"
        '    """An item."""\n\n'
        "    colour: str\n"
        "    colours: tuple[str, ...]\n"
        "    day: date | None\n"
        "    evidence: dict[str, Any]\n"
        "    parts: tuple[Part, ...]\n",
    ]


def test_the_dashboard_knows_every_word_of_a_fixed_list_and_one_page_for_all_lists() -> None:
    text = typescript_types(described(Item=ITEM, Part=SHORT), "/a")
    assert text.split("\n\n", 1)[1] == (
        "/** A part. */\nexport interface Part {\n  /** How many. */\n  count: number;\n}\n\n"
        "/** An item. */\nexport interface Item extends Part {\n"
        '  colour: "green" | "red";\n'
        '  colours: ("green" | "red")[];\n'
        "  day: string | null;\n"
        "  evidence: Record<string, unknown>;\n"
        "  parts: Part[];\n}\n\n"
        "/** Some items of a list, and where the next ones begin. */\n"
        "export interface Page<T> {\n  items: T[];\n}\n"
    )


def test_a_field_that_may_be_left_out_may_be_null() -> None:
    item = {**record("An item.", count=COUNT), "required": []}
    assert "count: int | None  # How many." in python_types(described(Item=item), "/a")
    assert "count: number | null;" in typescript_types(described(Item=item), "/a")


def test_what_a_type_cannot_say_is_an_error_and_not_a_guess() -> None:
    item = record("An item.", count={"type": "number", "format": "decimal"})
    with pytest.raises(KeyError, match="decimal"):
        python_types(described(Item=item), "/a")


def test_methods_of_lists_stay_plain_and_the_others_are_awaited() -> None:
    reading = '"""A module."""\n\n\nclass Reading:\n' + "\n".join(
        [
            "    def me(self) -> Me:",
            "        return self._one(get(Me))\n",
            "    def users(",
            "        self, *, search: str | None = None",
            "    ) -> Listing[User]:",
            "        return self._many(get(User))\n",
        ]
    )
    text = asynchronous(reading)
    assert "class AsyncReading:" in text
    assert "    async def me(self) -> Me:\n        return await self._one(get(Me))" in text
    assert "    def users(\n" in text
    assert ") -> AsyncListing[User]:\n        return self._many(" in text
