"""What a device's templates see: the device itself, and the settings that all devices share."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import ip_interface
from typing import Any

from parkops.model import Device, Park, PortMode, Role, Service
from parkops.model.frer import MemberVlan
from parkops.platforms import Platform
from parkops.render.kernel import port_number
from parkops.render.linux import is_linux, linux_context
from parkops.render.watch import Watch

TRANSIT_ROLES = frozenset({Role.CORE, Role.SPINE, Role.LEAF, Role.AGGREGATION})
ROUTING_ROLES = frozenset(
    {
        *TRANSIT_ROLES,
        *(Role.EXIT, Role.PARK_FIREWALL, Role.BOUNDARY, Role.ONE_WAY_GATEWAY),
    }
)
INTERNET = ("internet",)  # stands for every address outside the park
SNMP_PORT, SSH_PORT = 161, 22
MANAGEMENT_UDP = {"ntp": 123, "syslog": 514}


@dataclass(frozen=True, slots=True)
class Shared:
    """Settings of the park that every device's configuration refers to; computed once."""

    header: str
    park_name: str
    management_network: str
    management_gateway: str
    ntp_server: str
    syslog_server: str
    upstream_ntp: tuple[str, ...]
    park_prefixes4: tuple[str, ...]
    park_prefixes6: tuple[str, ...]
    exporters: tuple[tuple[str, str, str, str], ...]  # device, address, role, tenant
    tenant_prefixes: tuple[tuple[str, tuple[str, ...]], ...]
    watch: Watch  # what Prometheus has rules for

    @classmethod
    def of(cls, park: Park) -> Shared:
        """Return the shared settings of a park."""
        servers = {key: park.device(park.fact(f"management.{key}")) for key in ("ntp", "syslog")}
        return cls(
            f"Rendered by parkops from {park.plan_file}; changes made by hand are replaced.",
            park.name,
            park.management_network,
            park.management_gateway,
            servers["ntp"].management_address,
            servers["syslog"].management_address,
            tuple(filter(None, park.fact("management.upstream_ntp").split(","))),
            tuple(park.fact("pools.ipv4").split(",")),
            tuple(park.fact("pools.ipv6").split(",")),
            tuple(
                (device.name, device.management_address, device.role.value, device.tenant)
                for device in park.managed
                if any(service.kind == "node_exporter" for service in device.services)
            ),
            _tenant_prefixes(park),
            Watch.of(park),
        )

    def context(self) -> dict[str, object]:
        """Return the names that the park's own templates may use."""
        return {name: getattr(self, name) for name in self.__slots__}

    def of_device(self, device: Device) -> dict[str, Any]:
        """Return the names that a device's templates may use; only Prometheus sees every exporter.

        Only a router that leads tenants out by lines of their own sees the prefixes of all tenants.
        """
        context = self.context()
        if not any(service.kind == "prometheus" for service in device.services):
            del context["exporters"], context["watch"]
        if not any(path.tenant for path in device.exits):
            context["tenant_prefixes"] = ()
        return context


def _tenant_prefixes(park: Park) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for segment in park.segments:
        if segment.tenant:
            found.setdefault(segment.tenant, []).extend(filter(None, (segment.ipv4, segment.ipv6)))
    return tuple((tenant, tuple(prefixes)) for tenant, prefixes in sorted(found.items()))


def device_context(device: Device, shared: Shared, platform: Platform) -> dict[str, object]:
    """Return all names that a device's templates may use."""
    context = shared.of_device(device)
    routed = [port for port in device.interfaces if port.mode is PortMode.ROUTED]
    context.update(
        device=device,
        platform=platform,
        plane=device.plane,
        asked=frozenset(need.feature for need in device.needs),
        routed=routed,
        uplinks=[port.name for port in routed if port.ospf_cost],
        addresses_by_frr=platform.name == "frr",
        forwards=device.role in ROUTING_ROLES,
        transit=_transit(device),
        input_rules=[rule for rule in device.rules if not rule.out_interface],
        forward_rules=[rule for rule in device.rules if rule.out_interface],
        knows_outside=bool(device.masquerade_interface)
        or any(INTERNET in (rule.src_v4, rule.dst_v4) for rule in device.rules),
        inside_ports=[
            (port.name, *(str(ip_interface(address).network) for address in (port.ipv4, port.ipv6)))
            for port in routed
            if port.segment
        ],
        service_of=lambda kind: next(item for item in device.services if item.kind == kind),
        runs=lambda kind: any(service.kind == kind for service in device.services),
        identifier_records=[
            record for service in device.services if service.kind == "identifier" for record in service.params
        ],
        management_tcp=sorted({SSH_PORT, *(item.port for item in device.services if _managing(item))}),
        watched_tcp=_watched(device),
        management_udp=sorted(
            {
                *(MANAGEMENT_UDP[item.kind] for item in device.services if item.kind in MANAGEMENT_UDP),
                *((SNMP_PORT,) if any(need.feature == "snmpv3" for need in device.needs) else ()),
            }
        ),
    )
    context.update(_bridge(device))
    if is_linux(platform):
        context.update(linux_context(device, platform, context["tenant_prefixes"], shared.management_gateway))
    return context


def _transit(device: Device) -> bool:
    """Return whether a device passes on what others filter, and filters nothing itself."""
    filters = device.rules or device.nats or device.masquerade_interface or device.quarantines
    return device.role in TRANSIT_ROLES and not filters


def _managing(service: Service) -> bool:
    return service.kind == "node_exporter"


def _watched(device: Device) -> list[tuple[int, str]]:
    """Return the TCP ports of what a device serves others, with their names: the monitor asks them, too."""
    found: dict[int, str] = {}
    for item in device.services:
        if item.protocol == "tcp" and not _managing(item):
            found.setdefault(item.port, item.kind)
    return sorted(found.items())


def _bridge(device: Device) -> dict[str, object]:
    """Return the 802.1Q view of a switch: members and static filters by VLAN, its address and priority."""
    copies = device.frer.vlans if device.frer else ()
    own = {vlan.vid: {*vlan.inward, *vlan.outward} for vlan in copies}
    members = []
    for vid, name in device.vlans:
        ports = [
            (port_number(port.name), "untagged" if port.mode is PortMode.ACCESS and untagged else "tagged")
            for port in device.interfaces
            if (untagged := port.pvid == vid) or vid in port.vids or port.name in own.get(vid, ())
        ]
        members.append((vid, name[:32], ports))
    first = device.name.endswith("-sw-1")
    return {
        "vlan_members": members,
        "vlan_filters": [(vlan.vid, vlan.destination, _controls(vlan)) for vlan in copies],
        "bridge_address": bridge_address(device.name),
        # in steps of 4096; without a ring the first switch becomes the root
        "bridge_priority": device.spanning_priority // 4096 or (4 if first else 8),
    }


def _controls(vlan: MemberVlan) -> list[tuple[int, str]]:
    """Return what becomes of a stream's frames at each port of its VLAN (IEEE 802.1Q-2022, 8.8.1)."""
    ways = (("filter", vlan.inward), ("forward", vlan.outward))
    return sorted((port_number(name), control) for control, names in ways for name in names)


def bridge_address(name: str) -> str:
    """Return a locally administered MAC address that derives from the device's name (IEEE 802, 8.4)."""
    raw = blake2b(name.encode(), digest_size=5).digest()
    return "-".join(f"{byte:02x}" for byte in (0x02, *raw))
