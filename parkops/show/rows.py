"""The rows of the design's tables: one function for each, over the devices that are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parkops.model import Device, Link, Park, PortMode, Segment
from parkops.model.frer import MemberStream

Row = tuple[str, ...]
Select = frozenset[str] | None  # names of the devices that are wanted, None for all


def devices(park: Park, wanted: Select) -> Iterator[Row]:
    """Every device."""
    for device in _chosen(park, wanted):
        yield (
            device.name,
            device.role.value,
            device.platform,
            device.tenant,
            device.site,
            device.management_address,
            device.loopback_ipv4.partition("/")[0],
            device.model,
            device.title,
        )


def ports(park: Park, wanted: Select) -> Iterator[Row]:
    """Every port with what is on the other end: the table that cabling is done from."""
    kinds = {link.id: link for link in park.links}
    for device in _chosen(park, wanted):
        for port in device.interfaces:
            link = kinds.get(port.link)
            yield (
                device.name,
                port.name,
                port.mode.value,
                port.peer_device,
                port.peer_interface,
                link.kind if link else "",
                str(link.rate_mbps) if link else "",
                str(port.pvid) if port.pvid else "",
                ",".join(map(str, port.vids)),
                port.lag,
                port.description,
            )
        for name in device.unused:
            yield (device.name, name, PortMode.UNUSED.value, *[""] * 8)


def links(park: Park, wanted: Select) -> Iterator[Row]:
    """Every cable, a row each."""
    for link in park.links:
        if _touches(link, wanted):
            yield (
                link.a_device,
                link.a_interface,
                link.b_device,
                link.b_interface,
                link.kind,
                str(link.rate_mbps),
            )


def segments(park: Park, wanted: Select) -> Iterator[Row]:
    """Every network."""
    for segment in _chosen_segments(park, wanted):
        yield (
            segment.id,
            segment.zone,
            segment.tenant,
            str(segment.vlan),
            str(segment.vni) if segment.vni else "",
            segment.vrf,
            segment.ipv4,
            segment.ipv6,
            f"{segment.gateway_device} {segment.gateway_interface}".strip(),
            segment.title,
        )


def addresses(park: Park, wanted: Select) -> Iterator[Row]:
    """Every address, with where it is."""
    for device in _chosen(park, wanted):
        if device.management_ipv4:
            yield (device.name, "management", device.management_ipv4, "", "", "", device.title)
        if device.loopback_ipv4:
            yield (device.name, "loopback", device.loopback_ipv4, device.loopback_ipv6, "", "", device.title)
        for port in device.interfaces:
            if port.ipv4 or port.ipv6:
                yield (
                    device.name,
                    port.name,
                    port.ipv4,
                    port.ipv6,
                    port.vrf,
                    port.segment,
                    port.description or device.title,
                )


def vlans(park: Park, wanted: Select) -> Iterator[Row]:
    """Every VLAN, with how many switches carry it."""
    members: dict[int, set[str]] = {}
    for device in _chosen(park, wanted):
        for vid, _ in device.vlans:
            members.setdefault(vid, set()).add(device.name)
    for segment in sorted(_chosen_segments(park, wanted), key=lambda segment: (segment.vlan, segment.id)):
        switches = members.get(segment.vlan, set())
        yield (
            str(segment.vlan),
            segment.id,
            segment.title,
            str(segment.vni) if segment.vni else "",
            segment.site,
            str(len(switches)),
        )


def vrfs(park: Park, _wanted: Select) -> Iterator[Row]:
    """Every VRF."""
    for vrf in park.vrfs:
        yield (
            vrf.name,
            vrf.tenant,
            vrf.rd,
            ",".join(vrf.imports),
            ",".join(vrf.exports),
            str(vrf.l3_vni) if vrf.l3_vni else "",
        )


def rings(park: Park, wanted: Select) -> Iterator[Row]:
    """Every ring, a row for each member."""
    members = {
        (member.ring, device.name): member for device in park.devices for member in device.ring_members
    }
    for ring in park.rings:
        for name in ring.devices:
            if wanted is None or name in wanted:
                member = members.get((ring.id, name))
                yield (
                    ring.id,
                    ring.protocol,
                    name,
                    member.role if member else "",
                    member.port0 if member else "",
                    member.port1 if member else "",
                    str(member.control_vlan) if member and member.control_vlan else "",
                )


def streams(park: Park, _wanted: Select) -> Iterator[Row]:
    """Every time-sensitive stream with its bound."""
    for stream in park.streams:
        yield (
            stream.id,
            stream.domain,
            stream.talker,
            ",".join(stream.listeners),
            f"{stream.interval_ns / 1000:g}",
            str(stream.frame_bytes),
            f"{stream.latency_us:g}",
            f"{stream.bound_us:.1f}",
            "yes" if stream.redundant else "",
            stream.destination,
            "; ".join(map(_member, stream.members)),
        )


def _member(member: MemberStream) -> str:
    """Name a member stream's VLAN, the switches on its way and its worst case."""
    ways = dict.fromkeys(device for device, _ in member.ports)
    return f"{member.name} VLAN {member.vlan}: {' > '.join(ways)}, {member.bound_us:.1f} µs"


def flows(park: Park, wanted: Select) -> Iterator[Row]:
    """Every flow that the plan allows."""
    for flow in park.flows:
        if wanted is not None and not _flow_wanted(park, wanted, flow.id):
            continue
        ports = ",".join(str(port) for port in flow.ports)
        service = f"{flow.protocol}/{ports}" if ports else flow.protocol
        yield (flow.id, flow.src, flow.dst, service, flow.traffic_class, flow.owner, flow.reason)


def rules(park: Park, wanted: Select) -> Iterator[Row]:
    """Every rule of a filter."""
    for device in _chosen(park, wanted):
        for rule in device.rules:
            ports = ",".join(str(port) for port in rule.ports)
            yield (
                device.name,
                rule.id,
                rule.flow,
                rule.in_interface,
                rule.out_interface or "(itself)",
                f"{rule.protocol}/{ports}" if ports else rule.protocol,
                ",".join((*rule.src_v4, *rule.src_v6)),
                ",".join((*rule.dst_v4, *rule.dst_v6)),
                rule.reason,
            )


def targets(park: Park, wanted: Select) -> Iterator[Row]:
    """Everything that the monitor watches."""
    for target in park.targets:
        if wanted is None or target.device in wanted:
            address = f"{target.address}:{target.port}" if target.port else target.address
            yield (target.id, target.probe, address, f"{target.interval_s:g}", target.vantage)


def workloads(park: Park, wanted: Select) -> Iterator[Row]:
    """Everything that runs at the edge."""
    for load in park.workloads:
        if wanted is None or load.device in wanted:
            yield (
                load.id,
                load.device,
                load.kind,
                load.image,
                f"{load.cpu_cores:g}",
                str(load.memory_mb),
                str(load.storage_gb),
                "yes" if load.local_only else "",
            )


def _chosen(park: Park, wanted: Select) -> Iterable[Device]:
    return park.devices if wanted is None else (device for device in park.devices if device.name in wanted)


def _touches(link: Link, wanted: Select) -> bool:
    return wanted is None or link.a_device in wanted or link.b_device in wanted


def _chosen_segments(park: Park, wanted: Select) -> Iterable[Segment]:
    if wanted is None:
        return park.segments
    named = {port.segment for device in _chosen(park, wanted) for port in device.interfaces if port.segment}
    named |= {segment.id for segment in park.segments if segment.gateway_device in wanted}
    return (segment for segment in park.segments if segment.id in named)


def _flow_wanted(park: Park, wanted: frozenset[str], flow: str) -> bool:
    return any(rule.flow == flow for device in _chosen(park, wanted) for rule in device.rules)
