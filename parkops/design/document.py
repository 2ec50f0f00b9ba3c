"""The designed park as a document that others can build on: plain data, its schema, and back."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from parkops.model import Park

KIND, VERSION = "parkops.park", 1
DRAFT = "https://json-schema.org/draft/2020-12/schema"


@cache
def _adapter() -> TypeAdapter[Park]:
    return TypeAdapter(Park)


def park_document(park: Park) -> dict[str, Any]:
    """Return a park as plain data; what has its default is left out."""
    return {"kind": KIND, "version": VERSION, "park": _plain(park)}


def park_of(document: dict[str, Any]) -> Park:
    """Return the park of a document.

    Raises ValueError where it is none, or of another version.
    """
    if document.get("kind") != KIND or document.get("version") != VERSION:
        raise ValueError(f"expected kind {KIND}, version {VERSION}")
    return _adapter().validate_python(document["park"])


def park_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    park = _adapter().json_schema(ref_template="#/$defs/{model}")
    definitions = park.pop("$defs")
    park["properties"].pop("_index", None)
    for definition in (park, *definitions.values()):
        if definition.get("type") == "object":
            definition["additionalProperties"] = False
    return {
        "$schema": DRAFT,
        "title": "parkops park",
        "description": "A designed park. Within a version keys are added, never removed or changed.",
        "type": "object",
        "properties": {
            "kind": {"const": KIND},
            "version": {"const": VERSION},
            "park": {"$ref": "#/$defs/Park"},
        },
        "required": ["kind", "version", "park"],
        "additionalProperties": False,
        "$defs": {**definitions, "Park": park},
    }


def _plain(value: Any) -> Any:
    """Return a value in YAML's own types."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {
            item.name: _plain(inner)
            for item in fields(value)
            if item.compare and (inner := getattr(value, item.name)) != item.default
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
