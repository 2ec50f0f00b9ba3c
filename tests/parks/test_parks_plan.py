"""The example parks use the whole plan language, keep their locks, and hold their proofs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from parks import INVENTORIES, OWN, PARKS, PLATFORMS, designed, loaded
from pydantic import BaseModel

from parkops.design import design, lock_text, parse_lock
from parkops.model import Verdict
from parkops.plan import schema
from parkops.plan.schema.base import Part
from parkops.verify.features import check_features
from parkops.verify.redundancy import check_redundancy
from parkops.verify.rules import check_rules


def _parts(kind: type[Part] = Part) -> Iterator[type[Part]]:
    for child in kind.__subclasses__():
        yield child
        yield from _parts(child)


def _used(value: object) -> Iterator[tuple[type, str]]:
    """Yield (part, key) of everything that a plan states."""
    if isinstance(value, BaseModel):
        for key in value.model_fields_set:
            for kind in type(value).__mro__:
                yield kind, key
            yield from _used(getattr(value, key))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _used(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _used(item)


def test_the_parks_use_every_key_of_the_plan_language() -> None:
    used = {pair for park in PARKS for pair in _used(loaded(park).plan)}
    parts = {part for part in _parts() if part.__module__.startswith(schema.__name__)}
    keys = {(part, key) for part in parts for key in part.model_fields if key in part.__annotations__}
    assert sorted(f"{part.__name__}.{key}" for part, key in keys - used) == []


@pytest.mark.parametrize("park", PARKS)
def test_park_lock_is_complete(park: str) -> None:
    file = INVENTORIES / park / "park.lock"
    lock = parse_lock(file.read_bytes(), file.name)
    _, allocations = design(loaded(park), lock.numbers, lock.marks, PLATFORMS)
    assert lock_text(allocations) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("park", PARKS)
def test_proofs_hold(park: str) -> None:
    built = designed(park, OWN[park])
    findings = [*check_features(built, PLATFORMS), *check_redundancy(built), *check_rules(built)]
    assert [(item.subject, item.message) for item in findings if item.verdict is Verdict.FAIL] == []


def test_the_demo_park_stays_small() -> None:
    text = (INVENTORIES / "demo" / "park.yaml").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 400
