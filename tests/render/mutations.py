"""Changes of single values of a device, each to another valid one: what a configuration has to follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from ipaddress import ip_interface
from typing import Any

from parkops.model import Device, SourceRef

OTHER = {  # where only some words are valid: from one to another
    "strict": "loose",
    "loose": "strict",
    "dot1x-mab": "dot1x",
    "mab": "dot1x-mab",
    "dot1x": "mab",
    "none": "mab",
    "owner": "neighbor",
    "manager": "client",
    "root": "bridge",
    "udp": "tcp",
    "tcp": "udp",
    "tls": "tcp",
    "icmp": "tcp",
    "informational": "warnings",
    "warnings": "informational",
    "sha256": "sha512",
    "aes128": "aes256",
    "admin": "auditor",
    "operator": "auditor",
    "auditor": "operator",
    "wpa3-enterprise": "wpa2-enterprise",
    "wpa3-personal": "open-portal",
    "open-portal": "wpa3-personal",
    "radius": "certificate",
    "key": "certificate",
    "data": "video",
    "internet": "video",
    "discard": "10.254.0.77",
    "interface": "198.51.100.9",
    "wifi6": "wifi7",
    "connected": "static",
    "static": "connected",
}
NUMBERS = {  # how far a number has to move to be another one on devices that count in larger steps
    "storm_percent": 1,
    "spanning_priority": 4096,
    "idle_s": 60,
    "lockout_s": 60,
    "reference_mbps": 100_000,
    "queue": -1,
}


def mutations(device: Device) -> Iterator[tuple[str, Device]]:
    """Yield (class, field and kind of what is changed, the device with that one change)."""
    yield from _changed(device, "Device")


def _changed(item: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each variant of a frozen value that differs in one leaf."""
    for field in fields(item):
        value = getattr(item, field.name)
        for key, other in _variants(value, f"{name}.{field.name}", field.name):
            yield key, replace(item, **{field.name: other})


def _variants(value: Any, key: str, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, SourceRef | Enum) or value is None:
        return
    if is_dataclass(value):
        yield from _changed(value, _name(value))
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            place = f"{key}[{number}]" if isinstance(part, int | str) and isinstance(value, tuple) else key
            for inner, other in _variants(part, place if _row(value) else key, name):
                yield inner, (*value[:number], other, *value[number + 1 :])
    elif (other := _other(value, name)) is not None:
        yield key, other


def _row(value: tuple[Any, ...]) -> bool:
    """Return whether a tuple is a record rather than a list: its parts have meanings of their own."""
    return len({type(part) for part in value}) > 1


def _name(value: Any) -> str:
    """Return the class, with the kind where one class stands for several things."""
    kind = getattr(value, "kind", "")
    return f"{type(value).__name__}:{kind}" if kind else type(value).__name__


def _other(value: Any, name: str) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + NUMBERS.get(name, 1)
    if not value:
        return None
    if re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", value):
        return f"{value[:-1]}{'1' if value[-1] == '0' else '0'}"
    return OTHER.get(value) or _address(value) or f"{value}x"


def _address(value: str) -> str:
    """Return the next address or network, "" for other text."""
    try:
        address = ip_interface(value)
    except ValueError:
        return ""
    if not address.network.prefixlen:
        return "198.51.100.0/24" if address.version == 4 else "2001:db8:77::/48"
    step = 2 ** (address.max_prefixlen - address.network.prefixlen) if "/" in value else 1
    step = step if address.ip == address.network.network_address else 1
    moved = str(address.ip + step)
    return f"{moved}/{address.network.prefixlen}" if "/" in value else moved
