"""Where an address of the park belongs, and which flow of the plan allows what passes between two places."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from dataclasses import dataclass

from parkops.model import Flow, Park

OUTSIDE, INFRASTRUCTURE, NOWHERE = "outside", "infrastructure", ""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """A segment with its zone; for what is no segment both are OUTSIDE, INFRASTRUCTURE or NOWHERE."""

    segment: str
    zone: str
    tenant: str = ""


class Map:
    """Answers for millions of addresses: prefixes that do not overlap, sorted by where they begin."""

    def __init__(self, park: Park) -> None:
        self._spans: dict[int, list[tuple[int, int, Place]]] = {4: [], 6: []}
        for item in park.segments:
            for prefix in (item.ipv4, item.ipv6):
                if prefix:
                    self._add(prefix, Place(item.id, item.zone, item.tenant))
        for spans in self._spans.values():
            spans.sort(key=lambda span: span[:2])
        self._starts = {family: [span[0] for span in spans] for family, spans in self._spans.items()}
        texts = (*park.fact("pools.ipv4").split(","), *park.fact("pools.ipv6").split(","))
        self._own = [ipaddress.ip_network(text) for text in (*texts, park.management_network) if text]

    def _add(self, prefix: str, place: Place) -> None:
        net = ipaddress.ip_network(prefix, strict=False)
        self._spans[net.version].append((int(net[0]), int(net[-1]), place))

    def place(self, text: str) -> Place:
        """Return where an address is; NOWHERE for what goes to many, or no further than a link."""
        found = ipaddress.ip_address(text)
        if found.is_multicast or found.is_link_local or found.is_loopback or found.is_unspecified:
            return Place(NOWHERE, NOWHERE)
        number, at = int(found), bisect_right(self._starts[found.version], int(found)) - 1
        if at >= 0 and number <= self._spans[found.version][at][1]:
            if found.version == 4 and number == self._spans[4][at][1]:
                return Place(NOWHERE, NOWHERE)  # broadcast (RFC 919)
            return self._spans[found.version][at][2]
        if str(found) == "255.255.255.255":
            return Place(NOWHERE, NOWHERE)
        inside = any(found in net for net in self._own)
        return Place(INFRASTRUCTURE, INFRASTRUCTURE) if inside else Place(OUTSIDE, OUTSIDE)


class Allowed:
    """The plan's flows by segments, protocol and port."""

    def __init__(self, park: Park) -> None:
        self._flows: dict[tuple[str, str, str, int], str] = {}
        external = {zone.id for zone in park.zones if zone.kind == "external"}
        segments: dict[str, list[str]] = {zone: [OUTSIDE] for zone in external}
        for segment in park.segments:
            segments.setdefault(segment.id, []).append(segment.id)
            segments.setdefault(segment.zone, []).append(segment.id)
        for flow in park.flows:
            self._add(flow, segments)
        self.local = frozenset(
            segment for flow in park.flows if flow.local_only for segment in segments.get(flow.src, ())
        )

    def _add(self, flow: Flow, segments: dict[str, list[str]]) -> None:
        for src in segments.get(flow.src, ()):
            for dst in segments.get(flow.dst, ()):
                for port in flow.ports or (0,):
                    self._flows.setdefault((src, dst, flow.protocol, port), flow.id)

    def flow(self, src: Place, dst: Place, protocol: str, port: int) -> str:
        """Return the flow that allows it, "" where none does."""
        return self._flows.get((src.segment, dst.segment, protocol, port), "")
