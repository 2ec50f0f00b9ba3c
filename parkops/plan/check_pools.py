"""Cross-checks of the pools: they are unicast, do not overlap, and are large enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations

from parkops.errors import Problem
from parkops.plan.limits import HOSTS, ROUTER_PORTS
from parkops.plan.marks import Marks
from parkops.plan.names import PARK_FIREWALL, PlannedSite, boundary, sites
from parkops.plan.schema import Plan

Found = Iterator[Problem]
Place = tuple[str, ...]
Network = IPv4Network | IPv6Network
SPECIAL = (  # RFC 6890
    ("0.0.0.0/8", "unspecified"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/127", "unspecified and loopback"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
)


def check_pools(plan: Plan, marks: Marks) -> Found:
    """Pools hold unicast addresses, and no two share any; the VLAN range is not empty."""
    pools, outside = plan.pools, plan.backbone.exit
    v4: list[tuple[Place, Network]] = [
        (("pools", "management", "ipv4"), pools.management.ipv4),
        (("pools", "loopbacks", "ipv4"), pools.loopbacks.ipv4),
        (("pools", "links", "ipv4"), pools.links.ipv4),
        (("pools", "segments", "ipv4"), pools.segments.ipv4),
        (("backbone", "exit", "outside_ipv4"), outside.outside_ipv4),
    ]
    v6: list[tuple[Place, Network]] = [
        (("pools", "loopbacks", "ipv6"), pools.loopbacks.ipv6),
        (("pools", "links", "ipv6"), pools.links.ipv6),
        (("pools", "segments", "ipv6"), pools.segments.ipv6),
        (("backbone", "exit", "outside_ipv6"), outside.outside_ipv6),
    ]
    for family in (v4, v6):
        for (first_path, first), (path, prefix) in combinations(family, 2):
            if first.overlaps(prefix):
                yield marks.problem(
                    path,
                    f"{'.'.join(path)}: {prefix} overlaps {'.'.join(first_path)} {first}",
                    "pools that do not overlap",
                )
    for path, prefix in (*v4, *v6):
        special = next((words for special, words in SPECIAL if _overlap(prefix, special)), "")
        if special:
            yield marks.problem(
                path, f"{'.'.join(path)}: {prefix} holds {special} addresses", "unicast addresses for hosts"
            )
    if pools.vlans.first > pools.vlans.last:
        yield marks.problem(
            ("pools", "vlans", "first"),
            f"VLANs {pools.vlans.first} to {pools.vlans.last} are none",
            "first <= last",
        )


def _overlap(prefix: Network, special: str) -> bool:
    other = ip_network(special)
    return prefix.version == other.version and prefix.overlaps(other)


def check_capacity(plan: Plan, marks: Marks) -> Found:
    """Every pool is large enough for what the plan asks of it."""
    segments = sum(len(site.plan.segments) for site in sites(plan))
    nodes = sum(len(site.plan.nodes) for site in sites(plan))
    switches = sum(site.plan.switches for site in sites(plan))
    routers = plan.backbone.cores.count + 1 + len(plan.tenants)
    core_links = plan.backbone.cores.count * (plan.backbone.cores.count - 1) // 2
    links = core_links + min(2, plan.backbone.cores.count) * (1 + len(plan.tenants))
    pools = plan.pools
    wanted: list[tuple[Place, int, int, str]] = [
        (
            ("pools", "management", "ipv4"),
            switches + nodes + routers,
            pools.management.ipv4.num_addresses - 3,
            "managed devices",
        ),
        (("pools", "loopbacks", "ipv4"), routers, pools.loopbacks.ipv4.num_addresses - 2, "routers"),
        (
            ("pools", "loopbacks", "ipv6"),
            routers,
            min(pools.loopbacks.ipv6.num_addresses - 1, 2**64),
            "routers",
        ),
        (("pools", "links", "ipv4"), links, pools.links.ipv4.num_addresses // 2, "links (/31 each)"),
        (
            ("pools", "links", "ipv6"),
            links,
            2 ** min(64 - pools.links.ipv6.prefixlen, 40) if pools.links.ipv6.prefixlen <= 64 else 0,
            "links (/64 each)",
        ),
        (
            ("pools", "segments", "ipv4"),
            segments,
            2 ** (24 - pools.segments.ipv4.prefixlen) if pools.segments.ipv4.prefixlen <= 24 else 0,
            "segments (/24 each)",
        ),
        (
            ("pools", "segments", "ipv6"),
            segments,
            2 ** (64 - pools.segments.ipv6.prefixlen) if pools.segments.ipv6.prefixlen <= 64 else 0,
            "segments (/64 each)",
        ),
        (
            ("backbone", "exit", "outside_ipv4"),
            2,
            plan.backbone.exit.outside_ipv4.num_addresses - 2,
            "ends of the exit line",
        ),
        (
            ("backbone", "exit", "outside_ipv6"),
            2,
            plan.backbone.exit.outside_ipv6.num_addresses - 1,
            "ends of the exit line",
        ),
    ]
    for path, need, have, what in wanted:
        if need > have:
            yield marks.problem(
                path,
                f"{'.'.join(path)} has room for {max(have, 0)} of {need} {what}",
                f"room for {need}",
                "use a shorter prefix",
            )
    yield from _vlans(plan, marks, segments)
    yield from _router_ports(plan, marks)
    for site in sites(plan):
        yield from _hosts(site, marks)


def _vlans(plan: Plan, marks: Marks, segments: int) -> Found:
    pools = plan.pools
    vlans = pools.vlans.last - pools.vlans.first + 1
    if 0 < vlans < segments:
        yield marks.problem(
            ("pools", "vlans", "last"),
            f"pools.vlans has {vlans} VLANs for {segments} segments",
            f"at least {segments}",
            "widen the range",
        )


def _router_ports(plan: Plan, marks: Marks) -> Found:
    """Count the cables of the cores and of the devices that route for the sites."""
    count = plan.backbone.cores.count
    needed: dict[str, tuple[Place, int]] = {
        "core-1": (("backbone", "cores"), count - 1 + 1 + len(plan.tenants)),
        PARK_FIREWALL: (("backbone", "exit"), min(2, count) + 1),
    }
    for name, tenant in plan.tenants.items():
        needed[boundary(tenant.prefix)] = (("tenants", name), min(2, count))
    for site in sites(plan):
        path, ports = needed[site.gateway]
        needed[site.gateway] = (path, ports + len(site.plan.segments))
    for device, (path, ports) in needed.items():
        if ports > ROUTER_PORTS:
            yield marks.key_problem(
                path,
                f"{device} needs {ports} ports",
                f"at most {ROUTER_PORTS}",
                "fewer tenants on this backbone" if device == "core-1" else "fewer segments behind it",
            )


def _hosts(site: PlannedSite, marks: Marks) -> Found:
    """Count what is attached to each segment: each endpoint of a group needs an address."""
    hosts: Counter[str] = Counter(node.segment for node in site.plan.nodes.values())
    for group in site.plan.endpoints.values():
        hosts[group.segment] += group.count
    for name in site.plan.segments:
        if hosts[name] > HOSTS:
            yield marks.key_problem(
                (*site.path, "segments", name),
                f"segment {name!r} holds {hosts[name]} endpoints and nodes",
                f"at most {HOSTS}, a /24 less its gateways",
                "spread them over several segments",
            )
