"""The catalogues that ship with the product, read once and checked."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from parkops.model import EvidenceKind


class Entry(BaseModel):
    """A frozen part of a catalogue; unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Call(Entry):
    """One registered check by name, with its parameters: `name`, or `name: {parameter: value}`."""

    name: str
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and len(value) == 1 and not {"name", "params"} & set(value):
            name, params = next(iter(value.items()))
            return {"name": name, "params": params}
        return value


class CheckEntry(Entry):
    """What one kind of evidence must show, and the registered checks that decide it."""

    kind: EvidenceKind
    criterion: str = Field(alias="pass")
    check: tuple[Call, ...] = ()


class Scope(Entry):
    """Which zones a control counts for; nothing said: all (of its levels)."""

    kinds: tuple[str, ...] = ()
    industrial: bool = False  # only zones with the industrial-control extension
    wireless: bool = False  # only zones with radio access
    sensing: bool = False  # only zones with things that sense materials or the environment


class Requirement(Entry):
    """One requirement of the guide, in our own words."""

    id: str
    domain: str
    aspect: str
    source_ref: str
    title_zh: str
    requirement: str
    text_zh: str = ""
    checks: tuple[CheckEntry, ...]
    tier: Literal[1, 2, 3]
    note: str = ""


class MlpsRequirement(Entry):
    """One item of GB/T 22239-2019, in our own words."""

    id: str
    category: str
    control_point: str
    levels: tuple[int, ...]
    clause_l2: str | None
    clause_l3: str | None
    title_zh: str
    requirement: str
    text_zh: str = ""
    iec62443_3_3: tuple[str, ...] = ()
    checks: tuple[CheckEntry, ...]
    scope: Scope = Scope()
    text_confidence: str
    level_confidence: str
    clause_confidence: str
    config_hints: dict[str, str] = Field(default_factory=dict)
    note: str = ""


class OwnControl(Entry):
    """One control of a user's catalogue, such as a company standard."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$")
    title_zh: str = ""
    requirement: str
    text_zh: str = ""
    domain: str
    aspect: str
    source_ref: str = ""
    confidence: Literal["verified", "knowledge", ""] = ""
    levels: tuple[Literal[1, 2, 3], ...] = ()
    scope: Scope = Scope()
    mapped: tuple[str, ...] = ()
    checks: tuple[CheckEntry, ...] = Field(min_length=1)
    note: str = ""


class OwnInfo(Entry):
    """What a user's catalogue is."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    version: str = ""


class Own(Entry):
    """A catalogue file of the user's own."""

    catalogue: OwnInfo
    controls: tuple[OwnControl, ...] = Field(min_length=1)


class Level1(Entry):
    """A first-level indicator with its weight alpha."""

    id: int
    name_zh: str
    name_en: str
    weight: float


class Level2(Entry):
    """A second-level indicator with its weight beta; ``legible`` is false where our copy cannot be read."""

    id: int
    level1: int
    name_zh: str
    name_en: str
    weight: float
    legible: bool = True
    comment: str = ""


class Component(Entry):
    """A part of an indicator; parts weigh the same unless ``weight`` says otherwise."""

    name: str
    kind: str = "ratio"
    unit: str = ""
    weight: float | None = None


class Indicator(Entry):
    """A third-level indicator with its weight gamma inside its second-level indicator."""

    id: int
    level2: int
    name_zh: str
    name_en: str
    weight: float
    kind: Literal["boolean", "ratio", "count", "amount", "additive", "growth-rate"]
    unit: str
    measures: str
    how: str
    scope: Literal["core", "partial", "input"]
    components: tuple[Component, ...] = ()
    list_size: int | None = None
    note: str = ""


class UnknownWeights(Entry):
    """Second-level weights that are not legible: positive multiples of ``step`` that sum to ``sum``."""

    level2: tuple[int, ...]
    sum: float
    step: float


class IndicatorCatalogue(Entry):
    """The 60 indicators in their tree."""

    meta: dict[str, Any]
    unknown_level2_weights: UnknownWeights
    level1: tuple[Level1, ...]
    level2: tuple[Level2, ...]
    indicators: tuple[Indicator, ...]


class Threshold(Entry):
    """Least and best plausible value of an indicator (X_min, X_max of formula 2)."""

    x_min: float
    x_max: float
    per: Literal["park", "tenant"] = "park"
    why: str
    origin: str = "proposed by parkops"


class RequirementCatalogue(Entry):
    """The requirements of the guide."""

    meta: dict[str, Any]
    requirements: tuple[Requirement, ...]


class MlpsCatalogue(Entry):
    """The items of GB/T 22239-2019."""

    meta: dict[str, Any]
    requirements: tuple[MlpsRequirement, ...]


class ThresholdCatalogue(Entry):
    """Our proposal of thresholds, by indicator and, where it has parts, by component."""

    meta: dict[str, Any]
    indicators: dict[int, Threshold]
    components: dict[int, dict[str, Threshold]]


def read(name: str) -> Any:
    """Return a file of the product's catalogues as plain data."""
    text = (files("parkops.assess") / "catalogue" / name).read_text(encoding="utf-8")
    return yaml.load(text, yaml.CSafeLoader)


@cache
def requirements() -> tuple[Requirement, ...]:
    """Return the requirements in catalogue order."""
    return RequirementCatalogue.model_validate(read("requirements.yaml")).requirements


@cache
def mlps() -> tuple[MlpsRequirement, ...]:
    """Return the items of GB/T 22239-2019 in catalogue order."""
    return MlpsCatalogue.model_validate(read("mlps.yaml")).requirements


@cache
def validity() -> Own:
    """Return what parkops asks of the plan's own dated statements."""
    return Own.model_validate(read("validity.yaml"))


@cache
def indicators() -> IndicatorCatalogue:
    """Return the indicator tree."""
    return IndicatorCatalogue.model_validate(read("indicators.yaml"))


@cache
def thresholds() -> ThresholdCatalogue:
    """Return the default thresholds."""
    return ThresholdCatalogue.model_validate(read("thresholds.yaml"))
