"""The table of SNMP objects by topic and platform (``oids.yaml``)."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

TOPICS = ("interfaces", "cpu", "memory", "sensors", "optical", "lag", "ring", "access", "wifi")
OID = r"^[012](\.\d+)+$"


class Column(BaseModel):
    """One object, or one column of a table, and how its values read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    oid: str = Field(default="", pattern=OID + "|^$")
    label: str = Field(default="", pattern=OID + "|^$")
    scale: float = 1.0
    skip: tuple[int, ...] = ()
    fold: Literal["", "mean", "max", "sum", "count"] = ""
    only: tuple[int, ...] = ()
    share_of: tuple[str, ...] = ()
    complement: bool = False
    good: tuple[int, ...] = ()
    words: dict[int, str] = Field(default_factory=dict)
    convert: Literal["", "flag", "lacp", "microwatt_or_centidbm"] = ""
    sensor_table: str = Field(default="", pattern=OID + "|^$")

    @model_validator(mode="after")
    def _whole(self) -> Column:
        if bool(self.sensor_table) == bool(self.name and self.oid):
            raise ValueError("a column has a name and an oid, or is a sensor_table")
        return self

    def word(self, number: int) -> str:
        """Return what a value means."""
        return self.words.get(number, str(number))


Topics = dict[Literal["interfaces", "cpu", "memory", "sensors", "optical", "lag", "ring", "access", "wifi"],
              tuple[Column, ...]]  # fmt: skip


class Table(BaseModel):
    """All topics of all platforms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platforms: dict[str, Topics]
    same: dict[str, str]

    def columns(self, topic: str, platform: str) -> tuple[Column, ...]:
        """Return what tells a topic on a platform; () when nothing is known to."""
        own = self.platforms.get(self.same.get(platform, platform), {})
        standard = self.platforms["standard"]
        found = own.get(topic, standard.get(topic, ()))  # type: ignore[call-overload]  # a topic's name
        return tuple(found)


@cache
def table() -> Table:
    """Return the table that ships with parkops."""
    text = (resources.files(__package__) / "oids.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    same = document.pop("same")
    return Table(platforms=document, same=same)
