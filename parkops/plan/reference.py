"""The reference of the plan language in Markdown, from the schema's own descriptions and examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from parkops.plan.json_schema import DEFINITIONS, Schema, base_schema
from parkops.plan.schema import Part

LANGUAGE = Path(__file__).with_name("language.md")
KINDS = {"object": "a mapping", "array": "a list", "integer": "a whole number", "number": "a number"}
KINDS |= {"string": "text", "boolean": "true or false", "null": "nothing"}
BOUNDS = (
    ("minimum", "≥ {}"),
    ("exclusiveMinimum", "> {}"),
    ("maximum", "≤ {}"),
    ("exclusiveMaximum", "< {}"),
)
FORMATS = {"ipv4network": "an IPv4 prefix", "ipv6network": "an IPv6 prefix", "date": "a date"}
FORMATS |= {"ipv4": "an IPv4 address", "ipv6": "an IPv6 address"}


def markdown() -> str:
    """Return the whole page: the language, then each section with its keys and an example."""
    schema = base_schema()
    sections = {key: [*dict.fromkeys(_parts(item))] for key, item in schema["properties"].items()}
    page = _Page(schema["$defs"], {name: key for key in reversed(sections) for name in sections[key]})
    lines = ["# Sections", ""]
    for key, item in schema["properties"].items():
        need = "needed" if key in schema["required"] else "optional"
        lines += [f"## `{key}`", "", f"{page.words(item)}, {need}. {item.get('description', '')}".strip(), ""]
        for name in sections[key]:
            lines += page.part(name) if page.places[name] == key else ()
    lines += ["# Parts", ""]
    for name in sorted(set(page.definitions) - set(page.places), key=_title):
        lines += [f"## {_title(name)}", "", *page.part(name)]
    return LANGUAGE.read_text(encoding="utf-8") + "\n".join(lines).rstrip() + "\n"


def examples_of(model: type[BaseModel]) -> list[Any]:
    """Return the examples of a part, their keys in the order in which they were written."""
    extra = model.model_config.get("json_schema_extra")
    found = extra.get("examples", []) if isinstance(extra, dict) else []
    return found if isinstance(found, list) else []


def models() -> dict[str, type[BaseModel]]:
    """Return every part of the plan by its name."""
    found: dict[str, type[BaseModel]] = {}
    pending: list[type[BaseModel]] = [Part]
    while pending:
        model = pending.pop()
        pending += model.__subclasses__()
        found[model.__name__] = model
    return found


@dataclass(frozen=True, slots=True)
class _Page:
    definitions: Schema
    places: Mapping[str, str]  # part -> the first section that is made of it

    def part(self, name: str) -> Iterator[str]:
        """Yield what a part is, its keys and its examples."""
        part = self.definitions[name]
        if "description" in part:
            yield from (" ".join(part["description"].split()), "")
        properties, required = part.get("properties", {}), part.get("required", ())
        if properties:
            yield from ("| key | what | default | meaning |", "|---|---|---|---|")
        for key, item in properties.items():
            default = "**needed**" if key in required else _default(item)
            cells = (f"`{key}`", self.words(item), default, item.get("description", ""))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""
        for example in examples_of(models()[name]) if name in models() else ():
            text = yaml.safe_dump(example, allow_unicode=True, sort_keys=False, width=100)
            yield from ("```yaml", text.rstrip(), "```", "")

    def words(self, item: Schema) -> str:
        """Return what may stand at a key, in words."""
        if "$ref" in item:
            name = item["$ref"].removeprefix(DEFINITIONS)
            if "properties" not in self.definitions[name]:
                return self.words(self.definitions[name])
            return f"[{_title(name)}](#{self.places.get(name, _title(name)).replace(' ', '-')})"
        if "anyOf" in item:
            options = [self.words(option) for option in item["anyOf"] if option.get("type") != "null"]
            return " or ".join(dict.fromkeys(options))
        if "enum" in item or "const" in item:
            return " · ".join(f"`{value}`" for value in item.get("enum", [item.get("const")]))
        if item.get("type") == "array":
            inner = item.get("items") or (item.get("prefixItems") or [{}])[0]
            return f"list of {self.words(inner)}"
        each = next(iter(item.get("patternProperties", {}).values()), item.get("additionalProperties"))
        if item.get("type") == "object" and isinstance(each, dict):
            return f"by name: {self.words(each)}"
        bounds = [form.format(_number(item[bound])) for bound, form in BOUNDS if bound in item]
        words = FORMATS.get(item.get("format", ""), KINDS.get(item.get("type", ""), "anything"))
        return f"{words} {', '.join(bounds)}".strip()


def _default(item: Schema) -> str:
    if "default" not in item:
        return "empty"
    value = item["default"]
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000)
    return (
        f"`{text.removesuffix(chr(10)).removesuffix('...').strip()}`"
        if not isinstance(value, dict)
        else "as below"
    )


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parts(item: Schema) -> Iterator[str]:
    """Yield the parts that a section is made of."""
    if "$ref" in item:
        yield item["$ref"].removeprefix(DEFINITIONS)
    for inner in (*item.get("anyOf", ()), *item.get("patternProperties", {}).values()):
        yield from _parts(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(item.get(key), dict):
            yield from _parts(item[key])


def _title(name: str) -> str:
    """Return a part's name as words: SegmentPlan, segment."""
    words = "".join(f" {char.lower()}" if char.isupper() else char for char in name.removesuffix("Plan"))
    return words.strip().replace(" info", "")
