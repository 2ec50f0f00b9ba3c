"""Puts into words what the schema expects at a place of the plan."""

from __future__ import annotations

import types
from collections.abc import Sequence
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from parkops.plan.marks import Key
from parkops.plan.schema import Plan
from parkops.plan.schema.base import SECRET, SERVICE

PATTERNS = {
    r"^[a-z][a-z0-9-]{0,23}$": "a name of lower-case letters, digits and hyphens, a letter first, at most 24",
    r"^[a-z][a-z0-9]{0,7}$": "1 to 8 lower-case letters or digits, a letter first",
    SERVICE: "tcp/PORT, udp/PORT, icmp, or a protocol by name such as opcua or https",
    SECRET: "a secret reference, env:NAME, file:PATH, age:FILE or vault:FILE",
    r"^((env|file|age|vault):.+)?$": "a secret reference, env:NAME, file:PATH, age:FILE or vault:FILE",
    r"^(all|(role|zone|tenant|flow|class):.+)$": "all, role:…, zone:…, tenant:…, flow:… or class:…",
    r"^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$": "a container image such as registry.example/app:1.2",
    r"^[A-Za-z_][A-Za-z0-9_]{0,63}$": "the name of an environment variable",
    r"^[a-z_][a-z0-9_-]{0,30}$": "a user name of lower-case letters and digits",
    r"^[A-Za-z][A-Za-z0-9_-]{0,14}$": "a name of at most 15 letters and digits",
    r"^([A-Za-z0-9]([A-Za-z0-9.-]{0,98}[A-Za-z0-9])?)?$": "an access point name such as factory.example",
    r"^([a-z0-9-]+\.)*[a-z0-9-]+$": "a domain name in lower case",
    r"^([0-9]+(\.[0-9]+)+)?$": "an identifier prefix such as 88.136",
    r"^IP[0-6][0-9]$": "an IP code of IEC 60529 such as IP40",
    r"^[0-9]+(\.[0-9]+)+$": "an identifier prefix such as 88.136.1",
    r"^[0-9]+(\.[0-9]+)+/[A-Za-z0-9._-]+$": "an identifier such as 88.136.1/part-1",
    r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$": "a host name or an address",
    r"^([0-9]{1,3}\.){3}[0-9]{1,3}$": "an IPv4 address such as 198.51.100.80",
    r"^[a-z][a-z0-9_]{0,39}$": "the name of a platform such as huawei_vrp",
    r"^[a-z0-9*?][a-z0-9*?-]{0,62}$": "a device's name, or a pattern with * and ?",
    r"^[a-z][a-z0-9-]{0,62}$": "a device's name such as core-1",
    r"^[A-Za-z0-9_.-]{0,15}$": "a name of at most 15 letters and digits",
    r"^[a-z_]{1,24}$": "a name of lower-case letters and _, at most 24",
    r"^[a-z_]+$": "a name of lower-case letters and _",
    r"^https?://[^\s]+$": "a URL such as https://hooks.example/park",
    r"^https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~/%-]*)?$": "a URL such as https://portal.example/guest",
    r"^[^@\s]+@[^@\s]+$": "a mail address such as ops@park.example",
    r"^([0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5})?$": "a MAC address such as 03-43-42-00-00-01",
    r"^(tcp|udp)/([1-9][0-9]{0,4})$": "tcp/PORT or udp/PORT",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "a time of day, 00:00 to 23:59",
    r"^(all|(role|zone|tenant|device):.+)$": "all, role:…, zone:…, tenant:… or device:…",
    r"^(probe|kind|role|zone|tenant|device):.+$": "probe:…, kind:…, role:…, zone:…, tenant:… or device:…",
    r"^([0-9a-fA-F]{64})?$": "a SHA-256, 64 hexadecimal digits",
    r"^([^/].*\.ya?ml)?$": "a YAML file below the park's folder",
    r"^([a-z][a-z0-9-]*|[^/].*\.ya?ml)$": "the name of a profile, or a YAML file below the park's folder",
}

IPV4 = "an IPv4 prefix such as 10.16.0.0/14"
IPV6 = "an IPv6 prefix such as fd00:16::/32"
DATE = ("a date such as 2026-09-30", "")
FIXED = {  # pydantic's error type -> (expected, hint)
    "string_type": ("text", ""),
    "int_type": ("a whole number", ""),
    "int_parsing": ("a whole number", ""),
    "float_type": ("a number", ""),
    "finite_number": ("a finite number", ""),
    "bool_type": ("true or false", ""),
    "model_type": ("a mapping", "write `key: value` lines below it"),
    "dict_type": ("a mapping", "write `name: {…}` lines below it"),
    "tuple_type": ("a list", "write it as [a, b]"),
    "date_type": DATE,
    "date_parsing": DATE,
    "string_too_short": ("some text", ""),
    "too_short": ("at least one entry", ""),
}

SCALARS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def describe(detail: ErrorDetails) -> tuple[str, str]:
    """Return (expected, hint) for a pydantic error."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in FIXED:
        return FIXED[kind]
    if kind in ("ip_v4_network", "ip_v6_network"):
        return (IPV4 if kind == "ip_v4_network" else IPV6), _prefix_hint(detail["input"], int(kind[4]))
    if kind == "literal_error":
        expected = str(context["expected"])
        options = [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]
        close = get_close_matches(str(detail["input"]), options, n=1)
        return "one of " + ", ".join(options), f"did you mean {close[0]!r}?" if close else ""
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(str(context["pattern"]), f"text like {context['pattern']}"), ""
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters", ""
    for bound, words in BOUNDS.items():
        if bound in context:
            return f"{words} {context[bound]:g}", ""
    return detail["msg"], ""


def _prefix_hint(value: object, version: int) -> str:
    """Return the prefix that was meant, where only host bits are wrong."""
    try:
        meant = ip_network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        return ""
    if meant is None:
        return "quote it" if version == 6 else ""
    return f"no host bits: did you mean {str(meant)!r}?" if meant.version == version else ""


def kind_words(kind: Any) -> str:
    """Return what a type of the schema is called."""
    base = unwrap(kind)
    if get_origin(base) is Literal:
        return "one of " + ", ".join(get_args(base))
    if get_origin(base) is tuple:
        return "a list"
    if isinstance(base, type) and issubclass(base, BaseModel):
        needed = (field.alias or name for name, field in base.model_fields.items() if field.is_required())
        return "a mapping with " + ", ".join(needed)
    if isinstance(base, type) and base.__name__ in ("IPv4Network", "IPv6Network"):
        return IPV4 if base.__name__ == "IPv4Network" else IPV6
    return SCALARS.get(base, DATE[0] if getattr(base, "__name__", "") == "date" else "a mapping")


def kind_at(path: Sequence[Key]) -> Any:
    """Return the type, with its bounds, that the schema knows at a path of the plan; None for none."""
    current: Any = Plan
    for part in path:
        current = _step(unwrap(current), part)
        if current is None:
            return None
    return current


def keys_at(path: Sequence[Key]) -> list[str]:
    """Return the keys that the schema knows at a path of the plan."""
    kind = unwrap(kind_at(path))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return []


def _step(kind: Any, part: Key) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if (field.alias or name) == part:
                return bounded(field.annotation, field.metadata)
    elif get_origin(kind) is dict:
        return get_args(kind)[1]
    elif get_origin(kind) is tuple:
        return get_args(kind)[0]
    return None


def bounded(kind: Any, constraints: Sequence[Any]) -> Any:
    """Return a type with the constraints that pydantic keeps beside it."""
    for constraint in constraints:
        kind = Annotated[kind, constraint]
    return kind


def unwrap(kind: Any) -> Any:
    """Return a type without its bounds and without None; of several, the first."""
    if get_origin(kind) is Annotated:
        return unwrap(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return next(unwrap(option) for option in get_args(kind) if option is not type(None))
    return kind
