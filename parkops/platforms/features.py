"""Features: what serves which requirement, and devices whose platform lacks what their design needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import yaml

from parkops.errors import Problem
from parkops.model import Device, Need, Park
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
    waived = {waiver.requirement for waiver in park.waivers}
    return [
        _problem(device, need, platforms)
        for device in park.managed
        for need in lacking(device, platforms)
        if not need.waived and waiver_key(device, need) not in waived
    ]


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
