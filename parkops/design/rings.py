"""Pass: what each switch does in its ring, by the ring's protocol."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.design.draft import Draft, DraftDevice
from parkops.model import PortMode, RingMember, SourceRef
from parkops.plan.names import PlannedSite
from parkops.plan.schema import RingPlan

ROOT, BRIDGE = 4 * 4096, 8 * 4096  # spanning tree priorities: the root's, and all others'
WTR_MINUTES = 5  # G.8032, 10.1.4
RECOVERY_MS = 200  # IEC 62439-2, 5.1: the default profile
RING_NUMBER = 1  # a switch stands in one ring


@dataclass(frozen=True, slots=True)
class Around:
    """A ring's switches in their order, with what they have in common."""

    ring: str
    plan: RingPlan
    devices: tuple[DraftDevice, ...]
    control_vlan: int
    vids: tuple[int, ...]
    source: SourceRef

    def port(self, index: int, step: int) -> str:
        """Return the port of a switch towards its neighbour, east (1) or west (-1)."""
        peer = self.devices[(index + step) % len(self.devices)].name
        return next(
            port.name
            for port in self.devices[index].ports.values()
            if port.ring == self.ring and port.peer_device == peer
        )

    def protected(self) -> tuple[int, int]:
        """Return the numbers of the switches at the ends of the protection link: owner and neighbor."""
        owner = self.plan.owner or 1
        return owner, self.plan.neighbor or (owner - 2) % len(self.devices) + 1

    def first(self, index: int) -> int:
        """Return where a switch's first port leads: east, but over the protection link where it ends one."""
        ends = self.protected() if self.plan.protocol == "erps" else ()
        number, west = index + 1, (index - 1) % len(self.devices) + 1
        return -1 if number in ends and west in ends else 1

    def role(self, number: int) -> str:
        """Return the role of a switch (numbers from 1)."""
        plan = self.plan
        owner, neighbor = self.protected()
        leader = number == (plan.manager or 1)
        by_protocol = {
            "erps": "owner" if number == owner else "neighbor" if number == neighbor else "node",
            "mrp": "manager" if leader else "client",
            "rstp": "root" if leader else "bridge",
        }
        return by_protocol.get(plan.protocol, "node")


def join_rings(draft: Draft) -> None:
    """Give each switch of a ring its part. After the VLANs."""
    for site in draft.sites:
        if site.plan.ring is None:
            continue
        if site.plan.ring.protocol == "prp":
            _parallel(draft, site, site.plan.ring)
        else:
            _ring(draft, site, site.plan.ring)


def _ring(draft: Draft, site: PlannedSite, plan: RingPlan) -> None:
    names = [site.switch(number) for number in range(1, site.plan.switches + 1)]
    devices = tuple(draft.devices[name] for name in names)
    ring = devices[0].ring
    vids = tuple(sorted(devices[0].vlans))
    source = draft.marks.ref(*site.path, "ring")
    control = _control_vlan(draft, ring, devices) if plan.protocol == "erps" else 0
    around = Around(ring, plan, devices, control, vids, source)
    for index, device in enumerate(devices):
        device.ring_members.append(_member(around, index))
        device.need(plan.protocol, source)
        if plan.protocol == "rstp":
            device.spanning_priority = ROOT if around.role(index + 1) == "root" else BRIDGE


def _member(around: Around, index: int) -> RingMember:
    plan, first = around.plan, around.first(index)
    return RingMember(
        around.ring,
        plan.protocol,
        around.role(index + 1),
        around.port(index, first),
        around.port(index, -first),
        RING_NUMBER,
        around.control_vlan,
        around.vids,
        (plan.wtr_minutes or WTR_MINUTES) if plan.protocol == "erps" else 0,
        (plan.recovery_ms or RECOVERY_MS) if plan.protocol == "mrp" else 0,
        around.source,
    )


def _control_vlan(draft: Draft, ring: str, devices: tuple[DraftDevice, ...]) -> int:
    """Carry the ring's own messages (R-APS) in a VLAN that has nothing else, around the ring only."""
    pool = draft.plan.pools.vlans
    vlan = draft.allocator.take("vlans", f"{ring}/control", first=pool.first, last=pool.last)
    for device in devices:
        device.vlans[vlan] = f"{ring}.control"
        for port in device.ports.values():
            if port.ring == ring and port.mode is PortMode.TRUNK:
                port.vids = tuple(sorted({*port.vids, vlan}))
    return vlan


def _parallel(draft: Draft, site: PlannedSite, plan: RingPlan) -> None:
    """Attach every switch to LAN A and LAN B, the last two switches (IEC 62439-3, 4)."""
    names = [site.switch(number) for number in range(1, site.plan.switches + 1)]
    lan_a, lan_b = names[-2:]
    source = draft.marks.ref(*site.path, "ring")
    for name in names[:-2]:
        device = draft.devices[name]
        towards = {port.peer_device: port.name for port in device.ports.values() if port.ring}
        device.ring_members.append(
            RingMember(
                device.ring,
                plan.protocol,
                "node",
                towards[lan_a],
                towards[lan_b],
                RING_NUMBER,
                vids=tuple(sorted(device.vlans)),
                wtr_minutes=0,
                source=source,
            )
        )
        device.need(plan.protocol, source)
