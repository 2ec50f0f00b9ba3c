"""Cross-checks of the pools: they do not overlap, and they are large enough."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from parkops.errors import Problem
from parkops.plan.marks import Marks
from parkops.plan.names import sites
from parkops.plan.schema import Plan

Found = Iterator[Problem]
Place = tuple[str, ...]


def check_pools(plan: Plan, marks: Marks) -> Found:
    """No two pools share addresses; the VLAN range is not empty."""
    pools, outside = plan.pools, plan.backbone.exit
    v4: list[tuple[Place, object]] = [
        (("pools", "management", "ipv4"), pools.management.ipv4),
        (("pools", "loopbacks", "ipv4"), pools.loopbacks.ipv4),
        (("pools", "links", "ipv4"), pools.links.ipv4),
        (("pools", "segments", "ipv4"), pools.segments.ipv4),
        (("backbone", "exit", "outside_ipv4"), outside.outside_ipv4),
    ]
    v6: list[tuple[Place, object]] = [
        (("pools", "loopbacks", "ipv6"), pools.loopbacks.ipv6),
        (("pools", "links", "ipv6"), pools.links.ipv6),
        (("pools", "segments", "ipv6"), pools.segments.ipv6),
        (("backbone", "exit", "outside_ipv6"), outside.outside_ipv6),
    ]
    for family in (v4, v6):
        for (first_path, first), (path, prefix) in combinations(family, 2):
            if first.overlaps(prefix):  # type: ignore[attr-defined]  # both of one family
                yield marks.problem(
                    path,
                    f"{'.'.join(path)}: {prefix} overlaps {'.'.join(first_path)} {first}",
                    "pools that do not overlap",
                )
    if pools.vlans.first > pools.vlans.last:
        yield marks.problem(
            ("pools", "vlans", "first"),
            f"VLANs {pools.vlans.first} to {pools.vlans.last} are none",
            "first <= last",
        )


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
    ]
    for path, need, have, what in wanted:
        if need > have:
            yield marks.problem(
                path,
                f"{'.'.join(path)} has room for {max(have, 0)} {what}",
                f"room for {need}",
                "use a shorter prefix",
            )
    vlans = pools.vlans.last - pools.vlans.first + 1
    if 0 < vlans < segments:
        yield marks.problem(
            ("pools", "vlans", "last"),
            f"pools.vlans has {vlans} VLANs for {segments} segments",
            f"at least {segments}",
            "widen the range",
        )
