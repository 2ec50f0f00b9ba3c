"""Cross-checks of the pools: they are unicast, do not overlap, and are large enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations

from parkops.errors import Problem
from parkops.plan import names
from parkops.plan.limits import HOSTS, ROUTER_PORTS
from parkops.plan.marks import Marks
from parkops.plan.names import PARK_FIREWALL, PlannedSite, boundary, sites
from parkops.plan.ports import fewest, ports_of
from parkops.plan.schema import CircuitPlan, LeasedLinePlan, Plan, Pool46

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
    for path, part in _further(plan):
        if part.ipv4:
            v4.append(((*path, "ipv4"), part.ipv4))
        if part.ipv6:
            v6.append(((*path, "ipv6"), part.ipv6))
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


def _further(plan: Plan) -> Iterator[tuple[Place, Pool46 | CircuitPlan | LeasedLinePlan]]:
    """Yield what else has prefixes of its own, and where it stands."""
    if plan.pools.vpn:
        yield ("pools", "vpn"), plan.pools.vpn
    for name, line in plan.backbone.exit.circuits.items():
        yield ("backbone", "exit", "circuits", name), line
    for tenant_id, tenant in plan.tenants.items():
        for line_id, leased in tenant.leased_lines.items():
            yield ("tenants", tenant_id, "leased_lines", line_id), leased


def _overlap(prefix: Network, special: str) -> bool:
    other = ip_network(special)
    return prefix.version == other.version and prefix.overlaps(other)


def check_capacity(plan: Plan, marks: Marks) -> Found:
    """Every pool is large enough for what the plan asks of it."""
    placed = list(sites(plan))
    segments = sum(len(site.plan.segments) for site in placed)
    attached = sum(
        len(site.plan.nodes) + len(list(site.access_points())) + len(site.controllers()) for site in placed
    )
    switches = sum(site.plan.switches for site in placed)
    routers, links = backbone_size(plan)
    pools = plan.pools
    wanted: list[tuple[Place, int, int, str]] = [
        (
            ("pools", "management", "ipv4"),
            switches + attached + routers,
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
    for site in placed:
        yield from _hosts(site, marks)


def backbone_size(plan: Plan) -> tuple[int, int]:
    """Return how many routers and firewalls the backbone has, and how many numbered links between them."""
    cores, edges, spines = len(names.cores(plan)), len(names.aggregations(plan)), len(names.spines(plan))
    leaves, exits, firewalls = len(names.leaves(plan)), len(names.exits(plan)), len(names.firewalls(plan))
    own = len(names.public_gateways(plan))
    boundaries = sum(len(names.boundaries(tenant)) for tenant in plan.tenants.values())
    block = max((len(pair) for pair in names.blocks(plan)), default=0)
    inner = cores * (cores - 1) // 2 + min(2, cores) * edges + edges // 2 + spines * leaves
    if plan.backbone.overlay == "vrf":
        inner *= 2 + len(plan.tenants) + (1 if own else 0)  # itself, the shared instance, the tenants'
    outer = (firewalls + own) * len(names.head(plan)) + boundaries * block + firewalls * exits
    return cores + edges + spines + leaves + exits + firewalls + own + boundaries, inner + outer


def _vlans(plan: Plan, marks: Marks, segments: int) -> Found:
    pools = plan.pools
    for name, pool in (("asns", pools.asns), ("vnis", pools.vnis)):
        if pool.first > pool.last:
            yield marks.problem(
                ("pools", name, "first"), f"{name} {pool.first} to {pool.last} are none", "first <= last"
            )
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
    uplinks = len(names.head(plan))
    block = max((len(pair) for pair in names.blocks(plan)), default=0)
    lines = len(names.exits(plan)) or len(set(names.outside(plan).values()))
    needed: dict[str, tuple[Place, int]] = {PARK_FIREWALL: (("backbone", "exit"), uplinks + lines)}
    for device in names.public_gateways(plan)[:1]:
        needed[device] = (("public",), uplinks)
    for name, tenant in plan.tenants.items():
        lines = sum(1 for line in tenant.leased_lines.values() if line.ipv4 or line.ipv6)
        needed[boundary(tenant.prefix)] = (("tenants", name), block + lines)
    for site in sites(plan):
        if site.fabric:
            continue
        path, ports = needed[site.gateway]
        needed[site.gateway] = (path, ports + (1 if site.trunk else len(site.plan.segments)))
    for device, (path, ports) in needed.items():
        most = ports_of(plan, device, ROUTER_PORTS)
        if ports > most:
            hint = f"fewer segments behind it, or devices: {{{device}: {{ports: …}}}}"
            yield _too_many(marks, path, device, ports, most, hint)
    yield from _backbone_ports(plan, marks)


def _backbone_ports(plan: Plan, marks: Marks) -> Found:
    """Count the cables of the routers that have the most of them."""
    cores, spines, leaves = names.cores(plan), names.spines(plan), names.leaves(plan)
    edges, inner = names.aggregations(plan), len(names.firewalls(plan)) + len(names.public_gateways(plan))
    boundaries = sum(len(names.boundaries(tenant)) for tenant in plan.tenants.values())
    tenants = 0 if edges or leaves else boundaries
    pairs = any(tenant.boundary.redundancy == "pair" for tenant in plan.tenants.values())
    block = min(boundaries, (2 if pairs else 1) * _tenants_of_a_block(plan))
    rows = (
        (cores[:2], "cores", len(cores) - 1 + len(edges) + inner + tenants),
        (edges[:1], "aggregations", min(2, len(cores)) + 1 + block),
        (spines, "spines", len(leaves)),
        (leaves[:1], "leaves", len(spines) + inner + block),
    )
    for devices, part, ports in rows:
        if not devices:
            continue
        device, most = fewest(plan, devices, plan.backbone.ports)
        if ports > most:
            hint = "fewer tenants on this backbone, or raise `backbone.ports`"
            yield _too_many(marks, ("backbone", part), device, ports, most, hint)


def _tenants_of_a_block(plan: Plan) -> int:
    edges = plan.backbone.aggregations if plan.backbone.kind == "three-tier" else plan.backbone.leaves
    return min(edges.tenants, len(plan.tenants)) if edges else len(plan.tenants)


def _too_many(marks: Marks, path: Place, device: str, ports: int, most: int, hint: str) -> Problem:
    return marks.key_problem(path, f"{device} needs {ports} ports", f"at most {most}", hint)


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
