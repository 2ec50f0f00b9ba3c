"""Cross-checks of production networks: rings, time-sensitive streams, 5G devices, controllers."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.plan.hints import unknown
from parkops.plan.marks import Key, Marks
from parkops.plan.names import PlannedSite, sites
from parkops.plan.places import Attached, Places
from parkops.plan.schema import EndpointPlan, NodePlan, Plan, RingPlan, StreamPlan

Found = Iterator[Problem]
Path = tuple[Key, ...]
OF_PROTOCOL = {  # key -> ring protocols that it means something to
    "owner": ("erps",),
    "neighbor": ("erps",),
    "wtr_minutes": ("erps",),
    "manager": ("mrp", "rstp"),
    "recovery_ms": ("mrp",),
}
NOT_RELAYED = "01-80-C2-00-00-0"  # reserved addresses (IEEE 802.1Q-2022, 8.6.3)
# Fewest and most switches; 50 is the limit of IEC 62439-2 (5.1), 40 the greatest max-age of IEEE 802.1Q.
SWITCHES = {"erps": (3, 50), "mrp": (3, 50), "rstp": (3, 40), "hsr": (3, 50), "prp": (4, 50)}


def check_rings(plan: Plan, marks: Marks) -> Found:
    """Rings close, and each key of a ring means something to its protocol."""
    for site in sites(plan):
        ring = site.plan.ring
        if ring is None:
            continue
        path = (*site.path, "ring")
        least, most = SWITCHES[ring.protocol]
        if site.plan.switches < least:
            yield marks.problem(
                path,
                f"a ring of {_switches(site.plan.switches)}"
                if ring.protocol != "prp"
                else f"two parallel networks of {_switches(site.plan.switches)}",
                f"at least {least} switches",
                "raise `switches`, or remove `ring`",
            )
        elif site.plan.switches > most:
            yield marks.problem(
                path, f"a ring of {_switches(site.plan.switches)}", f"at most {most} with {ring.protocol}"
            )
        yield from _ring_keys(marks, path, ring, site)
        if ring.protocol == "prp":
            yield from _parallel(marks, site)


def _switches(count: int) -> str:
    return "1 switch" if count == 1 else f"{count} switches"


def _ring_keys(marks: Marks, path: Path, ring: RingPlan, site: PlannedSite) -> Found:
    for key, protocols in OF_PROTOCOL.items():
        value = getattr(ring, key)
        if value is None:
            continue
        if ring.protocol not in protocols:
            yield marks.key_problem(
                (*path, key), f"`{key}` means nothing to {ring.protocol}", f"only {' and '.join(protocols)}"
            )
        elif key in ("owner", "neighbor", "manager") and value > site.plan.switches:
            yield _no_switch(marks, (*path, key), value, site)
    if ring.protocol == "erps" and site.plan.switches >= 3:
        owner, neighbor = ring.owner or 1, ring.neighbor
        beside = {(owner - 2) % site.plan.switches + 1, owner % site.plan.switches + 1}
        if neighbor is not None and neighbor <= site.plan.switches and neighbor not in beside:
            yield marks.problem(
                (*path, "neighbor"),
                f"switch {neighbor} is not beside the owner, switch {owner}",
                " or ".join(str(number) for number in sorted(beside)),
                "they are the two ends of the ring protection link (G.8032)",
            )


def _no_switch(marks: Marks, path: Path, number: int, site: PlannedSite) -> Problem:
    return marks.problem(
        path,
        f"there is no switch {number}",
        f"1 to {site.plan.switches}" if site.plan.switches > 1 else "1, the site's only switch",
        "raise `switches` of the site",
    )


def _parallel(marks: Marks, site: PlannedSite) -> Found:
    """Refuse single attachments to one of two parallel networks: they would lose their redundancy."""
    count = site.plan.switches
    for kind, parts in (("endpoints", site.plan.endpoints), ("nodes", site.plan.nodes)):
        for name, part in parts.items():
            if count - 2 < part.switch <= count:
                yield marks.problem(
                    (*site.path, kind, name, "switch"),
                    f"switch {part.switch} is one of the two parallel networks",
                    f"1 to {count - 2}, which stand in both",
                    "with prp the last two switches are LAN A and LAN B",
                )


def check_tsn(plan: Plan, marks: Marks) -> Found:
    """Streams lead between single endpoints of one segment, and their periods fit the cycle."""
    places = Places.of(plan)
    for site in sites(plan):
        tsn = site.plan.tsn
        if tsn is None:
            continue
        path = (*site.path, "tsn")
        if site.plan.ring and site.plan.ring.protocol in ("prp", "hsr"):
            yield marks.key_problem(
                path,
                f"schedules beside {site.plan.ring.protocol}, which sends each frame twice at once",
                "rstp, erps or mrp; a redundant stream takes both ways of a ring of rstp or erps",
            )
        if site.dual:
            yield marks.key_problem(
                path,
                f"schedules over a pair of switches ({site.plan.redundancy})",
                "a line or a ring of switches, whose ways are known",
            )
        for key in ("grandmaster", "standby"):
            number = getattr(tsn, key)
            if number is not None and number > site.plan.switches:
                yield _no_switch(marks, (*path, key), number, site)
        if tsn.standby == tsn.grandmaster:
            yield marks.problem((*path, "standby"), "the grandmaster stands in for itself", "another switch")
        for name, stream in tsn.streams.items():
            yield from _stream(marks, (*path, "streams", name), stream, site, places, tsn.cycle_us)


def _stream(
    marks: Marks, path: Path, stream: StreamPlan, site: PlannedSite, places: Places, cycle_us: int
) -> Found:
    known = {*site.plan.endpoints, *site.plan.nodes}
    ends: list[tuple[Path, str]] = [((*path, "from"), stream.talker)]
    ends += [((*path, "to", index), name) for index, name in enumerate(stream.listeners)]
    segments: dict[str, str] = {}
    for where, name in ends:
        if name not in known:
            yield unknown(marks, where, name, "endpoint or node of the site", known)
            continue
        part = site.plan.endpoints.get(name) or site.plan.nodes[name]
        segments[name] = part.segment
        if isinstance(part, EndpointPlan) and part.count > 1:
            yield marks.problem(
                where,
                f"{name!r} stands for {part.count} endpoints",
                "an endpoint of its own for each end of a stream (count: 1)",
            )
    if stream.talker in stream.listeners:
        yield marks.problem((*path, "to"), "the talker listens to itself", "other endpoints")
    home = segments.get(stream.talker)
    for index, name in enumerate(stream.listeners):
        if home and segments.get(name, home) != home:
            yield marks.problem(
                (*path, "to", index),
                f"{name!r} is on segment {segments[name]!r}, the talker on {home!r}",
                "one segment: a stream is bridged, not routed",
            )
    if cycle_us % stream.period_us:
        yield marks.problem(
            (*path, "period_us"),
            f"a period of {stream.period_us} us does not divide the cycle of {cycle_us} us",
            "a divisor of the cycle",
            "or set `cycle_us` to a multiple of all periods",
        )
    if stream.mac.upper().startswith(NOT_RELAYED):
        yield marks.problem(
            (*path, "mac"), f"{stream.mac} is an address that no bridge passes on", "one that is not reserved"
        )
    if stream.redundant:
        yield from _two_ways(marks, path, stream, site)


def _two_ways(marks: Marks, path: Path, stream: StreamPlan, site: PlannedSite) -> Found:
    """A redundant stream has two ways to each listener, which nothing blocks, and is split at one place."""
    where = (*path, "redundant")
    if site.plan.ring is None:
        yield marks.problem(where, "a redundant stream without a ring", "a `ring` at the site, for two ways")
    elif site.plan.ring.protocol == "mrp":
        yield marks.problem(
            where,
            "a redundant stream in an mrp ring, whose manager blocks a port for every VLAN",
            "a ring of rstp or erps, which lets the VLANs of member streams pass",
        )
    parts: dict[str, EndpointPlan | NodePlan] = {**site.plan.endpoints, **site.plan.nodes}
    talker = parts.get(stream.talker)
    for index, name in enumerate(stream.listeners):
        part = parts.get(name)
        if talker and part and name != stream.talker and part.switch == talker.switch:
            yield marks.problem(
                (*path, "to", index),
                f"{name!r} is on switch {part.switch} as the talker is, where no second way leads",
                "a listener on another switch of the ring",
                "let a stream that is not redundant lead there",
            )
    tsn = site.plan.tsn
    rivals = [
        name
        for name, other in (tsn.streams.items() if tsn else ())
        if other.redundant and other.talker == stream.talker
    ]
    if rivals and rivals[0] != path[-1]:
        yield marks.problem(
            where,
            f"a second redundant stream of {stream.talker!r}, beside {rivals[0]!r}",
            "one for each talker: a port has one entry in the stream split table (IEEE 802.1CBcv-2021)",
            f"add the listeners to {rivals[0]!r}, or let another device send",
        )


def check_cpes(plan: Plan, marks: Marks) -> Found:
    """A 5G device hangs on a switch of its site, in a segment that offers 5G."""
    taken = {name: ".".join(item.path) for name, item in Places.of(plan).attached.items()}
    for site in sites(plan):
        for name, cpe in site.plan.cpes.items():
            path = (*site.path, "cpes", name)
            owner = taken.get(site.endpoint(name))
            if owner:
                yield marks.key_problem(
                    path, f"device name {site.endpoint(name)!r} is taken by {owner}", "another name"
                )
            if cpe.segment not in site.plan.segments:
                yield unknown(marks, (*path, "segment"), cpe.segment, "segment", site.plan.segments)
            elif "5g" not in site.plan.segments[cpe.segment].access:
                yield marks.problem(
                    (*path, "segment"),
                    f"segment {cpe.segment!r} offers no 5g access",
                    "a segment whose access names 5g",
                    "add 5g to the segment's access",
                )
            if cpe.switch > site.plan.switches:
                yield _no_switch(marks, (*path, "switch"), cpe.switch, site)


def check_sdn(plan: Plan, marks: Marks) -> Found:
    """The controller's sites exist."""
    known = [site.id for site in sites(plan)]
    for index, name in enumerate(plan.sdn.sites if plan.sdn else ()):
        if name not in known:
            yield unknown(marks, ("sdn", "sites", index), name, "site", known)


def check_gateways(plan: Plan, marks: Marks) -> Found:
    """Endpoints report to an edge node that understands them, and can carry them."""
    places = Places.of(plan)
    edge = places.nodes("edge-controller", "edge-gateway", "edge-cloud")
    carried: dict[str, int] = {}
    for item in places.attached.values():
        group = item.plan
        if not isinstance(group, EndpointPlan) or not group.gateway:
            continue
        path = (*item.path, "gateway")
        near_node = edge.get(group.gateway)
        if near_node is None or near_node.site.tenant not in ("", item.site.tenant):
            near = [name for name, other in edge.items() if other.site.tenant in ("", item.site.tenant)]
            yield unknown(marks, path, group.gateway, "edge node of the tenant or of the park", near)
            continue
        yield from _understood(marks, (*item.path, "protocol"), group, near_node)
        connected = group.count if group.connected is None else group.connected
        carried[near_node.name] = carried.get(near_node.name, 0) + connected
    for name, objects in carried.items():
        node = edge[name].node
        resources = node.resources if node else None
        if resources is not None and objects > resources.objects:
            yield marks.problem(
                (*edge[name].path, "resources", "objects"),
                f"{objects} objects report to {name}, rated for {resources.objects}",
                f"at least {objects}",
                "a larger node, or a second one",
            )


def _understood(marks: Marks, path: Path, group: EndpointPlan, node: Attached) -> Found:
    resources = node.node.resources if node.node else None
    if group.protocol == "ip":
        yield marks.problem(
            path, f"{path[-2]!r} reports to {node.name} in no stated protocol", "a protocol such as mqtt"
        )
    elif resources is not None and resources.protocols and group.protocol not in resources.protocols:
        yield marks.problem(
            path,
            f"{node.name} does not understand {group.protocol}",
            f"one of {', '.join(resources.protocols)}",
            "or add it to the node's resources.protocols",
        )
