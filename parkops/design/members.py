"""Makes a redundant stream's members: a VLAN each way round the ring, and the tables of its switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from parkops.design.draft import Draft
from parkops.design.frer import (
    LAST_STREAM,
    SIDES,
    Listening,
    Route,
    Seamless,
    Tables,
    address_of,
    handle_of,
)
from parkops.design.gates import Hop, PortId, Table, Wanted
from parkops.model import PortMode, SourceRef, Stream
from parkops.model.frer import MemberStream
from parkops.platforms import port_number


@dataclass(slots=True)
class Members:
    """The member streams of one domain.

    A member's VLAN has ports on its way only, which ends at the listener farthest off and never comes back to
    the talker's switch: no loop can form, and so it may do without a ring protocol. None blocks it: the VLAN
    is allocated to TE-MSTID, whose ports forward whatever the spanning tree finds (IEEE 802.1Q-2022, 8.4 and
    8.9.3), and it is not among the protected VLANs of an ERPS ring (ITU-T G.8032), which were fixed before.
    A ring by MRP (IEC 62439-2) blocks a port for all VLANs; the plan refuses it.
    """

    draft: Draft
    table: Table
    tables: Tables = field(default_factory=Tables)
    sources: dict[str, SourceRef] = field(default_factory=dict)  # of each switch, its first stream's

    def add(self, stream: Stream, routes: Mapping[str, Route], wanted: Wanted) -> Stream:
        """Return a stream with its members, whose VLANs now stand on the ports of their ways."""
        number = self.draft.allocator.take("streams", stream.id, first=1, last=LAST_STREAM)
        sides = [side for side in SIDES if side in routes]
        members = tuple(self._member(stream, number, side, routes[side], wanted) for side in sides)
        stream = replace(
            stream,
            destination=stream.destination or address_of(number),
            handle=handle_of(number),
            members=members,
        )
        pairs = tuple(zip(members, (routes[side] for side in sides), strict=True))
        for member, route in pairs:
            self._carry(stream, member, route)
        self.tables.add(
            Seamless(
                number,
                stream.destination,
                stream.vlan,
                stream.pcp,
                stream.interval_ns,
                members[0].ports[0],
                pairs,
                self._listeners(stream, wanted),
            )
        )
        return stream

    def settle(self) -> None:
        """Give each switch its tables."""
        for name, tables in self.tables.switches.items():
            device = self.draft.devices[name]
            device.frer = tables
            device.need("frer", self.sources[name])

    def _member(self, stream: Stream, number: int, side: str, route: Route, wanted: Wanted) -> MemberStream:
        pool, key = self.draft.plan.pools.vlans, f"{stream.id}/{side}"
        return MemberStream(
            side,
            self.draft.allocator.take("vlans", key, first=pool.first, last=pool.last),
            handle_of(number, side),
            tuple(route.links),
            route.ports,
            max(self.table.arrival_ns(wanted, hop) for hop in route.hops) / 1000,
            key,
        )

    def _carry(self, stream: Stream, member: MemberStream, route: Route) -> None:
        """Make the VLAN on the switches of its way, tagged on the trunks between them."""
        for name, port_name in route.ports:
            device = self.draft.devices[name]
            device.vlans[member.vlan] = f"{member.name}.{stream.id}"
            self.sources.setdefault(name, stream.source)
            port = device.ports[port_name]
            if port.ring and port.mode is PortMode.TRUNK:
                port.vids = tuple(sorted({*port.vids, member.vlan}))

    def _listeners(self, stream: Stream, wanted: Wanted) -> tuple[Listening, ...]:
        """Return the ports of the listeners, with the difference between the ways to each."""
        found = []
        for listener in stream.listeners:
            hops = [hop for hop in wanted.hops if self._peer(hop.port) == listener]
            first, last = min(hops, key=_depth), max(hops, key=_depth)
            spread_ns = self.table.spread_ns(wanted, first, last)
            found.append(Listening(first.port, self._number(first.port), spread_ns))
        return tuple(found)

    def _peer(self, port: PortId) -> str:
        return self.draft.devices[port[0]].ports[port[1]].peer_device

    def _number(self, port: PortId) -> int:
        device = self.draft.devices[port[0]]
        return port_number(self.draft.platform(device), port[1], device.role.value) or 0


def _depth(hop: Hop) -> int:
    return hop.depth
