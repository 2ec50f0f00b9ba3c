"""The park's monitoring: Prometheus, Alertmanager, exporters, dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from parkops.model import Artifact, ArtifactKind, Device, Park, Receiver, SnmpUser, Target
from parkops.platforms import COMMENTS, Platforms
from parkops.render.dashboards import dashboards
from parkops.render.environment import fill
from parkops.render.origin import settle
from parkops.render.promql import one_of, text
from parkops.render.shadows import shadows

if TYPE_CHECKING:
    from parkops.render.devices import Renderer

FILES = (  # file, language
    ("prometheus.yml", "prometheus"),
    ("rules.yml", "prometheus-rules"),
    ("rules.test.yml", "prometheus-tests"),
    ("alertmanager.yml", "alertmanager"),
    ("blackbox.yml", "blackbox"),
    ("targets-node.json", "json"),
)
SNMP_FILES = (("snmp.yml", "snmp"), ("snmp-debian12.yml", "snmp-0.21"))  # the form changed with 0.23
HTTP = {80: "http", 8080: "http", 443: "https", 8443: "https"}  # IANA; other ports are only connected to


def monitoring(park: Park, renderer: Renderer) -> list[Artifact]:
    """Render what a Prometheus of the park's own, and what stands beside it, read."""
    user = _snmp_user(park)
    context = renderer.shared.context() | _context(park, renderer, user)
    found = []
    for name, language in FILES + SNMP_FILES if user else FILES:
        filled = fill(renderer.env, f"monitoring/{name}.j2", context, where="monitoring")
        found.append(_artifact(name, settle(filled, COMMENTS.get(language, "# {}")), language))
    found.append(_artifact("targets-blackbox.json", _rows(_blackbox(park)), "json"))
    if user:
        found.append(_artifact("targets-snmp.json", _rows(_snmp(park, renderer.platforms)), "json"))
    found += [
        _artifact(f"dashboards/{name}.json", told, "grafana")
        for name, told in dashboards(park, renderer.platforms.roots)
    ]
    return found


def _artifact(name: str, told: str, language: str) -> Artifact:
    return Artifact(f"monitoring/{name}", told, ArtifactKind.MONITORING, language)


def _context(park: Park, renderer: Renderer, user: SnmpUser | None) -> dict[str, object]:
    probe = next((target for target in park.targets if target.probe == "icmp"), None)
    goals = renderer.shared.watch.objectives
    return {
        "plane": park.plane,
        "snmp_user": user,
        "tenants": park.tenants,
        "receivers": [("park", ""), *((f"tenant-{tenant.id}", "") for tenant in park.tenants)],
        "notify": [_notify(item) for item in park.policy.receivers if item.kind != "alertmanager"],
        "shadows": [_shadow(node, behind) for node, behind in shadows(park).items()],
        "probe": probe,
        "probe_series": _series(probe) if probe else "",
        "goals": [goal for goal in goals if probe and goal.covers(probe)],
    }


def _series(target: Target) -> str:
    names = ("device", "probe", "tenant", "zone")
    labels = [f"target={text(target.id)}", *(f"{name}={text(getattr(target, name))}" for name in names)]
    return f"parkops_probe_up{{{','.join(labels)}}}"


def _shadow(node: str, behind: tuple[str, ...]) -> dict[str, object]:
    """Return an inhibition: what matches its sources silences what matches its target."""
    kind, _, pair = node.partition(" ")
    lost = ("PairDown", "pair", pair) if kind == "pair" else ("DeviceDown", "device", node)
    sources = [f"alertname={text(lost[0])}", f"{lost[1]}={text(lost[2])}"]
    return {"sources": sources, "target": f"device=~{one_of(behind)}"}


def _notify(receiver: Receiver) -> dict[str, object]:
    """Return a receiver of the plan, with what reaches it of Prometheus' alerts."""
    matchers = ['origin!="parkops"']
    for label, values in (("tenant", receiver.tenants), ("severity", receiver.severities)):
        if values:
            matchers.append(f"{label}=~{one_of(values)}")
    host, _, port = receiver.server.partition(":")
    default = {"tls": 465, "starttls": 587}.get(receiver.tls, 25)
    return {
        "id": receiver.id, "receiver": receiver, "matchers": matchers,
        "smarthost": f"{host}:{port or default}",
    }  # fmt: skip


def _snmp_user(park: Park) -> SnmpUser | None:
    """Return the user that may only read, whom the exporter is."""
    users = park.plane.snmp_users if park.plane else ()
    return next((user for user in users if not user.write), None)


def _snmp(park: Park, platforms: Platforms) -> Iterator[tuple[str, dict[str, str]]]:
    for device in park.managed:
        if device.plane and device.plane.snmp_users and "snmpv3" in platforms.get(device.platform).features:
            yield device.management_address, _labels(device)


def _labels(device: Device) -> dict[str, str]:
    return {"device": device.name, "role": device.role.value, "tenant": device.tenant}


def _blackbox(park: Park) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what the monitor does not probe itself: hosted services, and the far ends of the exits."""
    for service in park.hosted:
        for protocol, port in service.ports:
            if protocol != "tcp" or not service.address:
                continue
            host = f"[{service.address}]" if ":" in service.address else service.address
            module = HTTP.get(port, "tcp")
            address = f"{host}:{port}" if module == "tcp" else f"{module}://{host}:{port}/"
            yield address, {"__param_module": module, "service": service.id, "tenant": service.tenant}
    for path in {
        (path.circuit, path.device, path.next_hop4, path.next_hop6): path for path in park.exits
    }.values():
        for module, address in (("icmp4", path.next_hop4), ("icmp6", path.next_hop6)):
            if address:
                yield (
                    address,
                    {
                        "__param_module": module,
                        "service": path.circuit,
                        "device": path.device,
                        "tenant": path.tenant,
                    },
                )


def _rows(rows: Iterator[tuple[str, dict[str, str]]]) -> str:
    """Return targets for discovery by file, a line each."""
    told: list[dict[str, Any]] = [{"targets": [address], "labels": labels} for address, labels in rows]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in told)
    return f"[\n{lines}\n]\n" if lines else "[]\n"
