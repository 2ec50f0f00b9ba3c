"""The baseline that devices get unasked: what a platform does not render has to be set by hand."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.model import Device, Evidence, EvidenceKind, Finding, Need, Park, Verdict, Waiver
from parkops.model.features import FEATURES
from parkops.platforms import Excuses, Platforms, Unrendered, unrendered


def check_baseline(park: Park, platforms: Platforms) -> Iterator[Finding]:
    """Yield one finding per platform and feature that it does not render: unknown, or waived."""
    excuses = Excuses.of(park)
    for item in unrendered(park, platforms):
        waivers = {device.name: _waiver(excuses, device, item.feature) for device in item.devices}
        without = [name for name, waiver in waivers.items() if waiver is None]
        message = _message(item, without or list(waivers))
        reasons = sorted({waiver.reason for waiver in waivers.values() if waiver})
        if not without:
            message += f" Waived: {'; '.join(reasons)}."
        source = str(item.devices[0].source)
        yield Finding(
            "verify.baseline",
            item.feature,
            Verdict.UNKNOWN if without else Verdict.WAIVED,
            message,
            (Evidence(EvidenceKind.PLAN, item.platform, source, message, None),),
            item.platform,
        )


def _waiver(excuses: Excuses, device: Device, feature: str) -> Waiver | None:
    return excuses.find(device, Need(feature, device.source))


def _message(item: Unrendered, devices: list[str]) -> str:
    others = f" and {len(devices) - 1} more" if devices[1:] else ""
    return (
        f"Expected: {item.feature} ({FEATURES[item.feature]}). "
        f"Actual: not rendered on platform {item.platform}, for {devices[0]}{others}; set it by hand, "
        f"waive feature:{item.feature}@DEVICE with a reason, or choose another platform."
    )
