"""Sites of an imported plan: switches, segments with their zones, groups of end devices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from parkops.plan.importers.survey import ELEMENTS, Found, FoundSegment, Names, Survey, line_of, role_of
from parkops.plan.importers.work import Work, keep, named

PARK_SEGMENT = FoundSegment("operations", 0, zone="operations", title="运维管理")


def site_of(
    work: Work, segments: list[FoundSegment], devices: list[Found], path: str, prefix: str, name: str
) -> dict[str, Any]:
    """Return a tenant's site with what was found of it."""
    switches = sorted((d for d in devices if role_of(d.role) == "switch"), key=lambda device: device.name)
    for number, device in enumerate(switches, 1):
        named(work, f"{prefix}-sw-{number}", device)
    ids = Names("segment")
    parts = {ids.new(item.name): item for item in sorted(segments, key=lambda item: (item.vlan, item.name))}
    industrial = any("control" in (s.zone + s.name).lower() or "生产" in s.zone + s.title for s in segments)
    ring = len(switches) > 2 and _ring(work.survey, {device.name for device in switches})
    site: dict[str, Any] = {
        "title": line_of(work.survey.sites.get(name) or name or path),
        "kind": "plant" if industrial or ring else "office",
        "switches": max(1, len(switches)),
        "ports": 48,
        **({"ring": {"protocol": "rstp"}} if ring else {}),
        "segments": {
            segment: {"zone": _zone(work, path, item, industrial), "title": line_of(item.title or item.name)}
            for segment, item in parts.items()
        },
    }
    for segment, item in parts.items():
        keep(work, f"{path}.{segment}", item)
    vlans = {item.vlan: segment for segment, item in parts.items()}
    endpoints = _endpoints(work, devices, vlans, path, prefix)
    return {**site, **({"endpoints": endpoints} if endpoints else {})}


def _ring(survey: Survey, names: set[str]) -> bool:
    """Return whether the switches' cables close a ring: each has two others of them as neighbours."""
    cables = {frozenset(cable) for cable in survey.cables if set(cable) <= names and len(set(cable)) == 2}
    degrees = Counter(name for cable in cables for name in cable)
    return len(degrees) == len(names) and set(degrees.values()) == {2}


def _zone(work: Work, path: str, item: FoundSegment, industrial: bool) -> str:
    """Return the zone of a tenant's segment; zones of one name of two tenants are two zones."""
    owner = path.partition(".")[0]
    kind = "production" if industrial else "enterprise"
    base = item.zone or f"{owner}-{'control' if industrial else 'office'}"
    name = work.zone_of.setdefault((owner, base, kind), "") or work.zone_ids.new(base)
    work.zone_of[owner, base, kind] = name
    work.zones.setdefault(name, {"title": line_of(item.zone or base), "kind": kind, "mlps_level": 2})
    if industrial:
        work.zones[name]["industrial"] = True
    return name


def _endpoints(
    work: Work, devices: Iterable[Found], vlans: Mapping[int, str], path: str, prefix: str
) -> dict[str, Any]:
    """Put like end devices together; what is not known, or on no VLAN of the site, is noted."""
    groups: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for device in sorted(devices, key=lambda device: device.name):
        role = role_of(device.role)
        if role in ("switch", "firewall", "core", "ignored"):
            continue
        if role in ("edge-gateway", "edge-cloud", "access-point"):
            where = "wireless.access_points" if role == "access-point" else "nodes, with its resources"
            work.notes.append(f"{device.name} ({device.role}): add it below {path}.{where}")
        elif role not in ELEMENTS:
            work.notes.append(f"{device.name}: there is no place for the role {device.role!r}")
        elif device.vlan not in vlans:
            work.notes.append(f"{device.name}: VLAN {device.vlan or 'unknown'} is none of its site's")
        else:
            groups[(_kind(device, prefix), vlans[device.vlan])].append(device)
    ids = Names("group")
    found = {}
    for (role, segment), members in sorted(groups.items()):
        name = ids.of(
            role if all(key[0] != role or key[1] == segment for key in groups) else f"{role}-{segment}"
        )
        found[name] = {
            "title": line_of(members[0].title or role),
            "segment": segment,
            "element": role_of(role) if role_of(role) in ELEMENTS else "machines",
            "count": len(members),
        }
        if members[0].address:
            work.hosts.append((f"{path}.{segment}", f"{prefix}-{name}", members[0].address))
    return found


def _kind(device: Found, prefix: str) -> str:
    """Return what tells a group of end devices: their role, or their name where that says nothing."""
    own = device.name.removeprefix(f"{prefix}-") if device.name.startswith(f"{prefix}-") else ""
    return own if device.role == "endpoint" and own else device.role


def park_site(work: Work) -> dict[str, Any]:
    """Return the park's services: the management server and the park's own VLANs."""
    own = [d for d in work.survey.devices if not d.tenant]
    segments = [s for s in work.survey.segments if not s.tenant]
    switches = [d for d in own if role_of(d.role) == "switch"]
    ordered = sorted(switches, key=lambda device: (not device.name.startswith("svc-"), device.name))
    for number, device in enumerate(ordered, 1):
        named(work, f"svc-sw-{number}", device)
    ids = Names("segment")
    parts = {ids.new(item.name): item for item in (PARK_SEGMENT, *sorted(segments, key=lambda s: s.vlan))}
    work.zones["operations"] = {"title": "运维管理区", "kind": "management", "mlps_level": 3}
    zones = {}
    for segment, item in parts.items():
        zones[segment] = "operations" if item is PARK_SEGMENT else work.zone_ids.new(segment)
        work.zones.setdefault(
            zones[segment],
            {"title": line_of(item.title or item.name), "kind": "park-service", "mlps_level": 2},
        )
        keep(work, f"services.{segment}", item)
    servers = [d for d in own if role_of(d.role) == "management-server"]
    for device in servers[:1]:
        named(work, "mgmt-1", device)
    if not servers:
        work.notes.append("no management server was found; the plan has one, mgmt-1")
    vlans = {item.vlan: segment for segment, item in parts.items() if item.vlan}
    rest = [d for d in own if role_of(d.role) not in ("management-server", "edge-gateway", "edge-cloud")]
    endpoints = _endpoints(work, rest, vlans, "services", "svc")
    for device in [*servers[1:], *(d for d in own if role_of(d.role) in ("edge-gateway", "edge-cloud"))]:
        work.notes.append(f"{device.name}: add it below services.nodes with its resources")
    return {
        "title": "园区服务区 park services",
        "kind": "service",
        "switches": max(1, len(switches)),
        "ports": 48,
        "segments": {
            segment: {"zone": zones[segment], "title": line_of(item.title or item.name)}
            for segment, item in parts.items()
        },
        "nodes": {"mgmt-1": {"role": "management-server", "segment": "operations", "title": "运维服务器"}},
        **({"endpoints": endpoints} if endpoints else {}),
    }
