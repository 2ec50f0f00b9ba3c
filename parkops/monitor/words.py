"""Says what an event is in the words of people: one line, and what is lost with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from parkops.model import Event, Target

SERVICES = {
    "tcp": "a service", "ssh": "SSH", "netconf": "NETCONF", "mqtt": "the MQTT broker", "opcua": "OPC UA",
    "http": "a web service", "https": "a web service", "tls": "a TLS service", "ntp": "the time server",
    "dns": "the name server", "radius": "the RADIUS server", "modbus": "Modbus", "snmp": "SNMP",
    "gnmi": "gNMI",
}  # fmt: skip


def headline(event: Event, target: Target | None) -> str:
    """Return what is wrong, where, and what was seen."""
    if target is None:
        return f"{event.device or event.target}: {event.cause}"
    where = _where(event, target)
    return f"{where}: {event.cause}"


def _where(event: Event, target: Target) -> str:
    flow = target.param("flow")
    if target.param("expect") == "blocked":
        ends = f"from {target.vantage or 'here'} to {target.device}"
        return f"what the plan forbids passes, {ends} port {target.port}"
    if target.vantage:
        what = f"flow {flow}" if flow else "traffic"
        ends = f"{target.vantage} to {target.device}"
        state = "fails" if event.kind == "outage" else "suffers"
        return f"{what} from {ends} {state}"
    if event.kind != "outage":
        return target.device if target.is_device else target.id
    if target.probe == "icmp":
        return f"{target.device if target.is_device else target.address} does not answer"
    if target.probe == "link":
        name = target.param("link") or target.param("interface")
        return f"cable {name} is down at {target.device} {target.param('interface')}"
    return f"{SERVICES.get(target.probe, target.probe)} on {target.device} fails"


def lost_with(children: Iterable[Event], targets: dict[str, Target]) -> str:
    """Return what an event's consequences are, in numbers; "" when there are none."""
    counts: Counter[str] = Counter()
    for child in children:
        target = targets.get(child.target)
        if target is None or child.kind != "outage":
            counts["signal" if child.kind == "signal" else "figure"] += 1
        elif target.vantage:
            counts["flow"] += 1
        else:
            counts["device" if target.is_device else "cable" if target.probe == "link" else "service"] += 1
    said = [f"{n} {name}{'s' if n > 1 else ''}" for name, n in sorted(counts.items())]
    return f"with it: {', '.join(said)}" if said else ""
