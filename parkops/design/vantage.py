"""Pass: flows that are measured from their source, and what must not pass from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parkops.design.draft import Draft, DraftDevice
from parkops.design.reach import MANAGEMENT, FlowsBySource, allowed_flows
from parkops.design.roles import NODES
from parkops.model import Advice, Flow, Role, Segment, Service, Target

# Who probes for a segment where several could: what stands there for its own work first.
RANKS = (Role.EDGE_GATEWAY, Role.EDGE_CONTROLLER, Role.SERVER, Role.CLOUD_HOST)
# What is asked there must answer: RFC 1035; RFC 5905, RFC 3414 and RFC 7252 by parkops.transport.questions.
ANSWERING_UDP = {53: "dns", 123: "udp", 161: "udp", 5683: "udp"}
HTTP = ("identifier", "prometheus")
MOST_FORBIDDEN = 8  # from one node, one for each other zone
TOLD = 6  # names in one sentence
NONE = "none"

Allowed = Mapping[tuple[str, str, int], FlowsBySource]


@dataclass(frozen=True, slots=True)
class Offer:
    """A service where it can be reached."""

    device: DraftDevice
    segment: Segment
    addresses: tuple[str, ...]  # IPv4, then IPv6
    service: Service


@dataclass(frozen=True, slots=True)
class Places:
    """Who probes for a segment, what is offered in it, and in which order zones of a tenant come."""

    posts: Mapping[str, DraftDevice]
    offers: Mapping[str, tuple[Offer, ...]]
    zones: Mapping[str, tuple[str, ...]]  # tenant -> zones with offers
    by_zone: Mapping[str, tuple[Offer, ...]]


def add_flow_targets(draft: Draft) -> None:
    """Watch each flow from a node of its source, and some of what no flow allows; say what is left out."""
    places = _places(draft)
    unseen: dict[str, list[Flow]] = {}
    for flow in draft.flows:
        post = _post(draft, places, flow)
        if post is None:
            unseen.setdefault(flow.src, []).append(flow)
            continue
        for port in flow.ports or ((0,) if flow.protocol == "icmp" else ()):
            offer = _end(draft, places, flow, port, post)
            if offer is not None:
                draft.targets.extend(_targets(draft, flow, port, post, offer))
    allowed = allowed_flows(draft)
    for segment_id, post in sorted(places.posts.items(), key=lambda item: item[1].name):
        for offer in _forbidden(places, allowed, post, draft.segments[segment_id]):
            draft.targets.extend(_blocked(draft, post, offer))
    _say(draft, unseen)
    _check(draft)


def _places(draft: Draft) -> Places:
    posts: dict[str, list[DraftDevice]] = {}
    offers: dict[str, list[Offer]] = {}
    for _, device in sorted(draft.devices.items(), key=lambda item: (not item[1].management_ipv4, item[0])):
        for port in device.ports.values():
            segment = draft.segments.get(port.segment)
            if segment is None or not port.ipv4 or device.router_id:
                continue
            addresses = tuple(text.partition("/")[0] for text in (port.ipv4, port.ipv6) if text)
            offers.setdefault(segment.id, []).extend(
                Offer(device, segment, addresses, service)
                for service in device.services
                if service.kind not in MANAGEMENT
            )
            if _probes(draft, device, segment):
                posts.setdefault(segment.id, []).append(device)
    zones: dict[str, dict[str, list[Offer]]] = {}
    for name in sorted(offers):
        for offer in offers[name]:
            zones.setdefault(offer.segment.tenant, {}).setdefault(offer.segment.zone, []).append(offer)
    return Places(
        {segment: min(devices, key=_rank) for segment, devices in posts.items()},
        {segment: tuple(found) for segment, found in offers.items()},
        {tenant: tuple(sorted(found)) for tenant, found in sorted(zones.items())},
        {zone: tuple(found) for of in zones.values() for zone, found in of.items()},
    )


def _probes(draft: Draft, device: DraftDevice, segment: Segment) -> bool:
    """Tell whether a node is to probe for its segment, if it can: a Linux system that takes SSH sessions.

    A gateway is none: it stands before its own filter, what it sends passes where a host's would not.
    """
    return draft.plan.monitoring.vantage.get(segment.zone, device.name) == device.name and _fit(draft, device)


def _fit(draft: Draft, device: DraftDevice) -> bool:
    managed = device.role in NODES and bool(device.management_ipv4)
    return managed and draft.platform(device).driver == "ansible"


def _rank(device: DraftDevice) -> tuple[int, str]:
    return (RANKS.index(device.role) if device.role in RANKS else len(RANKS)), device.name


def _post(draft: Draft, places: Places, flow: Flow) -> DraftDevice | None:
    """Return who probes for a flow."""
    return next((places.posts[item.id] for item in draft.places(flow.src) if item.id in places.posts), None)


def _end(draft: Draft, places: Places, flow: Flow, port: int, post: DraftDevice) -> Offer | None:
    """Return where a flow leads to, if something answers there and its answer may come back."""
    if flow.one_way:
        return None
    for segment in draft.places(flow.dst):
        for offer in places.offers.get(segment.id, ()):
            fits = flow.protocol == "icmp" or (offer.service.protocol, offer.service.port) == (
                flow.protocol,
                port,
            )
            if fits and offer.device is not post and flow.dst_device in ("", offer.device.name):
                return None if flow.protocol == "udp" and port not in ANSWERING_UDP else offer
    return None


def _targets(draft: Draft, flow: Flow, port: int, post: DraftDevice, offer: Offer) -> Iterator[Target]:
    kind, params = flow.protocol, [("flow", flow.id)]
    if kind == "udp":
        kind = ANSWERING_UDP[port]
    elif kind == "tcp" and offer.service.kind in HTTP:
        kind = "http"
        first = offer.service.params[0][0] if offer.service.params else ""
        if offer.service.kind == "identifier" and first:
            params.append(("path", f"/resolve/{first}"))
    name = flow.id.removesuffix(f"/{flow.protocol}")
    service = f"{flow.protocol}/{port}" if port else flow.protocol
    yield from _watched(draft, f"flow/{name}/{service}", post, offer, port, (("kind", kind), *params))


def _watched(
    draft: Draft, name: str, post: DraftDevice, offer: Offer, port: int, params: tuple[tuple[str, str], ...]
) -> Iterator[Target]:
    """Yield a target for each family of which both ends have an address."""
    monitoring = draft.plan.monitoring
    for address in offer.addresses:
        six = ":" in address
        if six and not any(port.ipv6 for port in post.ports.values() if port.segment):
            continue
        yield Target(
            f"{name}/ipv6" if six else name,
            "flow",
            offer.device.name,
            address,
            port,
            monitoring.intervals.get(post.role.value, monitoring.interval_s),
            post.tenant,
            next((item.zone for item in post.ports.values() if item.zone), ""),
            params,
            post.name,
        )


def _forbidden(places: Places, allowed: Allowed, post: DraftDevice, segment: Segment) -> Iterator[Offer]:
    """Yield a service of each other zone that no flow leads to from here; of many zones only some."""
    tenants = [tenant for tenant in places.zones if tenant not in ("", segment.tenant)]
    following = next((tenant for tenant in tenants if tenant > segment.tenant), tenants[0] if tenants else "")
    near = dict.fromkeys((segment.tenant, ""))
    zones = [zone for tenant in near for zone in places.zones.get(tenant, ())]
    strange = places.zones.get(following, ()) if following not in near else ()
    found = 0
    for zone in (*strange[:1], *zones):
        offer = next((item for item in places.by_zone[zone] if _closed(allowed, item, segment)), None)
        if zone != segment.zone and offer is not None and offer.device is not post:
            yield offer
            found += 1
        if found == MOST_FORBIDDEN:
            return


def _closed(allowed: Allowed, offer: Offer, source: Segment) -> bool:
    service = offer.service
    places = (offer.segment.id, f"@{offer.device.name}")
    flows = (allowed.get((place, service.protocol, service.port), {}) for place in places)
    return service.protocol == "tcp" and not any(source.id in by_source for by_source in flows)


def _blocked(draft: Draft, post: DraftDevice, offer: Offer) -> Iterator[Target]:
    port = offer.service.port
    name = f"forbidden/{post.name}/{offer.device.name}/tcp/{port}"
    yield from _watched(draft, name, post, offer, port, (("kind", "tcp"), ("expect", "blocked")))


def _say(draft: Draft, unseen: Mapping[str, list[Flow]]) -> None:
    """Tell which flows nothing measures from their source, for want of a node there."""
    for source, flows in sorted(unseen.items()):
        if draft.external(source) or draft.plan.monitoring.vantage.get(source) == NONE:
            continue
        names = ", ".join(flow.id for flow in flows[:TOLD])
        more = f" and {len(flows) - TOLD} more" if len(flows) > TOLD else ""
        what = f"no node in {source!r} can probe from there: nothing measures from its source {names}{more}"
        expected = "an edge gateway, edge controller or server in it that parkops reaches by SSH"
        draft.advice.append(Advice("vantage", what, expected, flows[0].source))


def _check(draft: Draft) -> None:
    """Refuse nodes of the plan's choice that cannot probe for their zone."""
    for zone, name in sorted(draft.plan.monitoring.vantage.items()):
        path = ("monitoring", "vantage", zone)
        if zone not in draft.plan.zones:
            expected = f"one of {', '.join(sorted(draft.plan.zones))}"
            draft.problems.append(draft.marks.key_problem(path, f"no zone {zone!r}", expected))
            continue
        inside = {segment.id for segment in draft.places(zone)}
        fit = sorted(
            device.name
            for device in draft.devices.values()
            if _fit(draft, device) and any(port.segment in inside for port in device.ports.values())
        )
        if name not in (*fit, NONE):
            what = f"{name!r} is no node that can probe from zone {zone!r}"
            expected = f"{', '.join(fit)} or none" if fit else "none"
            draft.problems.append(draft.marks.problem(path, what, expected))
