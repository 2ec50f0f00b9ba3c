"""Features: what serves which requirement, and devices whose platform lacks what their design needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType

import yaml

from parkops.errors import Problem
from parkops.model import Device, Need, Park, Waiver
from parkops.model.features import FEATURES
from parkops.platforms.folders import Platforms
from parkops.resources import folder


@cache
def requirements_by_block() -> Mapping[str, tuple[str, ...]]:
    """Return the requirement ids that each block of configuration serves; every feature is a block."""
    text = (folder("templates") / "requirements.yaml").read_text(encoding="utf-8")
    table = {name: tuple(ids) for name, ids in yaml.load(text, yaml.CSafeLoader).items()}
    return MappingProxyType(dict.fromkeys(FEATURES, ()) | table)


def missing_features(park: Park, platforms: Platforms) -> list[Problem]:
    """Return a problem for each feature that a device needs, its platform lacks, and no waiver excuses."""
    excuses = Excuses.of(park)
    return [
        _problem(device, need, platforms)
        for device in park.managed
        for need in lacking(device, platforms)
        if not need.waived and excuses.find(device, need) is None
    ]


@dataclass(frozen=True, slots=True)
class Excuses:
    """The waivers of features, as feature:NAME@DEVICE; in the device's name, * and ? stand for more."""

    by_feature: Mapping[str, Mapping[str, Waiver]]  # feature -> device or pattern -> waiver

    @classmethod
    def of(cls, park: Park) -> Excuses:
        """Return the waivers of features that the plan states."""
        found: dict[str, dict[str, Waiver]] = {}
        for waiver in park.waivers:
            kind, _, rest = waiver.requirement.partition(":")
            feature, _, device = rest.partition("@")
            if kind == "feature":
                found.setdefault(feature, {})[device] = waiver
        return cls(found)

    def find(self, device: Device, need: Need) -> Waiver | None:
        """Return the waiver that excuses a device from a feature: that of its name before a pattern's."""
        waivers = self.by_feature.get(need.feature, {})
        fitting = (name for name in sorted(waivers) if fnmatchcase(device.name, name))
        return waivers.get(device.name) or next((waivers[name] for name in fitting), None)


def lacking(device: Device, platforms: Platforms) -> list[Need]:
    """Return what a device needs and its platform does not declare, waived or not."""
    if not device.needs:
        return []
    declared = platforms.get(device.platform).features
    return [need for need in device.needs if need.feature not in declared]


def waiver_key(device: Device, need: Need) -> str:
    """Return the key of a waiver in the plan that excuses one device from one feature."""
    return f"feature:{need.feature}@{device.name}"


def _problem(device: Device, need: Need, platforms: Platforms) -> Problem:
    having = platforms.having(need.feature)
    meaning = FEATURES.get(need.feature, "")
    what = f"{device.name} needs {need.feature}" + (f" ({meaning})" if meaning else "")
    hint = f"platforms that have it: {', '.join(having)}; or" if having else "no platform has it;"
    return Problem(
        need.source.file,
        need.source.line,
        need.source.col,
        f"{what}, and its platform {device.platform} does not give it",
        "",
        f"{hint} waive {waiver_key(device, need)} with a reason",
    )
