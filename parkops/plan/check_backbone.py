"""Cross-checks of the backbone: its kind has its parts, its exits lead out, its overlay can be built."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.plan import names
from parkops.plan.hints import unknown
from parkops.plan.marks import Marks
from parkops.plan.schema import Plan

Found = Iterator[Problem]
PARTS = {  # kind -> the parts that it is made of
    "core": ("cores",),
    "three-tier": ("cores", "aggregations"),
    "spine-leaf": ("spines", "leaves"),
}
HOP_BY_HOP = 64  # tenants; each is a subinterface and a session on every link of the backbone
INSTANCES = ("public", "shared")  # routing instances of the park itself


def check_backbone(plan: Plan, marks: Marks) -> Found:
    """The backbone has the parts of its kind; routing and overlay fit it."""
    backbone = plan.backbone
    wanted = PARTS[backbone.kind]
    for part in ("cores", "aggregations", "spines", "leaves"):
        stated = getattr(backbone, part) is not None
        if part in wanted and not stated:
            yield marks.key_problem(
                ("backbone",),
                f"backbone.{part} is missing",
                f"{part}: {{count: …}}",
                f"a {backbone.kind} backbone has them",
            )
        if stated and part not in wanted:
            yield marks.key_problem(
                ("backbone", part),
                f"{part} in a backbone of kind {backbone.kind}",
                " and ".join(wanted),
                "or another `kind`",
            )
    if backbone.igp == "bgp" and backbone.kind != "spine-leaf":
        yield marks.problem(
            ("backbone", "igp"),
            f"BGP as the interior routing of a {backbone.kind} backbone",
            "ospf or isis",
            "or kind: spine-leaf",
        )
    yield from _overlay(plan, marks)
    yield from _fabric(plan, marks)
    yield from _blocks(plan, marks)
    yield from _numbers(plan, marks)


def _overlay(plan: Plan, marks: Marks) -> Found:
    backbone = plan.backbone
    if backbone.overlay == "vrf" and len(plan.tenants) > HOP_BY_HOP:
        yield marks.problem(
            ("backbone", "overlay"),
            f"a routing instance hop by hop for each of {len(plan.tenants)} tenants",
            f"at most {HOP_BY_HOP}",
            "evpn-vxlan carries more",
        )
    if backbone.overlay == "none":
        return
    for name in INSTANCES:
        if name in plan.tenants:
            yield marks.key_problem(
                ("tenants", name),
                f"the routing instance {name!r} is the park's own",
                "another name for the tenant",
            )


def _fabric(plan: Plan, marks: Marks) -> Found:
    """Sites that the backbone routes for have a backbone that can, and switches that attach to it."""
    blocks = len(names.blocks(plan))
    for site in names.sites(plan):
        path = (*site.path, "gateway")
        if not site.fabric:
            if site.plan.blocks:
                what = "pairs of routers of a site that its boundary routes for"
                yield marks.problem((*site.path, "blocks"), what, "gateway: fabric")
            continue
        if plan.backbone.overlay != "evpn-vxlan":
            what = "a gateway on a backbone without EVPN"
            yield marks.problem(path, what, "overlay: evpn-vxlan of the backbone")
        if site.plan.ring or site.dual:
            what = f"{'a ring' if site.plan.ring else site.plan.redundancy} of switches on the backbone"
            yield marks.problem(path, what, "gateway: boundary")
        if site.plan.blocks and len(site.plan.blocks) != site.plan.switches:
            count = f"pairs for {len(site.plan.blocks)} switches of {site.plan.switches}"
            yield marks.problem((*site.path, "blocks"), count, "one for each switch")
        for index, block in enumerate(site.plan.blocks):
            if block > blocks:
                what = f"there is no pair {block}"
                yield marks.problem((*site.path, "blocks", index), what, f"1 to {blocks}")
        yield from _fabric_segments(plan, marks, site)


def _fabric_segments(plan: Plan, marks: Marks, site: names.PlannedSite) -> Found:
    for name, segment in site.plan.segments.items():
        path = (*site.path, "segments", name)
        if segment.zone in plan.tenants or segment.zone in INSTANCES:
            yield marks.problem(
                (*path, "zone"),
                f"the routing instance {segment.zone!r} is there already",
                "a zone with a name of its own",
                "tenants and the park have instances of their names",
            )
        if segment.dhcp_relay:
            what = "a DHCP relay of a gateway on the backbone"
            yield marks.problem((*path, "dhcp_relay"), what, "gateway: boundary")


def _blocks(plan: Plan, marks: Marks) -> Found:
    """Tenants find room at the pairs of routers that they attach to."""
    backbone, blocks = plan.backbone, names.blocks(plan)
    edges = {"three-tier": backbone.aggregations, "spine-leaf": backbone.leaves}.get(backbone.kind)
    part = "aggregations" if backbone.kind == "three-tier" else "leaves"
    if edges and len(plan.tenants) > edges.tenants * len(blocks):
        yield marks.key_problem(
            ("backbone", part),
            f"{len(plan.tenants)} tenants at {len(blocks)} pairs of {edges.tenants} each",
            f"at least {-(-len(plan.tenants) // edges.tenants)} pairs",
            "raise `count`, or `tenants` of a pair",
        )
    for name, tenant in plan.tenants.items():
        if tenant.block and not edges:
            yield marks.problem(
                ("tenants", name, "block"), "a backbone of cores has no pairs to choose from", "no `block`"
            )
        elif tenant.block and tenant.block > len(blocks):
            yield marks.problem(
                ("tenants", name, "block"), f"there is no pair {tenant.block}", f"1 to {len(blocks)}"
            )


def _numbers(plan: Plan, marks: Marks) -> Found:
    """AS numbers are told apart, and stated where BGP is spoken only."""
    bgp = plan.backbone.overlay != "none" or plan.backbone.igp == "bgp"
    owners: dict[int, str] = {plan.backbone.asn: "the backbone"}
    for name, tenant in plan.tenants.items():
        path = ("tenants", name, "asn")
        if tenant.asn and not bgp:
            yield marks.problem(
                path,
                "an AS for a boundary that speaks no BGP",
                "no `asn`",
                "an overlay, or igp: bgp, makes it speak",
            )
        elif tenant.asn:
            first = owners.setdefault(tenant.asn, f"tenant {name!r}")
            if first != f"tenant {name!r}":
                yield marks.problem(path, f"AS {tenant.asn} is that of {first} already", "an AS of its own")
    if plan.backbone.keys.bgp and not bgp and not plan.backbone.exit.routers:
        yield marks.problem(
            ("backbone", "keys", "bgp"), "a key of BGP sessions that there are none of", "no `bgp`"
        )


def check_exits(plan: Plan, marks: Marks) -> Found:
    """Every line ends on a router that exists and has what its way of routing needs."""
    plan_exit, path = plan.backbone.exit, ("backbone", "exit")
    count = max(1, plan_exit.routers)
    sharing: set[int] = set()
    for name, line in plan_exit.circuits.items():
        where = (*path, "circuits", name)
        if line.exit > count:
            yield marks.problem(
                (*where, "exit"),
                f"there is no exit router {line.exit}",
                f"1 to {count}" if count > 1 else "1",
                "raise `routers` of the exit",
            )
        if (line.ipv4 is None) != (line.ipv6 is None):
            key = "ipv4" if line.ipv4 else "ipv6"
            yield marks.problem((*where, key), "a transfer network of one family only", "ipv4 and ipv6")
        yield from _room(marks, where, line.ipv4)
        if line.ipv4 is None:
            sharing.add(line.exit)
        if line.asn and not plan_exit.asn:
            yield marks.problem(
                (*where, "asn"),
                "a BGP session with an operator, and no AS of the park",
                "asn: … below backbone.exit",
            )
        if line.key and not line.asn:
            yield marks.problem(
                (*where, "key"), "a key of a session that there is none of", "the operator's `asn`"
            )
    if len(sharing) > 1:
        yield marks.problem(
            (*path, "circuits"),
            "lines of several exit routers share one transfer network",
            "ipv4 and ipv6 of its own for each line but those of one router",
        )
    if plan.backbone.firewall.redundancy == "pair" and not plan_exit.routers:
        yield marks.problem(
            ("backbone", "firewall", "redundancy"),
            "a line ends on one firewall of a pair only",
            "exit routers between the pair and the lines",
            "routers: 1 or more below backbone.exit",
        )
    yield from _announced(plan, marks)
    yield from _policy(plan, marks)
    yield from _leased(plan, marks)


def _room(marks: Marks, where: tuple[str, ...], prefix: object) -> Found:
    if prefix is not None and getattr(prefix, "prefixlen", 0) > 30:
        yield marks.problem((*where, "ipv4"), f"{prefix} has no room for .1 and .2", "a /30 or shorter")


def _announced(plan: Plan, marks: Marks) -> Found:
    plan_exit = plan.backbone.exit
    speaking = any(line.asn for line in plan_exit.circuits.values())
    for key in ("announce", "asn"):
        if getattr(plan_exit, key) and not speaking:
            yield marks.problem(
                ("backbone", "exit", key),
                f"{key} without an operator that speaks BGP",
                "the `asn` of a circuit",
            )
    if plan_exit.policy.select == "price" and not any(line.price for line in plan_exit.circuits.values()):
        yield marks.problem(
            ("backbone", "exit", "policy", "select"),
            "the cheapest line, and no line has a price",
            "price of each circuit",
        )
    if plan_exit.policy.select == "distance" and not any(
        line.distance for line in plan_exit.circuits.values()
    ):
        yield marks.problem(
            ("backbone", "exit", "policy", "select"),
            "the nearest line, and no line has a distance",
            "distance of each circuit",
        )


def _policy(plan: Plan, marks: Marks) -> Found:
    for tenant, lines in plan.backbone.exit.policy.tenants.items():
        path = ("backbone", "exit", "policy", "tenants", tenant)
        if tenant not in plan.tenants:
            yield unknown(marks, path, tenant, "tenant", plan.tenants)
        for index, line in enumerate(lines):
            if line not in plan.backbone.exit.circuits:
                yield unknown(marks, (*path, index), line, "circuit", plan.backbone.exit.circuits)
            elif line in lines[:index]:
                yield marks.problem((*path, index), f"circuit {line!r} stands twice", "each line once")


def _leased(plan: Plan, marks: Marks) -> Found:
    for tenant_id, tenant in plan.tenants.items():
        for name, line in tenant.leased_lines.items():
            path = ("tenants", tenant_id, "leased_lines", name)
            yield from _room(marks, path, line.ipv4)
            if line.zone and not (line.ipv4 or line.ipv6):
                yield marks.problem(
                    (*path, "zone"), "a zone behind a line without addresses", "ipv4 or ipv6 of the line"
                )
            for index, network in enumerate(line.networks):
                if (line.ipv6 if network.version == 6 else line.ipv4) is None:
                    yield marks.problem(
                        (*path, "networks", index),
                        f"no next hop for {network}",
                        f"ipv{network.version} of the line",
                    )
            if line.tunnel == "ipsec" and not (line.ipv4 or line.ipv6):
                yield marks.problem(
                    (*path, "tunnel"), "a tunnel over a line without addresses", "ipv4 or ipv6 of the line"
                )
            if line.tunnel == "ipsec" and line.key is None:
                yield marks.problem((*path, "tunnel"), "a tunnel without a key", "key: a secret reference")
            if line.tunnel == "none" and (line.key or line.peer):
                key = "key" if line.key else "peer"
                yield marks.problem((*path, key), f"{key} of a tunnel that there is none of", "tunnel: ipsec")
