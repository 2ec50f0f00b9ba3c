"""What values the parameters of probes take; each check raises ValueError for one that it does not take."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from parkops.monitor.probes.base import Parameter


def one_of(*values: str) -> Parameter:
    """Take one of some words."""

    def check(text: str) -> None:
        if text not in values:
            raise ValueError(f"expected one of {', '.join(values)}")

    return Parameter(check)


def some_of(*values: str) -> Parameter:
    """Take some of some words, by commas."""

    def check(text: str) -> None:
        for name in names(text):
            if name not in values:
                raise ValueError(f"expected some of {', '.join(values)}")

    return Parameter(check)


def between(low: int, high: int) -> Parameter:
    """Take a whole number of a range."""

    def check(text: str) -> None:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")

    return Parameter(check)


def text(value: str) -> str:
    """Take any printable text."""
    if not value or not value.isprintable():
        raise ValueError("expected printable text")
    return value


def path(value: str) -> str:
    """Take the path of a URL, or of a file."""
    if not value.startswith("/") or " " in value or not value.isprintable():
        raise ValueError("expected a path that begins with /, without spaces")
    return value


def file(value: str) -> Path:
    """Take the name of a file."""
    if not value or not value.isprintable():
        raise ValueError("expected the name of a file")
    return Path(value)


def positive(value: str) -> float:
    """Take a number above 0."""
    if not 0 < float(value) < float("inf"):
        raise ValueError("expected a number above 0")
    return float(value)


def number(value: str) -> float:
    """Take any finite number."""
    if not float("-inf") < float(value) < float("inf"):
        raise ValueError("expected a number")
    return float(value)


def reference(value: str) -> str:
    """Take a secret reference."""
    if not re.fullmatch(r"(?:env|file|age|vault):\S+", value):
        raise ValueError("expected a secret reference, env:NAME, file:PATH, age:PATH or vault:PATH")
    return value


def address(value: str) -> str:
    """Take a literal IP address."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("expected an IP address") from None


def oid(value: str) -> str:
    """Take an SNMP object identifier, by numbers."""
    if not re.fullmatch(r"[012](\.\d+)+", value):
        raise ValueError("expected an object identifier, e.g. 1.3.6.1.2.1.1.3.0")
    return value


def names(value: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated list; ValueError when it is empty."""
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if not found:
        raise ValueError("names nothing")
    return found
