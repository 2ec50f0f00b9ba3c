"""What is advised besides the design's own advice: what is over by a day, and what platforms leave out."""

from __future__ import annotations

from datetime import date

from parkops.model import Advice, Park, SourceRef
from parkops.platforms import Platforms, unrendered


def advice_on(park: Park, day: date, platforms: Platforms) -> tuple[Advice, ...]:
    """Return the design's advice, and what is over on a day; the design itself knows no day."""
    found = [*park.advice, *_over(park, day), *_left_out(park, platforms)]
    return tuple(sorted(found, key=lambda item: (item.source, item.what)))


def _over(park: Park, day: date) -> list[Advice]:
    stated = [
        *(("interconnection", item.id, item.until, item.source) for item in park.interconnects),
        *(("waiver", item.requirement, item.expires_on, item.source) for item in park.waivers),
        *(("attestation", item.requirement, item.expires_on, item.source) for item in park.attestations),
    ]
    return [
        Advice("expiry", f"{kind} {name!r} is over since {until}", "a later day, or its removal", source)
        for kind, name, until, source in stated
        if until and date.fromisoformat(until) < day
    ]


def _left_out(park: Park, platforms: Platforms) -> list[Advice]:
    """Return one advice per platform: the parts of the baseline that it does not render."""
    by_platform: dict[str, list[str]] = {}
    sources: dict[str, SourceRef] = {}
    for item in unrendered(park, platforms):
        by_platform.setdefault(item.platform, []).append(item.feature)
        sources.setdefault(item.platform, item.devices[0].source)
    return [
        Advice(
            "baseline",
            f"not rendered on platform {name}: {', '.join(features)}",
            "what is set by hand, or another platform",
            sources[name],
        )
        for name, features in by_platform.items()
    ]
