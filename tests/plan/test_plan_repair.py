"""Every value of the schema has stand-ins, so that a wrong one hides no other mistake, and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter

from parkops.plan.repair import VARIANTS, stand_in
from parkops.plan.schema import Plan
from parkops.plan.words import PATTERNS, bounded, unwrap


def fields(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, Any]]:
    """Yield every field of a section and of those below it, with its bounds."""
    seen.add(model)
    for name, field in model.model_fields.items():
        kind = bounded(field.annotation, field.metadata)
        yield f"{model.__name__}.{name}", kind
        for below in models(kind):
            if below not in seen:
                yield from fields(below, seen)


def models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from models(inner)


FIELDS = dict(fields(Plan, set()))


@pytest.mark.parametrize("name", FIELDS)
def test_a_stand_in_fits(name: str) -> None:
    for variant in VARIANTS:
        TypeAdapter(FIELDS[name]).validate_python(stand_in(FIELDS[name], variant))


@pytest.mark.parametrize(
    "name", [name for name, kind in FIELDS.items() if unwrap(kind) in (str, int, float, bool)]
)
def test_the_two_stand_ins_differ(name: str) -> None:
    first, second = (stand_in(FIELDS[name], variant) for variant in VARIANTS)
    assert first is not None
    assert first != second


def expressions(schema: Any) -> Iterator[str]:
    """Yield every pattern of a JSON Schema, of values and of names."""
    if isinstance(schema, dict):
        yield from schema.get("patternProperties", {})
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from expressions(inner)


def test_a_reader_is_told_patterns_in_words() -> None:
    found = set(expressions(Plan.model_json_schema()))
    assert len(found) > 30
    assert not sorted(found - PATTERNS.keys())
