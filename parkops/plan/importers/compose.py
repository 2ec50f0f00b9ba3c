"""A plan from a survey, with the allocations that keep what is in use, and a note on what found no place."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import yaml

from parkops.errors import UsageError
from parkops.plan.check_names import RESERVED
from parkops.plan.importers.sites import park_site, site_of
from parkops.plan.importers.survey import Names, Survey, line_of, role_of
from parkops.plan.importers.work import Work, named, pools_of


@dataclass(frozen=True, slots=True)
class Imported:
    """A plan as plain data, what park.lock must hold, and notes for people."""

    plan: dict[str, Any]
    lock: dict[str, dict[str, int]]
    notes: tuple[str, ...]


def compose(survey: Survey, park_id: str = "imported") -> Imported:
    """Return a plan of all that has a place in one; notes say what has none, and what to look at.

    Raises UsageError when nothing was found that a plan could be made of.
    """
    work = Work(survey, list(survey.unread))
    cores = _backbone_devices(work)
    tenants = _tenants(work)
    if not tenants:
        raise UsageError(
            "there is no tenant with a VLAN", where=survey.title, hint="a plan needs one at least"
        )
    services, public = park_site(work), _public(work)
    pools = pools_of(work)
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


def _backbone_devices(work: Work) -> int:
    """Name the cores and the park's firewall; return how many cores there are."""
    park = [device for device in work.survey.devices if not device.tenant]
    cores = sorted((d for d in park if role_of(d.role) == "core"), key=lambda device: device.name)
    for number, device in enumerate(cores[:4], 1):
        named(work, f"core-{number}", device)
    for device in cores[4:]:
        work.notes.append(f"{device.name}: a fifth core and more have no place")
    firewalls = sorted((d for d in park if role_of(d.role) == "firewall"), key=lambda device: device.name)
    for device in firewalls[:1]:
        named(work, "fw-1", device)
    for device in firewalls[1:]:
        work.notes.append(f"{device.name}: one park firewall was taken; see backbone.firewall for a pair")
    if not cores:
        work.notes.append("no core router was found; the plan has one, core-1")
    return max(1, min(len(cores), 4))


def _tenants(work: Work) -> dict[str, Any]:
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
            named(work, f"{prefix}-bd-1", device)
        for device in sorted(walls, key=lambda device: device.name)[1:]:
            work.notes.append(f"{device.name}: one boundary was taken; see tenants.{tenant}.boundary")
    return found


def _prefix(survey: Survey, tenant: str, prefixes: Names) -> str:
    """Return what the tenant's device names begin with, so that they stay; its key otherwise."""
    heads = Counter(d.name.partition("-")[0] for d in survey.devices if d.tenant == tenant and "-" in d.name)
    head = heads.most_common(1)[0][0].lower() if heads else ""
    usable = re.fullmatch(r"[a-z][a-z0-9]{0,7}", head)
    return prefixes.new(head if usable else tenant)


def _sites(work: Work, key: str, tenant: str, prefix: str) -> dict[str, Any]:
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
        found[site] = site_of(work, segments, devices, f"{tenant}.{site}", f"{prefix}-{site}", name)
    return found


def _public(work: Work) -> dict[str, Any]:
    work.zones["public"] = {"title": "公共服务区", "kind": "public-service", "mlps_level": 2}
    return {
        "title": "园区公共服务网络 public services",
        "kind": "public",
        "mode": "shared",
        "segments": {"public": {"zone": "public", "title": "公共服务"}},
    }


def _exit(work: Work) -> dict[str, Any]:
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


def _flows(work: Work) -> dict[str, Any]:
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
