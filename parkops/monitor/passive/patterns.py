"""What log lines say, by a table of patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from parkops.errors import UsageError
from parkops.monitor.passive.intake import Said
from parkops.monitor.passive.syslog import LEVELS, Message

NAME_LENGTH = 120
LOOKED_AT = 1000  # characters: a search may take the square of them, and whoever sends chooses the text


class Row(BaseModel):
    """A row of the table as it stands in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    platforms: str = ""
    app: str = ""
    text: str
    name: str
    severity: Annotated[str, Field(pattern="^(critical|warning|info)$")] = "info"
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled row."""

    app: re.Pattern[str] | None
    text: re.Pattern[str]
    row: Row

    def read(self, message: Message) -> Said | None:
        """Return what a message says, None where it does not fit."""
        if self.app is not None and self.app.search(message.app[:NAME_LENGTH]) is None:
            return None
        whole = f"{message.app}: {message.text}" if self.app is None and message.app else message.text
        found = self.text.search(whole[:LOOKED_AT])
        if found is None:
            return None
        groups = {key: value or "" for key, value in found.groupdict().items()}
        name = self.row.name.format_map(groups)[:NAME_LENGTH].rstrip(":")
        return Said(name, self.row.severity, message.text, self.row.clears)


def load(text: str, where: str) -> tuple[Pattern, ...]:
    """Read a table; UsageError with every mistake in it."""
    try:
        rows = TypeAdapter(dict[str, tuple[Row, ...]]).validate_python(yaml.safe_load(text))["patterns"]
        return tuple(
            Pattern(re.compile(row.app, re.I) if row.app else None, re.compile(row.text, re.I), row)
            for row in rows
        )
    except (ValidationError, KeyError, re.error, yaml.YAMLError) as error:
        raise UsageError(f"no table of log patterns: {error}", where=where) from error


@cache
def builtin() -> tuple[Pattern, ...]:
    """Return the table that comes with the program."""
    file = Path(__file__).with_name("patterns.yaml")
    return load(file.read_text(encoding="utf-8"), file.name)


def read(message: Message, patterns: Sequence[Pattern]) -> Said:
    """Return what a message says; what no pattern fits is told by its severity."""
    for pattern in patterns:
        said = pattern.read(message)
        if said is not None:
            return said
    app = re.sub(r"[^\w.+-]", "_", message.app)[:40] or "message"
    level = LEVELS[message.severity]
    # severities of devices are no verdict on the park: only what is known by name raises an alarm
    return Said(f"log:{level}:{app}", "info", message.text)
