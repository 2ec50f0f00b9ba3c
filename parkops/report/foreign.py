"""Tell whether a text names another tenant's things: ids, titles, addresses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from itertools import chain

from parkops.model import Device, Park

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:])"
)
_JOINT = re.compile(r"--+")
SHORTEST_TITLE = 2
Range = tuple[int, int, int]  # IP version, first address, last address


class Foreign:
    """What belongs to tenants other than one."""

    def __init__(self, park: Park, tenant: str) -> None:
        """Collect the names, titles and addresses of all others."""
        devices = [device for device in park.devices if device.tenant not in ("", tenant)]
        own = set(_names(park, {tenant, ""}))
        others = {item.id for item in park.tenants} - {tenant}
        shared = _shared(park, others)
        self._names = frozenset(chain(_names(park, others), others)) - (own - shared)
        titles = {t.title for t in park.tenants if t.id in others}
        titles |= {zone.title for zone in park.zones if zone.tenant in others}
        titles -= {zone.title for zone in park.zones if zone.tenant not in others}
        titles -= {t.title for t in park.tenants if t.id == tenant}
        self._titles = tuple(sorted(title for title in titles if len(title) >= SHORTEST_TITLE))
        self._addresses = frozenset(_addresses(devices))
        prefixes = (p for s in park.segments if s.tenant in others for p in (s.ipv4, s.ipv6) if p)
        self._ranges = sorted(_range(prefix) for prefix in prefixes)

    def in_text(self, text: str) -> bool:
        """Return whether the text names any of it."""
        if any(self._known(piece) for word in _NAME.findall(text) for piece in _JOINT.split(word)):
            return True
        if any(title in text for title in self._titles):
            return True
        return any(self._address(found) for found in _ADDRESS.findall(text))

    def in_any(self, *texts: str) -> bool:
        """Return whether any of the texts does."""
        return any(self.in_text(text) for text in texts if text)

    def _known(self, piece: str) -> bool:
        return piece in self._names or piece.strip("-_") in self._names

    def _address(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        key = (address.version, int(address))
        if key in self._addresses:
            return True
        place = bisect_right(self._ranges, (*key, 1 << 128)) - 1
        if place < 0:
            return False
        version, first, last = self._ranges[place]
        return version == address.version and first <= key[1] <= last


def _names(park: Park, tenants: set[str]) -> Iterable[str]:
    """Return ids of the tenants' things that are names of one piece."""
    own = {device.name for device in park.devices if device.tenant in tenants}
    zones = {zone.id for zone in park.zones if zone.tenant in tenants}
    segments = {segment.id for segment in park.segments if segment.tenant in tenants}
    yield from own
    yield from zones
    ends = zones | segments
    yield from (flow.id for flow in park.flows if flow.src in ends or flow.dst in ends)
    yield from (circuit.id for circuit in park.circuits if circuit.tenant in tenants)
    yield from (item.id for item in park.hosted if item.tenant in tenants)


def _shared(park: Park, tenants: set[str]) -> set[str]:
    """Return the flows that have an end with one of the tenants."""
    places = {zone.id for zone in park.zones if zone.tenant in tenants}
    places |= {segment.id for segment in park.segments if segment.tenant in tenants}
    return {flow.id for flow in park.flows if flow.src in places or flow.dst in places}


def _addresses(devices: Iterable[Device]) -> Iterable[tuple[int, int]]:
    for device in devices:
        loopbacks = (device.loopback_ipv4, device.loopback_ipv6, device.router_id, device.management_ipv4)
        ports = (address for port in device.interfaces for address in (port.ipv4, port.ipv6))
        for text in filter(None, chain(loopbacks, ports)):
            address = ip_address(text.partition("/")[0])
            yield address.version, int(address)


def _range(prefix: str) -> Range:
    network = ip_network(prefix, strict=False)
    return network.version, int(network.network_address), int(network.broadcast_address)
