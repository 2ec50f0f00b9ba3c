"""What is known while a plan is put together from a survey, and what is kept of names and numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Any

from parkops.plan.importers.survey import Found, FoundSegment, Names, Survey, line_of
from parkops.plan.limits import FIRST_HOST, LAST_HOST

PRIVATE6 = "fd00:16::/32"
OWN_ZONES = ("internet", "operations", "public")


@dataclass(slots=True)
class Work:
    """What is known while the plan is being put together."""

    survey: Survey
    notes: list[str]
    lock: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    zones: dict[str, dict[str, Any]] = field(default_factory=dict)
    zone_ids: Names = field(default_factory=lambda: Names("zone", taken=OWN_ZONES))
    zone_of: dict[tuple[str, str, str], str] = field(default_factory=dict)  # (tenant, word, kind) -> id
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept4: list[tuple[str, IPv4Network]] = field(default_factory=list)  # (segment id, prefix)
    kept6: list[tuple[str, IPv6Network]] = field(default_factory=list)
    hosts: list[tuple[str, str, str]] = field(default_factory=list)  # (segment id, device, address)
    managed: list[tuple[str, str]] = field(default_factory=list)  # (device, address)


def named(work: Work, name: str, device: Found) -> None:
    """Keep what is special about a device that has another name in the plan."""
    special = {"title": line_of(device.title or device.name)}
    if device.model:
        special["model"] = device.model
    if device.name != name:
        work.notes.append(f"{device.name} is called {name} in the plan")
        special["title"] = line_of(f"{device.name} {device.title}")
    work.devices[name] = special
    if device.management:
        work.managed.append((name, device.management))


def keep(work: Work, segment: str, item: FoundSegment) -> None:
    """Keep a segment's VLAN and its prefixes where the allocations can hold them."""
    if 2 <= item.vlan <= 4094 and item.vlan not in work.lock["vlans"].values():
        work.lock["vlans"][segment] = item.vlan
    elif item.vlan:
        work.notes.append(f"{segment}: VLAN {item.vlan} is used twice or cannot be kept; it gets another one")
    for text, length in ((item.ipv4, 24), (item.ipv6, 64)):
        if not text:
            continue
        network = ip_network(text, strict=False)
        if network.prefixlen != length or not network.is_private:
            work.notes.append(f"{segment}: {text} is no private /{length}; it gets another prefix")
        elif isinstance(network, IPv4Network):
            work.kept4.append((segment, network))
        else:
            work.kept6.append((segment, network))


def pools_of(work: Work) -> dict[str, Any]:
    """Return pools that hold what is kept, and write the numbers of it."""
    segments4 = _pool4(work)
    segments6 = _pool6(work)
    _hosts(work)
    management = _management(work)
    used = [*work.lock["vlans"].values(), 100]
    return {
        "management": {"ipv4": management},
        "loopbacks": {"ipv4": _free4("10.255.0.0/20", segments4), "ipv6": "fd00:0:0:ff::/64"},
        "links": {"ipv4": _free4("10.254.0.0/18", segments4), "ipv6": "fd00:0:fe::/48"},
        "segments": {"ipv4": str(segments4), "ipv6": str(segments6)},
        "vlans": {"first": min(used), "last": max(999, *used)},
    }


def _free4(wanted: str, taken: IPv4Network) -> str:
    network = IPv4Network(wanted)
    if not network.overlaps(taken):
        return wanted
    return str(next(n for n in IPv4Network("172.16.0.0/12").subnets(new_prefix=network.prefixlen)))


def _pool4(work: Work) -> IPv4Network:
    """Return the smallest prefix, at least a /14, that holds most of the kept ones; the rest is noted."""
    most = Counter(network.supernet(new_prefix=8) for _, network in work.kept4).most_common(1)
    inside = [(s, n) for s, n in work.kept4 if most and n.subnet_of(most[0][0])]
    pool = IPv4Network("10.16.0.0/14")
    if inside:
        pool = inside[0][1].supernet(new_prefix=14)
        while not all(network.subnet_of(pool) for _, network in inside):
            pool = pool.supernet()
    for segment, network in work.kept4:
        number = (int(network.network_address) - int(pool.network_address)) >> 8
        if network.subnet_of(pool) and number not in work.lock["segments"].values():
            work.lock["segments"][segment] = number
        elif network.subnet_of(pool):
            work.notes.append(f"{segment}: {network} is another segment's too; it gets another prefix")
        else:
            work.notes.append(f"{segment}: {network} is outside {pool}; it gets another prefix")
    return pool


def _pool6(work: Work) -> IPv6Network:
    """Return an IPv6 pool in which each kept prefix has its segment's number; a /32 of its own otherwise."""
    for segment, network in work.kept6:
        number = work.lock["segments"].get(segment)
        base = (int(network.network_address) >> 64) - number if number is not None else -1
        if base >= 0 and not base % 2**16:
            pool = IPv6Network((base << 64, 48))
            if all(
                (int(other.network_address) >> 64) - base == work.lock["segments"].get(name)
                for name, other in work.kept6
            ):
                return pool
    for segment, network in work.kept6:
        work.notes.append(
            f"{segment}: {network} does not carry its IPv4 prefix's number; it gets another one"
        )
    return IPv6Network(PRIVATE6)


def _hosts(work: Work) -> None:
    kept = dict(work.kept4)
    for segment, device, address in work.hosts:
        number = int(ip_interface(address).ip) & 0xFF
        network = kept.get(segment)
        inside = network is not None and ip_interface(address).ip in network
        pool = work.lock[f"hosts/{segment}"]
        if inside and FIRST_HOST <= number <= LAST_HOST and number not in pool.values():
            pool[device] = number
        else:
            work.notes.append(f"{device}: {address} cannot be kept")


def _management(work: Work) -> str:
    """Return the management prefix: the one that most managed devices are in."""
    networks = Counter(
        IPv4Network((int(ip_interface(address).ip) & 0xFFFFFF00, 24)) for _, address in work.managed
    )
    if not networks:
        return "172.31.0.0/22"
    pool = networks.most_common(1)[0][0]
    for device, address in work.managed:
        number = int(ip_interface(address).ip) - int(pool.network_address)
        if 2 <= number <= 254 and number not in work.lock["management"].values():
            work.lock["management"][device] = number
        else:
            work.notes.append(f"{device}: management address {address} cannot be kept")
    return str(pool)
