"""The plan language as JSON Schema (draft 2020-12), so that an editor completes and checks a plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parkops.plan.schema import Plan
from parkops.plan.shape import KINDS, SETS

Schema = dict[str, Any]
VERSION = 1
DRAFT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "#/$defs/"
NAME = r"^[A-Za-z0-9*?\[\{][A-Za-z0-9_.,:/\[\]\{\}*?-]*$"  # with patterns and variables
VARIABLE = {"type": "string", "pattern": r"\{[a-z_][a-z0-9_]*\}"}
MODELS = {kind: model.__name__ for kind, model in KINDS.items()}
USE: Schema = {
    "profile": {"type": "string", "description": "Profile that gives what is not stated here"},
    "with": {"type": "object", "description": "Values of the profile's parameters"},
}
PARAMETERS: Schema = {
    "type": "object",
    "description": "Parameters with their defaults; one without a default must be given",
    "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,23}$"},
}
INCLUDE: Schema = {
    "description": "Files that this plan goes on in, as paths or patterns",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "examples": [["tenants/*.yaml"]],
}
COMMON = {  # keys that mean the same in every part, where the part itself says nothing more
    "title": "Name for people, any language",
    "reason": "Why it is wanted; stands in the rule's comment",
    "owner": "Who answers for it",
    "evidence": "File or record that proves it",
    "date": "When it was stated",
    "by": "Who stated it",
    "expires": "Day from which it no longer holds",
    "operator": "Who runs it",
    "bandwidth_mbps": "Rate, Mbit/s",
    "traffic": "Class of quality of service",
    "latency_ms": "Most time that a packet may take, ms; 0 for no target",
    "segment": "Segment of the same site",
    "count": "How many",
    "access": "How it is connected",
    "element": "What is connected: people, machines, materials or environment",
    "first": "First number that may be given out",
    "last": "Last number that may be given out",
    "x_min": "Value that scores 0 (formula 2 of the guide)",
    "x_max": "Value that scores full (formula 2 of the guide)",
    "storage_tb": "Storage, TB",
    "storage_gb": "Storage, GB",
    "memory_gb": "Memory, GB",
    "vcpus": "Virtual processors",
    "switches": "Number of switches",
    "segments": "Broadcast domains by name",
    "endpoints": "Groups of like endpoints by name",
    "nodes": "Linux nodes by name",
    "sites": "Plants, offices and other sites by name",
    "zones": "Security zones by name",
    "tenants": "Enterprises by name",
    "flows": "What may pass; everything else is dropped",
    "ip_code": "Protection of the switches' cases (IEC 60529)",
    "power_supplies": "Power supplies of each switch",
    "ups_minutes": "Minutes that the power lasts without the mains",
    "figures": "Indicators as the operator states them, by number",
    "attestations": "The operator's word for requirements that no machine decides",
    "waivers": "Requirements that are not met on purpose",
    "servers": "Servers of it",
}


def base_schema() -> Schema:
    """Return the schema of a plan without the language's own keys, every common key described."""
    schema = Plan.model_json_schema()
    for definition in (schema, *schema["$defs"].values()):
        for key, item in definition.get("properties", {}).items():
            if key in COMMON:
                item.setdefault("description", COMMON[key])
    return schema


def plan_schema(*, included: bool = False) -> Schema:
    """Return the schema of a plan, or of a file that a plan includes and that need not hold every section."""
    schema = base_schema()
    definitions: Schema = schema["$defs"]
    for name in _reachable(definitions, [DEFINITIONS + model for model in MODELS.values()]):
        properties = definitions[name].get("properties", {})
        definitions[name]["properties"] = {key: _variable(item) for key, item in properties.items()}
    for definition in (schema, *definitions.values()):
        for item in definition.get("properties", {}).values():
            _named(item)
    for name in [*definitions]:
        if name in MODELS.values() or name == "PublicPlan":
            _profiled(definitions[name])
    schema["properties"] |= {"include": INCLUDE, "profiles": _profiles(definitions)}
    required = schema.pop("required")
    if not included:
        schema["anyOf"] = [{"required": required}, {"required": ["include"]}]
    head = {"$schema": DRAFT, "title": "parkops plan", "version": VERSION}
    return {**head, **{key: value for key, value in schema.items() if key != "title"}}


def _reachable(definitions: Schema, pending: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    while pending:
        name = pending.pop().removeprefix(DEFINITIONS)
        if name not in seen and name in definitions:
            seen.add(name)
            yield name
            pending += _references(definitions[name])


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _variable(item: Schema) -> Schema:
    """Let a scalar, or each of a list, be a variable, as the bodies of profiles and patterns need it."""
    if isinstance(item.get("items"), dict):
        return {**item, "items": _variable(item["items"])}
    if "anyOf" in item:
        return {**item, "anyOf": [*item["anyOf"], VARIABLE]}
    if item.get("type") not in ("integer", "number", "boolean", "string") and "enum" not in item:
        return item
    notes = ("title", "description", "default", "examples", "deprecated")
    outer = {key: value for key, value in item.items() if key in notes}
    return {**outer, "anyOf": [{k: v for k, v in item.items() if k not in notes}, VARIABLE]}


def _named(item: Schema) -> None:
    """Let parts by name be named by patterns, come from a profile, and be removed by null."""
    by_pattern = item.pop("patternProperties", None)
    if not by_pattern:
        return
    (each,) = by_pattern.values()
    item["propertyNames"] = {"pattern": NAME}
    item["additionalProperties"] = {"anyOf": [each, {"type": "null"}]}
    if each.get("$ref", "").removeprefix(DEFINITIONS) in MODELS.values():
        item["properties"] = USE
        item.pop("minProperties", None)


def _profiled(definition: Schema) -> None:
    """Let a part come from a profile, which may give what it needs."""
    definition["properties"] = {**definition["properties"], **USE}
    for key in definition.pop("required", ()):
        item = definition["properties"][key]
        item["description"] = f"{item.get('description', '')} (needed)".strip()


def _profiles(definitions: Schema) -> Schema:
    kinds: Schema = {}
    for kind, model in MODELS.items():
        body = definitions[model]
        properties = {**body["properties"], "parameters": PARAMETERS}
        kinds[kind] = _bodies(f"Profiles of a {kind}", {**body, "properties": properties})
    for kind, one in SETS.items():
        each = {"anyOf": [{"$ref": DEFINITIONS + MODELS[one]}, {"type": "null"}]}
        named = {"properties": {**USE, "parameters": PARAMETERS}, "additionalProperties": each}
        kinds[kind] = _bodies(f"Profiles of several {kind} by name", {"type": "object", **named})
    return {
        "type": "object",
        "description": "What many parts share, by kind and name",
        "properties": kinds,
        "additionalProperties": False,
    }


def _bodies(description: str, body: Schema) -> Schema:
    names = {"propertyNames": {"pattern": "^[a-z][a-z0-9-]{0,39}$"}}
    return {"type": "object", "description": description, **names, "additionalProperties": body}
