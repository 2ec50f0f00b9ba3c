"""Puts what the schema expects into words."""

from __future__ import annotations

import types
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from parkops.plan.schema import Plan

PATTERNS = {
    r"^[a-z][a-z0-9-]{0,23}$": "a lower-case name of letters, digits and hyphens, at most 24",
    r"^[a-z][a-z0-9]{0,7}$": "1 to 8 lower-case letters or digits",
    r"^(tcp|udp)/([1-9][0-9]{0,4})$|^icmp$": "tcp/PORT, udp/PORT or icmp",
    r"^(env|file):.+": "a secret reference, env:NAME or file:PATH",
    r"^IP[0-6][0-9]$": "an IP code of IEC 60529 such as IP40",
    r"^[0-9]+(\.[0-9]+)+$": "an identifier prefix such as 88.136.1",
    r"^[0-9]+(\.[0-9]+)+/[A-Za-z0-9._-]+$": "an identifier such as 88.136.1/part-1",
}

FIXED = {  # pydantic's error type -> (expected, hint)
    "missing": ("this key", "add it"),
    "string_type": ("text", "quote it"),
    "int_type": ("a whole number", ""),
    "int_parsing": ("a whole number", ""),
    "int_from_float": ("a whole number", ""),
    "float_type": ("a number", ""),
    "float_parsing": ("a number", ""),
    "bool_type": ("true or false", ""),
    "bool_parsing": ("true or false", ""),
    "model_type": ("a mapping", "write `key: value` lines below it"),
    "dict_type": ("a mapping", "write `name: {…}` lines below it"),
    "tuple_type": ("a list", "write it as [a, b]"),
    "list_type": ("a list", "write it as [a, b]"),
    "ip_v4_network": ("an IPv4 prefix such as 10.16.0.0/14", "no host bits may be set"),
    "ip_v6_network": ("an IPv6 prefix such as fd00:16::/32", "quote it; no host bits may be set"),
    "date_type": ("a date such as 2026-09-30", ""),
    "date_parsing": ("a date such as 2026-09-30", ""),
    "date_from_datetime_parsing": ("a date such as 2026-09-30", ""),
    "string_too_short": ("some text", ""),
    "invalid_key": ("text as a key", "YAML reads on, off, yes, no and numbers as something else: quote it"),
    "too_short": ("at least one entry", ""),
}

BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def describe(detail: ErrorDetails) -> tuple[str, str]:
    """Return (expected, hint) for a pydantic error."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in FIXED:
        return FIXED[kind]
    if kind == "literal_error":
        expected = str(context["expected"])
        options = [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]
        close = get_close_matches(str(detail["input"]), options, n=1)
        return "one of " + ", ".join(options), f"did you mean {close[0]!r}?" if close else ""
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(str(context["pattern"]), f"text like {context['pattern']}"), ""
    for bound, words in BOUNDS.items():
        if bound in context:
            return f"{words} {context[bound]}", ""
    return detail["msg"], ""


def keys_at(path: Sequence[str | int]) -> list[str]:
    """Return the keys that the schema knows at a path of the plan."""
    current: Any = Plan
    for part in path:
        current = _step(current, part)
        if current is None:
            return []
    return _fields(current)


def _fields(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return []


def _step(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if (field.alias or name) == part:
                return _unwrap(field.annotation)
        return None
    if get_origin(kind) is dict:
        return _unwrap(get_args(kind)[1])
    if get_origin(kind) in (tuple, list):
        return _unwrap(get_args(kind)[0])
    return None


def _unwrap(kind: Any) -> Any:
    if get_origin(kind) is Annotated:
        return _unwrap(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return next(_unwrap(option) for option in get_args(kind) if option is not type(None))
    return kind
