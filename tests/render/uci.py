"""A strict reader of OpenWrt's configuration language (https://openwrt.org/docs/guide-user/base-system/uci)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = r"[A-Za-z0-9_]+"
SECTION = re.compile(rf"config (?P<kind>[A-Za-z0-9_-]+)(?: '(?P<name>{NAME})')?")
VALUE = re.compile(rf"\t(?P<way>option|list) (?P<key>{NAME}) '(?P<value>[^'\\]*)'")


class NotUci(ValueError):
    """A line that uci would refuse, or would read as something else."""


@dataclass
class Section:
    """One section: its options by name, its lists by name."""

    kind: str
    name: str
    options: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)


def read(text: str) -> list[Section]:
    """Return the sections; NotUci for what is neither a section, a value, a comment nor blank."""
    sections: list[Section] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if head := SECTION.fullmatch(line):
            if head["name"] and any(known.name == head["name"] for known in sections):
                raise NotUci(f"line {number}: section {head['name']} stands twice")
            sections.append(Section(head["kind"], head["name"] or ""))
        elif (value := VALUE.fullmatch(line)) and sections:
            _take(sections[-1], value, number)
        else:
            raise NotUci(f"line {number}: {line!r}")
    return sections


def _take(section: Section, value: re.Match[str], number: int) -> None:
    if value["way"] == "list":
        section.lists.setdefault(value["key"], []).append(value["value"])
    elif value["key"] in section.options:
        raise NotUci(f"line {number}: option {value['key']} stands twice")
    else:
        section.options[value["key"]] = value["value"]
