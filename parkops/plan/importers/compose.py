"""A plan from a survey, with the allocations that keep what is in use, and a note on what found no place."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Any

import yaml

from parkops.errors import UsageError
from parkops.plan.check_names import RESERVED
from parkops.plan.importers.survey import ELEMENTS, Found, FoundSegment, Names, Survey, line_of, role_of
from parkops.plan.limits import FIRST_HOST, LAST_HOST

PRIVATE6 = "fd00:16::/32"
OWN_ZONES = ("internet", "operations", "public")
PARK_SEGMENT = FoundSegment("operations", 0, zone="operations", title="运维管理")


@dataclass(frozen=True, slots=True)
class Imported:
    """A plan as plain data, what park.lock must hold, and notes for people."""

    plan: dict[str, Any]
    lock: dict[str, dict[str, int]]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Work:
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


def compose(survey: Survey, park_id: str = "imported") -> Imported:
    """Return a plan of all that has a place in one; notes say what has none, and what to look at.

    Raises UsageError when nothing was found that a plan could be made of.
    """
    work = _Work(survey, list(survey.unread))
    cores = _backbone_devices(work)
    tenants = _tenants(work)
    if not tenants:
        raise UsageError(
            "there is no tenant with a VLAN", where=survey.title, hint="a plan needs one at least"
        )
    services, public = _park_site(work), _public(work)
    pools = _pools(work)
    plan = {
        "park": {"id": park_id, "title": survey.title, "operator": survey.title},
        "access": {"key": "file:keys/parkops", "known_hosts": "known_hosts"},
        "pools": pools,
        "zones": {
            **work.zones,
            "internet": {"title": "互联网 Internet", "kind": "external", "mlps_level": 1},
        },
        "backbone": {"cores": {"count": cores}, "exit": _exit(work)},
        "services": services,
        "public": public,
        "tenants": tenants,
        **({"devices": work.devices} if work.devices else {}),
        "flows": _flows(work),
        "management": dict.fromkeys(("ntp", "syslog", "monitoring"), "mgmt-1"),
    }
    work.notes.append("flows: no source tells which traffic is meant; all else is dropped until you add it")
    lock = {name: dict(pool) for name, pool in work.lock.items()}
    return Imported(plan, lock, tuple(line_of(note) for note in work.notes))


def plan_text(imported: Imported, source: str) -> str:
    """Return park.yaml: the plan, below it the notes as comments."""
    head = f"# Imported from {source}. Read the notes at the end, then `parkops validate`.\n"
    body = yaml.safe_dump(imported.plan, allow_unicode=True, sort_keys=False, width=110)
    notes = "".join(f"# - {line_of(note)}\n" for note in imported.notes)
    return f"{head}{body}\n# What found no place, and what to look at:\n{notes}"


def _backbone_devices(work: _Work) -> int:
    """Name the cores and the park's firewall; return how many cores there are."""
    park = [device for device in work.survey.devices if not device.tenant]
    cores = sorted((d for d in park if role_of(d.role) == "core"), key=lambda device: device.name)
    for number, device in enumerate(cores[:4], 1):
        _named(work, f"core-{number}", device)
    for device in cores[4:]:
        work.notes.append(f"{device.name}: a fifth core and more have no place")
    firewalls = sorted((d for d in park if role_of(d.role) == "firewall"), key=lambda device: device.name)
    for device in firewalls[:1]:
        _named(work, "fw-1", device)
    for device in firewalls[1:]:
        work.notes.append(f"{device.name}: one park firewall was taken; see backbone.firewall for a pair")
    if not cores:
        work.notes.append("no core router was found; the plan has one, core-1")
    return max(1, min(len(cores), 4))


def _named(work: _Work, name: str, device: Found) -> None:
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


def _tenants(work: _Work) -> dict[str, Any]:
    survey, ids, prefixes = work.survey, Names("tenant"), Names("t", longest=8, taken=RESERVED, join="")
    found: dict[str, Any] = {}
    for key, title in sorted(survey.tenants.items()):
        tenant, prefix = ids.of(key), _prefix(survey, key, prefixes)
        sites = _sites(work, key, tenant, prefix)
        if not sites:
            work.notes.append(f"tenant {title}: no VLAN of it was found, so that it has no place")
            continue
        found[tenant] = {"title": title, "prefix": prefix, "sites": sites}
        walls = [d for d in survey.devices if d.tenant == key and role_of(d.role) in ("firewall", "core")]
        for device in sorted(walls, key=lambda device: device.name)[:1]:
            _named(work, f"{prefix}-bd-1", device)
        for device in sorted(walls, key=lambda device: device.name)[1:]:
            work.notes.append(f"{device.name}: one boundary was taken; see tenants.{tenant}.boundary")
    return found


def _prefix(survey: Survey, tenant: str, prefixes: Names) -> str:
    """Return what the tenant's device names begin with, so that they stay; its key otherwise."""
    heads = Counter(d.name.partition("-")[0] for d in survey.devices if d.tenant == tenant and "-" in d.name)
    head = heads.most_common(1)[0][0].lower() if heads else ""
    usable = re.fullmatch(r"[a-z][a-z0-9]{0,7}", head)
    return prefixes.new(head if usable else tenant)


def _sites(work: _Work, key: str, tenant: str, prefix: str) -> dict[str, Any]:
    survey, ids = work.survey, Names("site")
    names = {item.site for item in survey.segments if item.tenant == key}
    names |= {item.site for item in survey.devices if item.tenant == key}
    found = {}
    for name in sorted(names):
        segments = [s for s in survey.segments if s.tenant == key and s.site == name]
        devices = [d for d in survey.devices if d.tenant == key and d.site == name]
        if not segments:
            rest = [d.name for d in devices if role_of(d.role) not in ("firewall", "core")]
            if rest:
                work.notes.append(f"{', '.join(rest)}: no VLAN of {name or 'no site'} is known")
            continue
        site = ids.of(name)
        found[site] = _site(work, segments, devices, f"{tenant}.{site}", f"{prefix}-{site}", name)
    return found


def _site(
    work: _Work, segments: list[FoundSegment], devices: list[Found], path: str, prefix: str, name: str
) -> dict[str, Any]:
    switches = sorted((d for d in devices if role_of(d.role) == "switch"), key=lambda device: device.name)
    for number, device in enumerate(switches, 1):
        _named(work, f"{prefix}-sw-{number}", device)
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
        _keep(work, f"{path}.{segment}", item)
    vlans = {item.vlan: segment for segment, item in parts.items()}
    endpoints = _endpoints(work, devices, vlans, path, prefix)
    return {**site, **({"endpoints": endpoints} if endpoints else {})}


def _ring(survey: Survey, names: set[str]) -> bool:
    """Return whether the switches' cables close a ring: each has two others of them as neighbours."""
    cables = {frozenset(cable) for cable in survey.cables if set(cable) <= names and len(set(cable)) == 2}
    degrees = Counter(name for cable in cables for name in cable)
    return len(degrees) == len(names) and set(degrees.values()) == {2}


def _zone(work: _Work, path: str, item: FoundSegment, industrial: bool) -> str:
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


def _keep(work: _Work, segment: str, item: FoundSegment) -> None:
    """Keep a segment's VLAN and its prefixes where the allocations can hold them."""
    if 2 <= item.vlan <= 4094 and item.vlan not in work.lock["vlans"].values():
        work.lock["vlans"][segment] = item.vlan
    elif item.vlan:
        work.notes.append(f"{segment}: VLAN {item.vlan} is used twice or cannot be kept; it gets another one")
    for text, length, kept in ((item.ipv4, 24, work.kept4), (item.ipv6, 64, work.kept6)):
        if not text:
            continue
        network = ip_network(text, strict=False)
        if network.prefixlen == length and network.is_private:
            kept.append((segment, network))  # type: ignore[arg-type]  # the length tells the family
        else:
            work.notes.append(f"{segment}: {text} is no private /{length}; it gets another prefix")


def _endpoints(
    work: _Work, devices: Iterable[Found], vlans: Mapping[int, str], path: str, prefix: str
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


def _park_site(work: _Work) -> dict[str, Any]:
    """Return the park's services: the management server and the park's own VLANs."""
    own = [d for d in work.survey.devices if not d.tenant]
    segments = [s for s in work.survey.segments if not s.tenant]
    switches = [d for d in own if role_of(d.role) == "switch"]
    ordered = sorted(switches, key=lambda device: (not device.name.startswith("svc-"), device.name))
    for number, device in enumerate(ordered, 1):
        _named(work, f"svc-sw-{number}", device)
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
        _keep(work, f"services.{segment}", item)
    servers = [d for d in own if role_of(d.role) == "management-server"]
    for device in servers[:1]:
        _named(work, "mgmt-1", device)
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


def _public(work: _Work) -> dict[str, Any]:
    work.zones["public"] = {"title": "公共服务区", "kind": "public-service", "mlps_level": 2}
    return {
        "title": "园区公共服务网络 public services",
        "kind": "public",
        "mode": "shared",
        "segments": {"public": {"zone": "public", "title": "公共服务"}},
    }


def _exit(work: _Work) -> dict[str, Any]:
    ids = Names("line")
    circuits = {
        ids.of(name): {"operator": operator, "bandwidth_mbps": max(1, rate)}
        for name, operator, rate in work.survey.circuits
    }
    if not circuits:
        circuits = {"line-1": {"operator": "to be named", "bandwidth_mbps": 100}}
        work.notes.append("no circuit was found; backbone.exit has a line that stands for one")
    work.notes.append("backbone.exit: put in the transfer networks of your operator")
    return {
        "circuits": circuits,
        "outside_ipv4": "203.0.113.0/30",
        "outside_ipv6": "2001:db8:ffff::/64",
    }


def _flows(work: _Work) -> dict[str, Any]:
    offices = sorted(name for name, zone in work.zones.items() if zone["kind"] == "enterprise")
    start = offices[0] if offices else "operations"
    return {
        "example": {
            "from": start,
            "to": "internet",
            "service": ["tcp/443"],
            "reason": "example, to be replaced",
            "owner": "to be named",
            "traffic": "internet",
        }
    }


def _pools(work: _Work) -> dict[str, Any]:
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


def _pool4(work: _Work) -> IPv4Network:
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


def _pool6(work: _Work) -> IPv6Network:
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


def _hosts(work: _Work) -> None:
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


def _management(work: _Work) -> str:
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
