"""Which prefixes a flow comes from and leads to, for rules that stand beside the network's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parkops.model import Flow, Park, Segment

EVERYWHERE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class Permit:
    """Traffic that a flow lets into a segment, or out of it."""

    flow: Flow
    inward: bool
    prefixes: tuple[str, ...]  # of the other end
    spared: tuple[str, ...] = ()  # prefixes that are not meant, where the other end is outside the park


@dataclass(frozen=True, slots=True)
class Reachable:
    """The park's flows by the segments at their ends."""

    segments: Mapping[str, Segment]
    permits: Mapping[str, tuple[Permit, ...]]  # by segment

    @classmethod
    def of(cls, park: Park) -> Reachable:
        """Index a park's flows; linear in flows and in the segments that they join."""
        segments = {segment.id: segment for segment in park.segments}
        places: dict[str, list[Segment]] = defaultdict(list)
        for segment in park.segments:
            places[segment.id].append(segment)
            if segment.zone != segment.id:
                places[segment.zone].append(segment)
        inside = tuple(
            prefix for name in ("ipv4", "ipv6") for prefix in park.fact(f"pools.{name}").split(",") if prefix
        )
        permits: dict[str, list[Permit]] = defaultdict(list)
        for flow in park.flows:
            for here, there, inward in ((flow.dst, flow.src, True), (flow.src, flow.dst, False)):
                far = places.get(there)
                prefixes = _prefixes(far) if far else EVERYWHERE
                permit = Permit(flow, inward, prefixes, () if far else inside)
                for segment in places.get(here, ()):
                    permits[segment.id].append(permit)
        return cls(segments, {name: tuple(found) for name, found in permits.items()})

    def into(self, segment: str) -> Iterator[Permit]:
        """Yield what may enter a segment."""
        return (permit for permit in self.permits.get(segment, ()) if permit.inward)

    def out_of(self, segment: str) -> Iterator[Permit]:
        """Yield what may leave a segment."""
        return (permit for permit in self.permits.get(segment, ()) if not permit.inward)


def _prefixes(segments: list[Segment]) -> tuple[str, ...]:
    return tuple(prefix for item in segments for prefix in (item.ipv4, item.ipv6) if prefix)
