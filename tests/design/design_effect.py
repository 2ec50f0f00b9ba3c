"""Changes each key of a plan to other values, and tells whether the design took notice."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from ipaddress import ip_network
from itertools import chain, islice
from typing import Any

from parkops.design import Lock, design
from parkops.errors import ProblemsError
from parkops.model import Park
from parkops.plan import parse
from parkops.plan.json_schema import DEFINITIONS, base_schema

Step = str | int
At = tuple[Step, ...]
Kind = tuple[str, ...]  # of a key: its path with * for names and numbers
TRIES = 80  # values that are tried of a key
WORDS = (
    "env:OTHER",
    "tcp/4711",
    "udp/4711",
    "mqtt",
    "192.0.2.77",
    "198.51.100.99",
    "other.example",
    "cisco_iosxe",
    "other",
    "88.137",
    "88.136.2",
    "IP67",
    "6",
    "internet",
    "role:leaf",
    "tenant:acme",
    "registry.example/other:1",
    "[2001:db8::9]:4400",
    "22:30",
    "https://other.example/events",
    "other@park.example",
    "general",
    "other.yaml",
    "0123456789abcdef" * 4,
    "01-0E-CF-00-00-02",
)


def schema_of(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a schema may stand for, references and alternatives resolved."""
    if "$ref" in item:
        yield from schema_of(_definitions()[item["$ref"].removeprefix(DEFINITIONS)])
    elif "anyOf" in item:
        yield from chain.from_iterable(map(schema_of, item["anyOf"]))
    elif item.get("type") != "null":
        yield item


@cache
def _definitions() -> dict[str, Any]:
    return base_schema()["$defs"]


def below(item: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what a mapping or a list is made of: by key, or * for names and numbers."""
    yield from item.get("properties", {}).items()
    each = [*item.get("patternProperties", {}).values(), item.get("additionalProperties"), item.get("items")]
    for inner in (*each, *item.get("prefixItems", ())):
        if isinstance(inner, dict):
            yield "*", inner


def kinds(item: Mapping[str, Any] | None = None, at: Kind = ()) -> Iterator[Kind]:
    """Yield every key of the schema that holds a value."""
    for option in schema_of(base_schema() if item is None else item):
        inner = [*below(option)]
        for key, child in inner:
            yield from kinds(child, (*at, key))
        if not inner and option.get("type") != "object":
            yield at


def leaves(tree: Any, at: At = (), kind: Kind = (), item: Any = None) -> Iterator[tuple[At, Kind]]:
    """Yield every value of a plan with its path and its kind."""
    item = base_schema() if item is None else item
    options = [dict(below(option)) for option in schema_of(item)]
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        name = str(key) if any(str(key) in option for option in options) else "*"
        child = next((option[name] for option in options if name in option), {})
        yield from leaves(value, (*at, key), (*kind, name), child)
    if not isinstance(tree, dict | list):
        yield at, kind


def designed(tree: Any) -> tuple[Park, Lock]:
    """Return what a plan makes; raises ProblemsError.

    Each value stands in a line of its own, so that another value moves nothing that a source refers to.
    """
    text = json.dumps(tree, ensure_ascii=False, indent=0, default=str)
    park, lock = design(parse(text), {})
    return replace(park, plan_digest=""), lock


def put(tree: Any, path: At, value: Any) -> Any:
    """Return a plan with another value at a path."""
    changed = copy.deepcopy(tree)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def options_at(kind: Kind) -> list[Mapping[str, Any]]:
    """Return what the schema allows at a key."""
    found = [*schema_of(base_schema())]
    for step in kind:
        found = [
            option
            for item in found
            for key, child in below(item)
            if key == step
            for option in schema_of(child)
        ]
    return found


def others(tree: Any, value: Any, kind: Kind) -> Iterator[Any]:
    """Yield other values that may stand at a key, the likeliest first."""
    for option in options_at(kind):
        yield from option.get("enum", ())
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1, value * 2, value // 2, value + 0.5, value + 100)
    elif isinstance(value, datetime.date):
        yield value + datetime.timedelta(days=40)
    elif isinstance(value, str):
        yield from _texts(tree, value)


def _texts(tree: Any, value: str) -> Iterator[Any]:
    names = list(_names(tree))
    if value in names:
        yield from sorted(names, key=lambda name: name.count(".") != value.count("."))
    with suppress(ValueError):
        yield (datetime.date.fromisoformat(value) + datetime.timedelta(days=40)).isoformat()
    with suppress(ValueError):
        network = ip_network(value)
        yield f"{network[0] + network.num_addresses}/{network.prefixlen}"
    yield from (f"{value}x", f"{value} x", *WORDS)


def _names(tree: Any) -> Iterator[str]:
    """Yield whatever a reference may name, of each kind one after the other."""
    sites = [(site, "", tree[site]) for site in ("services", "public")]
    for tenant, plan in tree["tenants"].items():
        sites += [(f"{tenant}.{site}", f"{plan['prefix']}-{site}-", at) for site, at in plan["sites"].items()]
    for place, _, site in sites:
        yield from (f"{place}.{name}" for name in site["segments"])
        yield from (f"{place}.{name}".partition(".")[2] for name in site["segments"])
    yield from (place for place, _, _ in sites)
    for part in ("nodes", "segments", "endpoints"):
        for _, prefix, site in sites:
            for name in site.get(part, ()):
                yield from (prefix + name, name)
    yield from (*tree["zones"], *tree["tenants"], *tree["backbone"]["exit"]["circuits"])
    yield from tree.get("cloud", {}).get("zones", ())


def noticed(tree: Any, before: Any, path: At, kind: Kind, tries: int = TRIES) -> str:
    """Return what changing a key does: "effect", "refused" or "ignored"."""
    value = tree
    for step in path:
        value = value[step]
    answers = set()
    tried = dict.fromkeys((type(other), other) for other in others(tree, value, kind) if other != value)
    for _, other in islice(tried, tries):
        try:
            if designed(put(tree, path, other)) != before:
                return "effect"
            answers.add("ignored")
        except ProblemsError:
            answers.add("refused")
    return "ignored" if "ignored" in answers else "refused"
