"""Reads a park out of NetBox, 3.x and 4.x, through its REST API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from parkops.errors import MachineError, UsageError
from parkops.plan.importers.survey import Found, FoundSegment, Survey

Raw = Mapping[str, Any]
TIMEOUT_S = 30.0


def read_netbox(url: str, token: str, site: str = "") -> Survey:
    """Return what NetBox knows (of one site's slug, or of all).

    Raises MachineError where pynetbox is missing, UsageError when NetBox does not answer or refuses.
    """
    try:
        import pynetbox
        import requests
    except ImportError as error:
        raise MachineError(
            "pynetbox is not installed", hint="pip install 'parkops[netbox]' adds it"
        ) from error
    api = pynetbox.api(url, token=token or None)
    api.http_session = _session(requests)
    try:
        tables = {name: _all(api, name, site) for name in TABLES}
    except pynetbox.RequestError as error:
        hint = "check the token and its permissions" if error.req.status_code in (401, 403) else ""
        raise UsageError(f"NetBox answers {error.error}", where=url, hint=hint) from error
    except requests.RequestException as error:
        raise UsageError(f"NetBox does not answer: {error}", where=url) from error
    except (pynetbox.ContentError, ValueError) as error:
        raise UsageError(
            "what answers is no NetBox", where=url, hint="give the address without /api"
        ) from error
    return survey(tables, url)


TABLES = {  # path of the API -> whether it can be asked for one site
    "tenancy.tenants": False,
    "dcim.sites": False,
    "dcim.devices": True,
    "dcim.interfaces": True,
    "dcim.cables": True,
    "ipam.vlans": True,
    "ipam.prefixes": False,
    "ipam.ip_addresses": False,
    "circuits.circuits": False,
}


def _session(requests: Any) -> Any:
    """Return a session with a time limit; pynetbox has none of its own."""

    class Limited(requests.Session):  # type: ignore[misc]  # a class that is only there with the extra
        def send(self, request: Any, **options: Any) -> Any:
            return super().send(request, **{**options, "timeout": options.get("timeout") or TIMEOUT_S})

    return Limited()


def _all(api: Any, name: str, site: str) -> list[Raw]:
    app, _, table = name.partition(".")
    endpoint = getattr(getattr(api, app), table)
    records = endpoint.filter(site=site) if site and TABLES[name] else endpoint.all()
    return [dict(record) for record in records]


def survey(tables: Mapping[str, Iterable[Raw]], source: str) -> Survey:
    """Return a survey of NetBox's records, by the path of their table."""
    unread: list[str] = []
    vlans = list(tables["ipam.vlans"])
    ports = list(tables["dcim.interfaces"])
    hangs = _hangs(ports, list(tables["ipam.ip_addresses"]), list(tables["ipam.prefixes"]))
    addresses = _addresses(list(tables["ipam.ip_addresses"]))
    segments = tuple(_segment(vlan, list(tables["ipam.prefixes"])) for vlan in vlans)
    known = {segment.vlan for segment in segments}
    for prefix in tables["ipam.prefixes"]:
        if not prefix.get("vlan") and not _is_container(prefix):
            unread.append(f"prefix {prefix['prefix']}: it belongs to no VLAN")
    devices = []
    for raw in tables["dcim.devices"]:
        device = _device(raw, hangs, addresses)
        if device.name:
            devices.append(device)
        else:
            unread.append(f"device {raw['id']}: it has no name")
        if device.vlan and device.vlan not in known:
            unread.append(f"{device.name}: VLAN {device.vlan} is not in NetBox's VLANs")
    return Survey(
        title=f"NetBox {source}",
        tenants={raw["slug"]: raw["name"] for raw in tables["tenancy.tenants"]},
        sites={raw["slug"]: raw["name"] for raw in tables["dcim.sites"]},
        devices=tuple(devices),
        segments=segments,
        cables=tuple(_cables(tables["dcim.cables"])),
        circuits=tuple(
            (raw["cid"], _name(raw.get("provider")), int(raw.get("commit_rate") or 100_000) // 1000)
            for raw in tables["circuits.circuits"]
        ),
        unread=tuple(unread),
    )


def _slug(part: Any) -> str:
    return part.get("slug", "") if isinstance(part, Mapping) else ""


def _name(part: Any) -> str:
    return (part.get("name") or part.get("display") or "") if isinstance(part, Mapping) else ""


def _is_container(prefix: Raw) -> bool:
    status = prefix.get("status")
    return isinstance(status, Mapping) and status.get("value") == "container"


def _segment(vlan: Raw, prefixes: Iterable[Raw]) -> FoundSegment:
    mine = [
        p["prefix"] for p in prefixes if isinstance(p.get("vlan"), Mapping) and p["vlan"]["id"] == vlan["id"]
    ]
    return FoundSegment(
        name=vlan["name"],
        vlan=vlan["vid"],
        tenant=_slug(vlan.get("tenant")),
        site=_slug(vlan.get("site")) or _slug(vlan.get("group")),
        zone=_slug(vlan.get("role")),
        ipv4=next((text for text in mine if ":" not in text), ""),
        ipv6=next((text for text in mine if ":" in text), ""),
        title=vlan.get("description") or vlan["name"],
    )


def _hangs(ports: Iterable[Raw], addresses: Iterable[Raw], prefixes: Iterable[Raw]) -> dict[int, int]:
    """Return the VLAN that each device (by id) hangs on: of its port, else of its address's prefix."""
    from ipaddress import ip_interface, ip_network

    networks = [(ip_network(p["prefix"]), p["vlan"]["vid"]) for p in prefixes if p.get("vlan")]
    found: dict[int, int] = {}
    for address in addresses:
        owner = _owner(address)
        inside = ip_interface(address["address"]).ip
        for network, vid in networks:
            if owner and network.version == inside.version and inside in network:
                found.setdefault(owner, vid)
    for port in ports:
        if port.get("untagged_vlan") and port.get("device"):
            found[port["device"]["id"]] = port["untagged_vlan"]["vid"]
    return found


def _owner(address: Raw) -> int | None:
    """Return the id of the device that an address is on."""
    assigned = address.get("assigned_object")
    device = assigned.get("device") if isinstance(assigned, Mapping) else None
    return device["id"] if isinstance(device, Mapping) else None


def _addresses(addresses: Iterable[Raw]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for address in addresses:
        owner = _owner(address)
        if owner and ":" not in address["address"]:
            found.setdefault(owner, []).append(address["address"])
    return found


def _device(raw: Raw, hangs: Mapping[int, int], addresses: Mapping[int, list[str]]) -> Found:
    primary = raw.get("primary_ip4")
    management = primary["address"] if isinstance(primary, Mapping) else ""
    own = addresses.get(raw["id"], [])
    return Found(
        name=raw.get("name") or "",
        role=_slug(raw.get("role") or raw.get("device_role")),  # 4.x and 3.x
        tenant=_slug(raw.get("tenant")),
        site=_slug(raw.get("site")),
        title=raw.get("description") or raw.get("comments") or "",
        platform=_slug(raw.get("platform")),
        model=_name(raw.get("device_type")) or (raw.get("device_type") or {}).get("model", ""),
        management=management,
        vlan=hangs.get(raw["id"], 0),
        address=next((text for text in own if text != management or len(own) == 1), ""),
    )


def _cables(cables: Iterable[Raw]) -> Iterable[tuple[str, str]]:
    for cable in cables:
        ends = [
            end["object"]["device"]["name"]
            for side in ("a_terminations", "b_terminations")
            for end in cable.get(side) or ()
            if isinstance(end.get("object"), Mapping) and end["object"].get("device")
        ]
        if len(ends) == 2:
            yield ends[0], ends[1]
