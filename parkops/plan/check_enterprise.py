"""Cross-checks of enterprise networks: port access, wireless, pairs, remote access, publishing, quality."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import AddressValueError, IPv4Address

from parkops.errors import Problem
from parkops.plan import names
from parkops.plan.flows import planned_flows
from parkops.plan.hints import unknown
from parkops.plan.marks import Marks
from parkops.plan.names import PlannedSite, sites
from parkops.plan.places import Places
from parkops.plan.quality import classes
from parkops.plan.schema import Plan, RemoteAccessPlan, WlanPlan
from parkops.plan.wireless import SIX_GHZ

Found = Iterator[Problem]
Path = tuple[str | int, ...]
RADIUS_HINT = "management: {aaa: {protocol: radius, servers: …}}"


def check_enterprise(plan: Plan, marks: Marks) -> Found:
    """Run every rule of this module."""
    for rule in RULES:
        yield from rule(plan, marks)


def _radius(plan: Plan) -> bool:
    return plan.management.aaa is not None and plan.management.aaa.protocol == "radius"


def check_redundancy(plan: Plan, marks: Marks) -> Found:
    """A pair of switches has two of them, and no ring besides."""
    for site in sites(plan):
        if not site.dual:
            continue
        path = (*site.path, "redundancy")
        if site.plan.switches < 2:
            yield marks.problem(
                path, f"{site.plan.redundancy} of one switch", "at least 2 switches", "raise `switches`"
            )
        if site.plan.ring:
            yield marks.problem(path, f"{site.plan.redundancy} and a ring", "one of the two")
    if plan.public.mode == "shared" and "boundary" in plan.public.model_fields_set:
        yield marks.key_problem(
            ("public", "boundary"), "a gateway of a public-service network that is shared", "mode: own"
        )


def check_port_access(plan: Plan, marks: Marks) -> Found:
    """Segments that ports may fall into exist, and somebody decides who is let in."""
    for site in sites(plan):
        for name, segment in site.plan.segments.items():
            path: Path = (*site.path, "segments", name, "ports")
            for key in ("guest", "voice"):
                other = getattr(segment.ports, key)
                if other is not None and other not in site.plan.segments:
                    yield unknown(marks, (*path, key), other, "segment", site.plan.segments)
                elif other == name:
                    yield marks.problem(
                        (*path, key), f"segment {name!r} itself", "another segment of the site"
                    )
            if segment.ports.guest and segment.ports.auth == "none":
                yield marks.problem(
                    (*path, "guest"),
                    "guests where nobody has to authenticate",
                    "auth: dot1x, mab or dot1x-mab",
                )
            if segment.ports.auth != "none" and not _radius(plan):
                yield marks.problem(
                    (*path, "auth"), "no RADIUS server decides", "a RADIUS server", RADIUS_HINT
                )
        for name, group in site.plan.endpoints.items():
            path = (*site.path, "endpoints", name, "auth")
            if group.auth is not None and group.access != "wired":
                yield marks.problem(
                    path,
                    f"port access of endpoints on {group.access}",
                    "wired endpoints",
                    "a wireless network has its `security`",
                )
            elif group.auth not in (None, "none") and not _radius(plan):
                yield marks.problem(path, "no RADIUS server decides", "a RADIUS server", RADIUS_HINT)


def check_wireless(plan: Plan, marks: Marks) -> Found:
    """Wireless networks lead into segments of their site that offer wireless access, safely."""
    for site in sites(plan):
        wireless = site.plan.wireless
        if wireless is None:
            continue
        path: Path = (*site.path, "wireless")
        for name, group in wireless.access_points.items():
            if group.switch > site.plan.switches:
                where = (*path, "access_points", name, "switch")
                yield marks.problem(where, f"there is no switch {group.switch}", f"1 to {site.plan.switches}")
        ssids: dict[str, str] = {}
        for name, network in wireless.networks.items():
            where = (*path, "networks", name)
            if ssids.setdefault(network.ssid, name) != name:
                yield marks.problem(
                    (*where, "ssid"), f"SSID {network.ssid!r} stands twice at this site", "each once"
                )
            yield from _network(plan, marks, site, where, name)


def _network(plan: Plan, marks: Marks, site: PlannedSite, path: Path, name: str) -> Found:
    assert site.plan.wireless is not None
    network = site.plan.wireless.networks[name]
    segment = site.plan.segments.get(network.segment)
    if segment is None:
        yield unknown(marks, (*path, "segment"), network.segment, "segment", site.plan.segments)
    elif "wifi6" not in segment.access:
        yield marks.problem(
            (*path, "segment"),
            f"segment {network.segment!r} offers no wifi6 access",
            "access: [wifi6] of the segment",
        )
    elif network.security == "open-portal" and plan.zones.get(segment.zone) is not None:
        zone = plan.zones[segment.zone]
        if zone.kind in ("production", "management"):
            yield marks.problem(
                (*path, "security"),
                f"an open network into the {zone.kind} zone {segment.zone!r}",
                "a zone for guests",
            )
    personal = network.security.endswith("personal")
    if personal != (network.key is not None):
        where = (*path, "key") if network.key else path
        yield marks.problem(
            where, "a key and personal security do not go without each other", "both, or neither"
        )
    if network.security.endswith("enterprise") and not _radius(plan):
        where = (*path, "security") if "security" in network.model_fields_set else path
        yield marks.problem(where, "no RADIUS server decides who may join", "a RADIUS server", RADIUS_HINT)
    yield from _bands(marks, path, network)
    yield from _portal(plan, marks, site, path, network)


def _bands(marks: Marks, path: Path, network: WlanPlan) -> Found:
    if "6" not in (network.bands or ()):
        return
    where = (*path, "bands")
    if not network.security.startswith("wpa3"):
        what = f"6 GHz with {network.security}"
        yield marks.problem(where, what, "WPA3", "IEEE 802.11ax allows nothing else there")
    elif network.standard not in SIX_GHZ:
        what = f"6 GHz with {network.standard}"
        yield marks.problem(where, what, f"standard: {' or '.join(SIX_GHZ)}", "older devices have no 6 GHz")


def _portal(plan: Plan, marks: Marks, site: PlannedSite, path: Path, network: WlanPlan) -> Found:
    """An open network has a portal, which somebody serves; no other network has one."""
    portal, places = network.portal, Places.of(plan)
    if (network.security == "open-portal") != (portal is not None):
        what = "an open network without a portal" if portal is None else f"a portal with {network.security}"
        where = (*path, "security") if portal is None else (*path, "portal")
        expected = "portal: {url: …}" if portal is None else "security: open-portal"
        yield marks.problem(where, what, expected, "both, or neither")
    if portal is None:
        return
    if portal.port > 65535:
        yield marks.problem((*path, "portal", "url"), f"port {portal.port} does not exist", "1 to 65535")
    if portal.address and portal.server:
        where = (*path, "portal", "address")
        yield marks.problem(where, "an address beside `server`", "one of them", "the node's own is used")
    if portal.key and not (portal.address or portal.server):
        where = (*path, "portal", "key")
        yield marks.problem(where, "a key that is shared with nobody", "`address` or `server` beside it")
    if not portal.server:
        if not places.external:
            yield marks.problem(
                (*path, "portal"),
                "nobody is outside who could serve it",
                "a zone of kind external, or `server`",
            )
    elif portal.server not in places.attached:
        where = (*path, "portal", "server")
        yield unknown(marks, where, portal.server, "endpoint group or node", places.attached)
    elif places.attached[portal.server].site.tenant not in ("", site.tenant):
        owner = places.attached[portal.server].site.tenant
        where = (*path, "portal", "server")
        yield marks.problem(
            where, f"{portal.server!r} belongs to {owner!r}", "one of the site's own, or the park's"
        )


def check_remote_access(plan: Plan, marks: Marks) -> Found:
    """Remote access has addresses, segments, and users who prove who they are."""
    park = names.firewalls(plan)[0]
    routed = [site for site in sites(plan) if not site.fabric]
    segments = {site.segment(name) for site in routed for name in site.plan.segments}
    own = {site.segment(name) for site in routed if site.gateway == park for name in site.plan.segments}
    yield from _accesses(plan, marks, ("remote_access",), plan.remote_access, "", own)
    for tenant_id, tenant in plan.tenants.items():
        path = ("tenants", tenant_id, "remote_access")
        yield from _accesses(plan, marks, path, tenant.remote_access, f"{tenant_id}.", segments)


def _accesses(
    plan: Plan,
    marks: Marks,
    path: Path,
    accesses: dict[str, RemoteAccessPlan],
    prefix: str,
    segments: Iterable[str],
) -> Found:
    ports: dict[int, str] = {}
    if not accesses:
        return
    own = [name.removeprefix(prefix) for name in segments if name.startswith(prefix)]
    for name, access in accesses.items():
        where = (*path, name)
        if plan.pools.vpn is None:
            yield marks.key_problem(
                where, "remote access without addresses", "pools: {vpn: {ipv4: …, ipv6: …}}"
            )
        for index, segment in enumerate(access.segments):
            if segment not in own:
                yield unknown(marks, (*where, "segments", index), segment, "segment", own)
        port = access.port or (51820 if access.kind == "wireguard" else 500)
        if ports.setdefault(port, name) != name:
            yield marks.key_problem(
                where, f"UDP port {port} is that of {ports[port]!r} already", "another `port`"
            )
        if access.kind == "ipsec" and prefix and not access.address:
            yield marks.key_problem(
                where,
                "IPsec on a boundary that nobody outside can reach",
                "address: a public one of the park",
            )
        if access.address and (access.kind == "wireguard" or not prefix):
            yield marks.problem(
                (*where, "address"),
                "an address that has no effect here",
                "no `address`",
                "IPsec of a tenant has one",
            )
        if access.kind == "wireguard" and access.auth != "key":
            yield marks.problem(
                (*where, "auth"),
                f"WireGuard with {access.auth}",
                "key",
                "ipsec knows certificates and RADIUS",
            )
        if access.auth == "radius" and not _radius(plan):
            yield marks.problem((*where, "auth"), "no RADIUS server decides", "a RADIUS server", RADIUS_HINT)
        if access.auth != "radius" and not access.users:
            yield marks.key_problem(where, "remote access without users", "users: {name: {identity: …}}")


def check_published(plan: Plan, marks: Marks) -> Found:
    """Published services are served by a device of the park, at an address that leads to it."""
    attached = Places.of(plan).attached
    external = any(zone.kind == "external" for zone in plan.zones.values())
    reachable = [
        item for item in (*plan.backbone.exit.announce, plan.backbone.exit.outside_ipv4) if item.version == 4
    ]
    reachable += [line.ipv4 for line in plan.backbone.exit.circuits.values() if line.ipv4]
    taken: dict[tuple[str | None, str], str] = {}
    for name, published in plan.published.items():
        path: Path = ("published", name)
        if published.to not in attached:
            yield unknown(marks, (*path, "to"), published.to, "endpoint group or node", attached)
        if not external:
            yield marks.key_problem(path, "nobody is outside", "a zone of kind external")
        first = taken.setdefault((published.address, published.service), name)
        if first != name:
            yield marks.problem(
                (*path, "service"),
                f"{published.service} leads to {first!r} already",
                "another port or address",
            )
        if int(published.service.partition("/")[2]) > 65535:
            yield marks.problem(
                (*path, "service"), f"port of {published.service} does not exist", "a port of 1 to 65535"
            )
        if published.address is None:
            continue
        try:
            address = IPv4Address(published.address)
        except AddressValueError:
            yield marks.problem(
                (*path, "address"), f"{published.address!r} is no IPv4 address", "such as 198.51.100.80"
            )
            continue
        if not any(address in prefix for prefix in reachable):
            yield marks.problem(
                (*path, "address"),
                f"{address} does not lead to this park",
                f"an address of {', '.join(map(str, reachable))}",
                "or add its prefix to backbone.exit.announce",
            )


def check_interconnects(plan: Plan, marks: Marks) -> Found:
    """Interconnected tenants exist and are two; no flow joins others, whatever carries them."""
    allowed: set[frozenset[str]] = set()
    for name, interconnect in plan.interconnects.items():
        path: Path = ("interconnects", name, "between")
        for index, tenant in enumerate(interconnect.between):
            if tenant not in plan.tenants:
                yield unknown(marks, (*path, index), tenant, "tenant", plan.tenants)
        pair = frozenset(interconnect.between)
        if len(pair) < 2:
            yield marks.problem(path, f"tenant {interconnect.between[0]!r} with itself", "two tenants")
        if pair in allowed:
            yield marks.problem(path, "these two are interconnected already", "each pair once")
        allowed.add(pair)
    places = Places.of(plan)
    for flow in planned_flows(plan, places):
        ends = {places.tenant(flow.src), places.tenant(flow.dst)}
        if len(ends) == 2 and ends <= plan.tenants.keys() and ends not in allowed:
            first, second = sorted(str(item) for item in ends)
            yield marks.key_problem(
                flow.path,
                f"tenants {first!r} and {second!r} are not interconnected",
                f"interconnects: {{…: {{between: [{first}, {second}], …}}}}",
                "say who asked for it and until when",
            )


def check_qos(plan: Plan, marks: Marks) -> Found:
    """Shares fit into the whole, and classes are told apart."""
    found = classes(plan.qos)
    total = sum(item["percent"] for item in found.values())
    if plan.qos and total > 100:
        yield marks.key_problem(
            ("qos",), f"the classes are promised {total} per cent", "at most 100, defaults included"
        )
    for name, item in plan.qos.items():
        for key in ("dscp", "queue"):
            value = getattr(item, key)
            others = [other for other, values in found.items() if other != name and values[key] == value]
            if value is not None and others:
                yield marks.problem(
                    ("qos", name, key),
                    f"{key} {value} is that of {others[0]!r} already",
                    f"a {key} of its own",
                )
        if item.limit_percent and item.limit_percent < found[name]["percent"]:
            yield marks.problem(
                ("qos", name, "limit_percent"),
                f"limited to {item.limit_percent} per cent, and promised {found[name]['percent']}",
                f"at least {found[name]['percent']}, or 0",
            )


RULES: tuple[Callable[[Plan, Marks], Iterable[Problem]], ...] = (
    check_redundancy,
    check_port_access,
    check_wireless,
    check_remote_access,
    check_published,
    check_interconnects,
    check_qos,
)
