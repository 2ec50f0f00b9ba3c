"""One folder = one small plan = what the design makes of it, as far as the case shows it.

``patch.yaml``: ``edits`` and ``append`` change the base plan; ``show`` names fields of devices by name (or
``interfaces: [name…]``), and ``park`` names fields of the park.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import yaml

from parkops.design import design
from parkops.model import Park, SourceRef
from parkops.plan import parse

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/patch.yaml"))


def plain(value: Any) -> Any:
    """Return a value as plain data; what has its default, and where it was asked for, is left out."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(inner)
            for field in fields(value)
            if (inner := getattr(value, field.name)) != field.default and not isinstance(inner, SourceRef)
        }
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def planned(case: Path, base: str) -> tuple[Park, dict[str, Any]]:
    """Return the case's park and what it shows."""
    patch = yaml.safe_load((case / "patch.yaml").read_text(encoding="utf-8"))
    text = base
    for edit in patch.get("edits", ()):
        assert text.count(edit["find"]) == 1, f"{edit['find']!r} must stand once in the base plan"
        text = text.replace(edit["find"], edit["put"])
    return design(parse(text + patch.get("append", "")), {})[0], patch


def shown(park: Park, patch: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a park that a case is about."""
    devices: dict[str, Any] = {}
    for name, wanted in patch.get("show", {}).items():
        device = park.device(name)
        values = {field: plain(getattr(device, field)) for field in wanted if isinstance(field, str)}
        for field in wanted:
            if isinstance(field, dict):
                values["interfaces"] = [plain(device.interface(port)) for port in field["interfaces"]]
        devices[name] = values
    return {
        "park": {field: plain(getattr(park, field)) for field in patch.get("park", ())},
        "devices": devices,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_design_of_a_case(case: Path, base_text: str, goldens: Any) -> None:
    park, patch = planned(case, base_text)
    text = yaml.safe_dump(shown(park, patch), allow_unicode=True, sort_keys=False, width=100)
    goldens.check(case / "expected.yaml", text)
