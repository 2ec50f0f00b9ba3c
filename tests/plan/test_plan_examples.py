"""Every example that stands in the schema validates, and every section and key says what it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parkops.plan import schema
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


def test_there_are_examples_of_the_main_sections() -> None:
    shown = {part.__name__ for part, _ in EXAMPLES}
    assert {"RingPlan", "TsnPlan", "CloudPlan", "HostedPlan", "ManagementPlan", "SecurityPlan"} <= shown


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_section_says_what_it_is(part: type[Part]) -> None:
    assert part.__doc__
