"""What a device does without because the plan waived it: each such feature stands in the proofs."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.model import Evidence, EvidenceKind, Finding, Park, Verdict
from parkops.model.features import FEATURES
from parkops.platforms import Excuses, Platforms, lacking


def check_features(park: Park, platforms: Platforms) -> Iterator[Finding]:
    """Yield one finding per feature that a device needs and its platform lacks."""
    excuses = Excuses.of(park)
    for device in park.managed:
        for need in lacking(device, platforms):
            waiver = excuses.find(device, need)
            reason = need.waived or (waiver.reason if waiver else "")
            place = waiver.source if waiver else need.source
            message = (
                f"Expected: {device.platform} gives {need.feature} ({FEATURES.get(need.feature, '')}). "
                f"Actual: it does not; {'waived: ' + reason if reason else 'nothing excuses it'}."
            )
            evidence = Evidence(EvidenceKind.PLAN, device.name, str(place), message, None)
            yield Finding(
                "verify.features",
                need.feature,
                Verdict.WAIVED if reason else Verdict.FAIL,
                message,
                (evidence,),
                device.name,
            )
