"""Features that devices do without because the plan waived them, for the report."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model import Park

PREFIX = "feature:"  # of a waiver's key: feature:<feature>@<device>


@dataclass(frozen=True, slots=True)
class WaivedFeature:
    """One feature that one device's platform does not give, on purpose."""

    device: str
    platform: str
    feature: str
    reason: str
    plan: str  # where the plan says so


def waived_features(park: Park) -> tuple[WaivedFeature, ...]:
    """Return what devices do without, by device and feature."""
    platforms = {device.name: device.platform for device in park.devices}
    found = [
        WaivedFeature(device.name, device.platform, need.feature, need.waived, str(need.source))
        for device in park.devices
        for need in device.needs
        if need.waived
    ]
    for waiver in park.waivers:
        feature, _, device = waiver.requirement.removeprefix(PREFIX).partition("@")
        if waiver.requirement.startswith(PREFIX) and device in platforms:
            reason = f"{waiver.reason} ({waiver.owner}, {waiver.expires_on})"
            found.append(WaivedFeature(device, platforms[device], feature, reason, str(waiver.source)))
    return tuple(sorted(found, key=lambda item: (item.device, item.feature)))
