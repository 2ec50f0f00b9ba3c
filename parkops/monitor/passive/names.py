"""The table of SNMP notifications."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as checked

Oid = tuple[int, ...]
IF_DESCR, IF_NAME = (1, 3, 6, 1, 2, 1, 2, 2, 1, 2), (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1)
IF_INDEX = (1, 3, 6, 1, 2, 1, 2, 2, 1, 1)


@checked(frozen=True)
class Known:
    """A notification that the table knows."""

    title: str
    name: str
    severity: str = "info"
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a notification, with its value as text."""

    oid: Oid
    text: str


@cache
def table() -> dict[Oid, Known]:
    """Return the table that comes with the program."""
    text = Path(__file__).with_name("notifications.yaml").read_text(encoding="utf-8")
    rows = TypeAdapter(dict[str, dict[str, Known]]).validate_python(yaml.safe_load(text))
    return {
        tuple(int(number) for number in oid.split(".")): known
        for section in rows.values()
        for oid, known in section.items()
    }


def known(oid: Oid) -> Known | None:
    """Return what a notification is, None for an unknown one.

    A trap of SNMPv1 has a 0 before its last number (RFC 3584, 3.1), where the MIB's own OID may have none.
    """
    found = table().get(oid)
    return table().get((*oid[:-2], oid[-1])) if found is None and oid[-2:-1] == (0,) else found


def port_of(variables: tuple[Variable, ...]) -> str:
    """Return the interface that a notification is about: its name, else what it is called by its index."""
    for column in (IF_NAME, IF_DESCR):
        for variable in variables:
            if variable.oid[: len(column)] == column and variable.text:
                return variable.text
    for variable in variables:
        if variable.oid[: len(IF_INDEX)] == IF_INDEX and variable.text:
            return f"ifIndex {variable.text}"
    return "?"
