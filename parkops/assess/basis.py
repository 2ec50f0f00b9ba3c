"""What a park is scored by: thresholds of its sector's profile, weights, and grades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from parkops.assess.catalogues import (
    IndicatorCatalogue,
    Threshold,
    ThresholdCatalogue,
    UnknownWeights,
    indicators,
    read,
    thresholds,
)
from parkops.assess.files import Place, Source, read_yaml, validate
from parkops.errors import PlanError, Problem
from parkops.model import AssessmentPolicy, Stage

GENERAL = "general"
GUIDE = "the guide's"
TOLERANCE = 1e-6
LEVELS = ("level1", "level2", "indicators")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reasoned(_Part):
    """A weight with its reason."""

    weight: float = Field(ge=0, le=1)
    why: str = ""


class ProfileWeights(_Part):
    """Weights that a profile states; whole groups, each of which sums to 1."""

    level1: dict[int, Reasoned] = Field(default_factory=dict)
    level2: dict[int, Reasoned] = Field(default_factory=dict)
    indicators: dict[int, Reasoned] = Field(default_factory=dict)


class Grade(_Part):
    """A grade: totals from ``low`` on."""

    id: Literal["planning", "standard", "optimised", "leading"]
    low: float = Field(ge=0, le=100)
    name_zh: str
    name_en: str
    text_zh: str = ""
    text_en: str = ""


class GradeTable(_Part):
    """The grades, and the least coverage for one."""

    meta: dict[str, Any] = Field(default_factory=dict)
    coverage_floor: float = Field(ge=0, le=1)
    grades: tuple[Grade, ...] = Field(min_length=1)


class Profile(_Part):
    """What differs from another profile."""

    meta: dict[str, Any] = Field(default_factory=dict)
    base: str = GENERAL
    thresholds: dict[int, Threshold] = Field(default_factory=dict)
    components: dict[int, dict[str, Threshold]] = Field(default_factory=dict)
    weights: ProfileWeights = ProfileWeights()
    grades: GradeTable | None = None


class WeightsFile(_Part):
    """Weights as `parkops weights` writes them, or as somebody writes them by hand."""

    kind: Literal["parkops.weights"]
    version: Literal[1]
    title: str = ""
    level1: dict[int, float] = Field(default_factory=dict)
    level2: dict[int, float] = Field(default_factory=dict)
    indicators: dict[int, float] = Field(default_factory=dict)
    method: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Basis:
    """Everything that turns values into scores."""

    profile: str
    weights: str  # where they come from
    catalogue: IndicatorCatalogue
    thresholds: ThresholdCatalogue
    grades: GradeTable

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The grades, lowest first."""
        ordered = sorted(self.grades.grades, key=lambda grade: grade.low)
        return tuple(Stage(g.id, g.name_zh, g.name_en, g.low, g.text_zh, g.text_en) for g in ordered)

    def stage_of(self, total: float) -> Stage:
        """Return the grade of a total."""
        return next((s for s in reversed(self.stages) if total >= s.low), self.stages[0])


def profile_names() -> tuple[str, ...]:
    """Return the profiles that ship with the product."""
    folder = files("parkops.assess") / "catalogue" / "profiles"
    return (GENERAL, *sorted(item.name.removesuffix(".yaml") for item in folder.iterdir()))


@cache
def shipped(profile: str = GENERAL) -> Basis:
    """Return the basis of a profile that ships with the product; without weights it has the guide's."""
    grades = GradeTable.model_validate(read("grades.yaml"))
    general = Basis(GENERAL, GUIDE, indicators(), thresholds(), grades)
    if profile == GENERAL:
        return general
    name = f"profiles/{profile}.yaml"
    return _with_profile(general, profile, Profile.model_validate(read(name)), Source(name, {}))


def basis_of(policy: AssessmentPolicy, root: Path | None = None) -> Basis:
    """Return what a plan asks to be scored by; its files lie below ``root``.

    Raises PlanError with every mistake in them.
    """
    if "." not in policy.profile:
        basis = shipped(policy.profile)
    else:
        source = read_yaml((root or Path()) / policy.profile, policy.profile)
        profile = validate(Profile, source)
        if profile.base not in profile_names():
            known = ", ".join(profile_names())
            raise PlanError([source.problem(("base",), f"no profile {profile.base!r}", f"one of {known}")])
        basis = _with_profile(shipped(profile.base), policy.profile, profile, source)
    if policy.weights:
        source = read_yaml((root or Path()) / policy.weights, policy.weights)
        found = validate(WeightsFile, source)
        groups = {level: getattr(found, level) for level in LEVELS}
        catalogue = _with_weights(basis.catalogue, groups, source, ())
        basis = replace(basis, catalogue=catalogue, weights=policy.weights)
    return basis


def _with_profile(base: Basis, name: str, profile: Profile, source: Source) -> Basis:
    known = {item.id: item for item in base.catalogue.indicators}
    problems = [
        source.problem((section, number), f"there is no indicator {number}", "1 to 60")
        for section in ("thresholds", "components")
        for number in getattr(profile, section)
        if number not in known
    ]
    for number, threshold in profile.thresholds.items():
        if threshold.x_min == threshold.x_max:
            problems.append(source.problem(("thresholds", number), "x_min and x_max are the same"))
    if problems:
        raise PlanError(problems)
    origin = {"origin": f"profile {name}"}
    own = {number: item.model_copy(update=origin) for number, item in profile.thresholds.items()}
    weights = {
        level: {number: item.weight for number, item in getattr(profile.weights, level).items()}
        for level in LEVELS
    }
    parts = {
        number: {**base.thresholds.components.get(number, {}), **new}
        for number, new in profile.components.items()
    }
    limits = base.thresholds.model_copy(
        update={
            "indicators": {**base.thresholds.indicators, **own},
            "components": {**base.thresholds.components, **parts},
        }
    )
    stated = any(weights.values())
    return Basis(
        profile=name,
        weights=f"profile {name}" if stated else base.weights,
        catalogue=_with_weights(base.catalogue, weights, source, ("weights",)) if stated else base.catalogue,
        thresholds=limits,
        grades=profile.grades or base.grades,
    )


def _with_weights(
    catalogue: IndicatorCatalogue,
    groups: Mapping[str, Mapping[int, float]],
    source: Source,
    at: tuple[str, ...],
) -> IndicatorCatalogue:
    """Return the catalogue with other weights; PlanError where a stated group is not whole or is not 1."""
    problems = [*_group_problems(catalogue, groups, source, at)]
    if problems:
        raise PlanError(problems)
    changed = {
        level: tuple(
            item.model_copy(update={"weight": groups[level].get(item.id, item.weight)})
            for item in getattr(catalogue, level)
        )
        for level in LEVELS
    }
    unknown = catalogue.unknown_level2_weights
    if any(number in groups["level2"] for number in unknown.level2):
        unknown = UnknownWeights(level2=(), sum=0, step=unknown.step)  # all of one parent: now they are known
    return catalogue.model_copy(update={**changed, "unknown_level2_weights": unknown})


def groups_of(catalogue: IndicatorCatalogue) -> dict[tuple[str, int], tuple[int, ...]]:
    """Return the members of each group whose weights sum to 1, by (level, parent id)."""
    found: dict[tuple[str, int], list[int]] = {("level1", 0): [item.id for item in catalogue.level1]}
    for second in catalogue.level2:
        found.setdefault(("level2", second.level1), []).append(second.id)
    for item in catalogue.indicators:
        found.setdefault(("indicators", item.level2), []).append(item.id)
    return {key: tuple(members) for key, members in found.items()}


def _group_problems(
    catalogue: IndicatorCatalogue,
    groups: Mapping[str, Mapping[int, float]],
    source: Source,
    at: tuple[str, ...],
) -> list[Problem]:
    problems = []
    members = groups_of(catalogue)
    for level, stated in groups.items():
        known = {number for (name, _), ids in members.items() if name == level for number in ids}
        problems += [
            source.problem((*at, level, number), f"{level} has no {number}")
            for number in stated
            if number not in known
        ]
        for (name, parent), ids in members.items():
            given = [number for number in ids if number in stated]
            if name != level or not given:
                continue
            missing = [str(number) for number in ids if number not in stated]
            whole = sum(stated[number] for number in given)
            where: Place = (*at, level, given[0])
            group = f"the group of {level} below {parent}" if parent else "level 1"
            if missing:
                problems.append(
                    source.problem(where, f"{group} lacks {', '.join(missing)}", "all of a group")
                )
            elif abs(whole - 1) > TOLERANCE:
                problems.append(source.problem(where, f"{group} sums to {whole:.6g}", "1"))
            problems += [
                source.problem((*at, level, number), f"a weight of {stated[number]:g}", "0 or more")
                for number in given
                if stated[number] < 0
            ]
    return problems


__all__ = ["Basis", "GradeTable", "WeightsFile", "basis_of", "groups_of", "profile_names", "shipped"]
