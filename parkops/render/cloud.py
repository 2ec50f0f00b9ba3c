"""The cloud: an Ansible playbook for OpenStack, and cloud-init for its hosts and machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from math import ceil
from typing import TYPE_CHECKING, Any

from parkops.model import (
    Artifact,
    ArtifactKind,
    CloudTenant,
    Device,
    Park,
    PortMode,
    Role,
    Segment,
    SourceRef,
    Workload,
)
from parkops.platforms import COMMENTS
from parkops.render.environment import fill
from parkops.render.kubernetes import SECRET
from parkops.render.origin import settle
from parkops.render.reachable import Permit, Reachable
from parkops.render.text import one_line, word

if TYPE_CHECKING:
    from parkops.render.devices import Renderer

OWN = "park"  # project of the park's own machines
ETHER_TYPES = {4: "IPv4", 6: "IPv6"}
DISK_GB = 20  # a machine's system, beside what its workload stores
BASE_PACKAGES = ("chrony", "openssh-server", "python3", "rsyslog", "sudo")
BRACES = str.maketrans("{}", "\uff5b\uff5d")  # Ansible would fill in what stands in them


@dataclass(frozen=True, slots=True)
class Subnet:
    """A network's prefix of one version; machines get their addresses from its upper half."""

    name: str
    version: int
    cidr: str
    gateway: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class GroupRule:
    """A rule of a security group."""

    direction: str
    ether_type: str
    protocol: str
    port: int
    prefix: str
    reason: str


@dataclass(frozen=True, slots=True)
class Network:
    """A segment as a project sees it."""

    name: str
    vlan: int
    subnets: tuple[Subnet, ...]
    rules: tuple[GroupRule, ...]
    sources: tuple[SourceRef, ...]
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Machine:
    """A workload of a cloud host as a virtual machine that runs its container."""

    name: str
    flavor: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    network: str
    image: str
    ports: tuple[tuple[str, int], ...]
    secrets: tuple[tuple[str, str], ...]  # environment, with references
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Project:
    """A tenant's project, or the park's own."""

    name: str
    quota: CloudTenant | None
    networks: tuple[Network, ...]
    machines: tuple[Machine, ...]
    source: SourceRef

    @property
    def ram_mb(self) -> int:
        """The quota of memory as OpenStack counts it."""
        return self.quota.memory_gb * 1024 if self.quota else 0


def cloud(park: Park, renderer: Renderer) -> list[Artifact]:
    """Return the playbook and the first-start files; nothing where the park has no cloud of its own."""
    hosts = [device for device in park.managed if device.role is Role.CLOUD_HOST]
    projects = _projects(park, hosts) if park.cloud_tenants or hosts else ()
    found = [item for host in hosts for item in _first_start(park, renderer, host)]
    for project in projects:
        for machine in project.machines:
            values = _user_data(park, machine.name, machine.source) | {"machine": machine}
            values["packages"] = [*BASE_PACKAGES, "podman"]
            found.append(_filled(renderer, "user-data", f"machines/{machine.name}/user-data", values))
    if projects:
        zones = [zone for zone in park.cloud_zones if zone.hosts and zone.model != "public"]
        values = {"zones": zones, "projects": projects, "dns_servers": _servers(park, "dns")}
        found.append(_filled(renderer, "openstack.yml", "openstack.yml", values, "ansible"))
    return found


def _filled(
    renderer: Renderer, template: str, name: str, values: dict[str, Any], language: str = "cloud-init"
) -> Artifact:
    values["header"] = renderer.shared.header
    text = fill(renderer.env, f"cloud/{template}.j2", values, where=f"cloud/{name}")
    return Artifact(f"cloud/{name}", settle(text, COMMENTS["yaml"]), ArtifactKind.CLOUD, language)


def _servers(park: Park, kind: str) -> list[str]:
    return [server.address for server in park.plane.of(kind)] if park.plane else []


# --- projects ---------------------------------------------------------------------------------------------


def _projects(park: Park, hosts: list[Device]) -> tuple[Project, ...]:
    reachable = Reachable.of(park)
    machines: dict[str, list[Machine]] = defaultdict(list)
    needed: dict[str, set[str]] = defaultdict(set)
    tenants = {item.tenant: item for item in park.cloud_tenants}
    for host in hosts:
        segment = next((port.segment for port in host.interfaces if port.segment and port.ipv4), "")
        for workload in host.workloads:
            owner = workload.tenant if workload.tenant in tenants else OWN
            needed[owner].add(segment)
            machines[owner].append(_machine(workload, segment))
    elsewhere = {zone.id for zone in park.cloud_zones if zone.model == "public"}
    for item in park.cloud_tenants:
        if not item.zones or set(item.zones) - elsewhere:  # who rents from others only has no project here
            needed[item.tenant] |= set(item.networks)
    return tuple(
        Project(
            owner,
            tenants.get(owner),
            tuple(_network(reachable, name) for name in sorted(names) if name in reachable.segments),
            tuple(machines[owner]),
            tenants[owner].source if owner in tenants else park.source,
        )
        for owner, names in sorted(needed.items())
    )


def _machine(workload: Workload, segment: str) -> Machine:
    vcpus, disk_gb = ceil(workload.cpu_cores), workload.storage_gb + DISK_GB
    return Machine(
        word(workload.id.replace(".", "-"), 63).lower(),
        f"park-{vcpus}-{workload.memory_mb}-{disk_gb}",
        vcpus,
        workload.memory_mb,
        disk_gb,
        segment,
        workload.image,
        workload.ports,
        tuple((key, _environment(value)) for key, value in workload.env),
        workload.source,
    )


def _environment(value: str) -> str:
    """Return a line's value of an environment file, secrets by reference."""
    return f"@secret:{value}@" if SECRET.fullmatch(value) else one_line(value)


def _network(reachable: Reachable, name: str) -> Network:
    segment = reachable.segments[name]
    permits = reachable.permits.get(name, ())
    return Network(
        name,
        segment.vlan,
        tuple(_subnets(segment)),
        tuple(rule for permit in permits for rule in _rules(permit)),
        tuple(permit.flow.source for permit in permits) or (segment.source,),
        segment.source,
    )


def _subnets(segment: Segment) -> Iterator[Subnet]:
    for prefix in filter(None, (segment.ipv4, segment.ipv6)):
        net = ip_network(prefix)
        half = net.num_addresses // 2
        version = net.version
        yield Subnet(
            f"{segment.id}-v{version}",
            version,
            prefix,
            str(net[1]) if segment.gateway_device else "",
            str(net[half]),
            str(net[half + min(half - 2, 65_535)]),
        )


def _rules(permit: Permit) -> Iterator[GroupRule]:
    flow = permit.flow
    reason = one_line(f"{flow.id}: {flow.reason}").translate(BRACES)[:255]
    direction = "ingress" if permit.inward else "egress"
    for prefix in permit.prefixes:
        version = ip_network(prefix).version
        protocol = "ipv6-icmp" if flow.protocol == "icmp" and version == 6 else flow.protocol
        for port in flow.ports or (0,):
            yield GroupRule(direction, ETHER_TYPES[version], protocol, port, prefix, reason)


# --- first start ------------------------------------------------------------------------------------------


def _user_data(park: Park, name: str, source: SourceRef) -> dict[str, Any]:
    """Return what every first start knows: the login of parkops, time, logs."""
    key = park.access.key
    return {
        "name": name,
        "source": source,
        "plane": park.plane,
        "domain": park.plane.domain if park.plane else "",
        "user": park.access.user,
        "public_key": f"{key}.pub" if key.startswith("file:") else "",
        "ntp_servers": _servers(park, "ntp"),
        "syslog_servers": park.plane.of("syslog") if park.plane else (),
        "packages": list(BASE_PACKAGES),
        "machine": None,
    }


def _first_start(park: Park, renderer: Renderer, host: Device) -> Iterator[Artifact]:
    folder = f"hosts/{host.name}"
    yield _filled(renderer, "user-data", f"{folder}/user-data", _user_data(park, host.name, host.source))
    yield _filled(renderer, "meta-data", f"{folder}/meta-data", {"name": host.name})
    ports = [_port(park, host, port.name) for port in host.interfaces if port.ipv4 or port.ipv6]
    if not any(port["name"] == _management(host) for port in ports):
        ports.insert(0, _management_port(park, host))
    values = {"ports": ports, "source": host.source}
    yield _filled(renderer, "network-config", f"{folder}/network-config", values, "cloud-init-network")


def _management(host: Device) -> str:
    return next((port.name for port in host.interfaces if port.mode is PortMode.MANAGEMENT), "eth0")


def _management_port(park: Park, host: Device) -> dict[str, Any]:
    dns = _servers(park, "dns")
    return {
        "name": _management(host),
        "addresses": [host.management_ipv4],
        "routes": [],
        "dns": dns,
        "source": None,
    }


def _port(park: Park, host: Device, name: str) -> dict[str, Any]:
    port = host.interface(name)
    gateways = (("0.0.0.0/0", host.gateway_ipv4, port.ipv4), ("::/0", host.gateway_ipv6, port.ipv6))
    routes = [(to, via) for to, via, address in gateways if via and address and port.segment]
    return {
        "name": name,
        "addresses": [address for address in (port.ipv4, port.ipv6) if address],
        "routes": routes,
        "dns": [],
        "source": port.source,
    }
