"""Every example that stands in the schema validates, and every section and key says what it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parkops.plan import schema
from parkops.plan.json_schema import base_schema
from parkops.plan.schema.base import Part


def parts(kind: type[Part] = Part) -> Iterator[type[Part]]:
    for child in kind.__subclasses__():
        yield child
        yield from parts(child)


PARTS = sorted({part for part in parts() if part.__module__.startswith(schema.__name__)}, key=str)
EXAMPLES = [
    (part, example)
    for part in PARTS
    if isinstance(extra := part.model_config.get("json_schema_extra"), dict)
    for example in extra.get("examples", ())
]


@pytest.mark.parametrize(("part", "example"), EXAMPLES, ids=lambda item: getattr(item, "__name__", ""))
def test_examples_validate(part: type[Part], example: object) -> None:
    assert part.model_validate(example)


SCHEMA = base_schema()
SECTIONS = {"Plan": SCHEMA} | {name: item for name, item in SCHEMA["$defs"].items() if "properties" in item}


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_and_key_says_what_it_is(name: str) -> None:
    assert SECTIONS[name].get("description")
    keys = SECTIONS[name]["properties"]
    assert [key for key, item in keys.items() if not item.get("description")] == []


@pytest.mark.parametrize("name", [name for name in SECTIONS if name != "Plan"])
def test_every_section_has_an_example(name: str) -> None:
    assert SECTIONS[name].get("examples")
