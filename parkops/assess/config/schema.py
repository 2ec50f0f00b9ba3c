"""What an ``audit.yaml`` may say: how a platform's text is read, and which lines decide each fact."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Style = Literal["blocks", "set", "xml"]
Absent = Literal["fail", "unknown", "not-applicable", "pass"]


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str | dict) else value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_several)]


class Part(BaseModel):
    """A frozen part of a file; unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Rule(Part):
    """What must and must not stand in a configuration, or in each of its sections of one kind.

    A pattern is matched from a line's start; " / " goes one or more levels down.
    """

    file: str = Field("", description="only in files whose path matches")
    when: Patterns = Field((), description="only for texts that have a line like each of these")
    within: str = Field(
        default="", description="sections that are looked at one by one; none: the whole text"
    )
    only: Patterns = Field(
        default=(), description="of the sections, those that have a line like each of these"
    )
    unless: Patterns = Field(
        default=(), description="of the sections, those without a line like one of these"
    )
    has: Patterns = Field((), description="each of these must be there")
    any: Patterns = Field((), description="one of these must be there")
    never: Patterns = Field((), description="none of these may be there")
    least: dict[str, float] = Field(default_factory=dict, description="named group -> smallest good value")
    most: dict[str, float] = Field(default_factory=dict, description="named group -> greatest good value")
    count: int = Field(default=0, ge=0, description="so many different lines must match `has`, at least")
    last: str = Field("", description="the last line of a section that looks like this ...")
    ends: str = Field("", description="... must look like that")
    covers: str = Field("", description="what of the plan the group `item` must name, each one")
    refers: Patterns = Field((), description="lines whose group `item` names something ...")
    to: Patterns = Field(
        default=(), description="... that one of these lines must define as its group `item`"
    )
    strays: Patterns = Field((), description="lines whose group `item` the plan must know ...")
    planned: str = Field("", description="... among these of its values")
    each: bool = Field(default=False, description="each of the files must show it, not one of them")
    absent: Absent = Field(default="fail", description="verdict where there is no such section or file")
    silent: Absent | None = Field(
        default=None, description="verdict where the file is there and says nothing; none: fail"
    )
    default: str = Field("", description="why silence is safe: the platform's documented default")
    why: str = Field("", description="what is wrong where a line of `never` stands")
    mend: str = Field("", description="what to enter, in the device's language")


Rules = Annotated[tuple[Rule, ...], BeforeValidator(_several)]


class AuditFile(Part):
    """A platform's ``audit.yaml``."""

    style: Style = "blocks"
    comments: Patterns = ("!", "#")
    separator: str = ""  # a line that ends every block, whatever its indentation
    literals: Patterns = ()  # values over several lines; the first group is their delimiter
    files: Patterns = ()  # paths (anywhere in them) of the files that are read; none: all
    host: str = ""  # a file's path: where none is so called, files of the system below are not known
    guess: Patterns = ()  # lines that only this platform writes
    lacks: dict[str, str] = Field(default_factory=dict)  # fact -> why this platform cannot have it
    facts: dict[str, Rules] = Field(default_factory=dict)


class Fact(Part):
    """Something about a device that requirements speak of; platforms say which lines show it."""

    title: str
    title_zh: str
    expected: str


class FactFile(Part):
    """All facts by id."""

    facts: dict[str, Fact]
