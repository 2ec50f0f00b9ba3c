"""Fold what was tried between endpoints into a matrix of zones."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model import Device, EvidenceSet, Expectation, Park, Reach, Role

PARK = "park"  # zone of a device that is not the reader's own
MOST_ZONES = 30  # beyond this, zones are folded by their kind


@dataclass(frozen=True, slots=True)
class Try:
    """One expectation and what came of it."""

    expectation: Expectation
    seen: Reach | None

    @property
    def verdict(self) -> str:
        """``held``, ``broken`` or ``untried``."""
        if self.seen is None or self.seen.passed is None:
            return "untried"
        return "held" if self.seen.passed is self.expectation.allowed else "broken"


@dataclass(frozen=True, slots=True)
class Cell:
    """All tries from one zone to another."""

    allowed: int
    forbidden: int
    held: int
    broken: int
    untried: int

    @property
    def state(self) -> str:
        """The worst of what was seen, in one word for the colour."""
        if self.broken:
            return "broken"
        if not self.held:
            return "untried"
        return "mixed" if self.allowed and self.forbidden else "open" if self.allowed else "closed"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Zones by zones; a missing cell was not to be tried."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]
    tries: tuple[Try, ...]
    by_kind: bool = False  # rows and columns are kinds of zone

    def count(self, *, allowed: bool, verdict: str = "") -> int:
        """Count the tries of one sort."""
        return sum(
            t.expectation.allowed is allowed and (not verdict or t.verdict == verdict) for t in self.tries
        )


def fold(park: Park, evidence: EvidenceSet) -> Matrix:
    """Return the matrix of a park's expectations with their newest observation."""
    seen: dict[str, Reach] = {}
    for reach in sorted(evidence.reach, key=lambda item: item.time_s):
        seen[reach.expectation] = reach
    tries = tuple(Try(expectation, seen.get(expectation.id)) for expectation in park.expectations)
    zones, by_kind = _zones(park), len(park.zones) > MOST_ZONES
    if by_kind:
        kinds = {zone.id: zone.kind for zone in park.zones}
        zones = {device: kinds.get(zone, zone) for device, zone in zones.items()}
    grouped: dict[tuple[str, str], list[Try]] = {}
    for item in tries:
        ends = (item.expectation.src_device, item.expectation.dst_device)
        pair = (zones.get(ends[0], PARK), zones.get(ends[1], PARK))
        grouped.setdefault(pair, []).append(item)
    cells = {pair: _cell(own) for pair, own in grouped.items()}
    names = dict.fromkeys(zone.kind if by_kind else zone.id for zone in park.zones)
    order = [*names, PARK, "outside"]
    sources = tuple(zone for zone in order if any(pair[0] == zone for pair in cells))
    targets = tuple(zone for zone in order if any(pair[1] == zone for pair in cells))
    return Matrix(sources, targets, cells, tries, by_kind)


def _cell(tries: list[Try]) -> Cell:
    allowed = sum(item.expectation.allowed for item in tries)
    count = {name: sum(item.verdict == name for item in tries) for name in ("held", "broken", "untried")}
    return Cell(allowed, len(tries) - allowed, count["held"], count["broken"], count["untried"])


def _zones(park: Park) -> dict[str, str]:
    segments = {segment.id: segment.zone for segment in park.segments}

    def zone(device: Device) -> str:
        if device.role is Role.EXTERNAL:
            return "outside"
        found = [port.zone or segments.get(port.segment, "") for port in device.interfaces]
        return next(filter(None, found), "outside")

    return {device.name: zone(device) for device in park.devices}
