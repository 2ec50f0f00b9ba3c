"""Checks on how managed nodes are hardened: SSH, time, logs, brokers and encryption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import ENFORCEMENT, SWITCHES, Context, plan
from parkops.assess.nftables import accepting
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.assess.texts import (
    CHRONY,
    MOSQUITTO,
    NFTABLES_NODES,
    RSYSLOG,
    SSHD,
    Text,
    config_of,
    file_of,
    ruleset_of,
)
from parkops.model import Device, Evidence, Role

LINUX = (
    Role.PARK_FIREWALL,
    Role.BOUNDARY,
    Role.EDGE_GATEWAY,
    Role.EDGE_CLOUD,
    Role.IDENTIFIER,
    Role.MANAGEMENT,
)


def nodes(context: Context, roles: Sequence[str]) -> tuple[Device, ...]:
    """Return the devices of some roles that these checks can read; `config-holds` judges the others."""
    return tuple(d for d in context.devices(*roles) if d.platform in NFTABLES_NODES or d.role in SWITCHES)


def _files(
    context: Context, roles: Sequence[str], destination: str, expected: str
) -> Iterator[tuple[Device, Text] | Outcome]:
    """Yield (device, file), or the outcome where a node lacks the file or it was read too long ago."""
    devices = nodes(context, roles)
    if not devices:
        yield not_applicable(expected, "the park has no such node")
    for device in devices:
        text = file_of(context, device, destination)
        cited = [plan(device.source, device.name, device.name)]
        if text is not None and text.stale:
            yield decided(
                None, expected, "the configuration was read too long ago", [text.cite(1, "")], device.name
            )
        elif text is not None:
            yield device, text
        else:
            read = device.name in context.running or device.name in context.artifacts
            actual = f"no {destination}" if read else "no configuration was rendered or read"
            yield decided(False if read else None, expected, actual, cited, device.name)


def sshd_hardened(context: Context, lines: Sequence[str], roles: Sequence[str] = LINUX) -> Iterator[Outcome]:
    """Decide whether the SSH server of Linux nodes is told each of ``lines`` (case is ignored)."""
    expected = "; ".join(lines)
    for item in _files(context, roles, SSHD, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        have = {" ".join(line.lower().split()): number for number, line in text.lines()}
        missing = [line for line in lines if line.lower() not in have]
        cited = [text.cite(have[line.lower()], line) for line in lines if line.lower() in have]
        actual = f"missing: {listed(missing)}" if missing else "all there"
        yield decided(not missing, expected, actual, cited or [text.cite(1, "none of them")], device.name)


def time_synchronised(context: Context, roles: Sequence[str] = LINUX) -> Iterator[Outcome]:
    """Decide whether nodes are told a time source (RFC 5905)."""
    expected = "an NTP server, or a local reference on the park's own time server"
    for item in _files(context, roles, CHRONY, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        found = text.find("server ", "pool ", "peer ")
        if found is None and any(service.kind in ("ntp", "chrony") for service in device.services):
            found = text.find("local ")
        cited = [text.cite(*found)] if found else [text.cite(1, "no server")]
        yield decided(found is not None, expected, found[1] if found else "none", cited, device.name)


def syslog_target(context: Context, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether devices send their logs to the park's collector (RFC 5424)."""
    collectors = {d.name for d in context.park.devices if any(s.kind == "syslog" for s in d.services)}
    expected = "logs sent to the collector of the park"
    devices = nodes(context, roles)
    if not devices:
        yield not_applicable(expected, "the park has no such device")
    for device in devices:
        yield _syslog(context, device, collectors, expected)


def _syslog(context: Context, device: Device, collectors: set[str], expected: str) -> Outcome:
    if device.name in collectors:
        cited = [plan(device.source, "the collector itself", device.name)]
        return decided(True, expected, "it is the collector", cited, device.name)
    text, found = _log_setting(context, device)
    if text is None:
        cited = [plan(device.source, device.name, device.name)]
        return decided(None, expected, "no configuration was rendered or read", cited, device.name)
    if text.stale:
        return decided(
            None, expected, "the configuration was read too long ago", [text.cite(1, "")], device.name
        )
    cited = [text.cite(*found) if found else text.cite(1, "nothing about a log target")]
    if found and found[1].startswith("log syslog"):
        actual = "it logs to its local syslog, whose forwarding is not managed"
        return decided(None, expected, actual, cited, device.name)
    if not found and device.role in SWITCHES:
        return decided(None, expected, "the part of it that parkops reads says nothing", cited, device.name)
    return decided(found is not None, expected, found[1] if found else "no log target", cited, device.name)


def _log_setting(context: Context, device: Device) -> tuple[Text | None, tuple[int, str] | None]:
    """Return the text that would hold a device's log target, and the line that does."""
    if device.role in LINUX:
        text = file_of(context, device, RSYSLOG)
        forward = ("omfwd", "@@", "@")
        found = (
            next(((n, s) for n, s in text.lines() if any(w in s for w in forward)), None) if text else None
        )
        if text is None and (running := context.running.get(device.name)):
            text = Text(device.name, RSYSLOG, "", running.time_s, not context.fresh(running.time_s, 86_400))
        return text, found
    if device.role in SWITCHES:
        text = config_of(context, device, "xml")
        marks = ("ietf-syslog", "openconfig-system", "<syslog")
        return text, next(
            ((n, s) for n, s in text.lines() if any(m in s for m in marks)), None
        ) if text else None
    text = config_of(context, device, "frr")
    return text, text.find("log host", "log syslog") if text else None


def broker_secured(context: Context) -> Iterator[Outcome]:
    """Decide whether the brokers of edge gateways refuse strangers and encrypt (MQTT 5.0 clause 5.4)."""
    expected = "TLS on every listener and no anonymous client"
    for item in _files(context, (Role.EDGE_GATEWAY,), MOSQUITTO, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        lines = list(text.lines())
        listeners = [(n, s) for n, s in lines if s.startswith("listener ")]
        open_ones = [(n, s) for n, s in listeners if "127.0.0.1" not in s and not s.startswith("listener 0")]
        tls = sum(line.startswith("certfile ") for _, line in lines) >= max(len(open_ones), 1)
        named = any(line == "allow_anonymous false" for _, line in lines)
        actual = f"{'TLS' if tls else 'no TLS'}, {'named clients' if named else 'anonymous clients'}"
        cited = [text.cite(n, s) for n, s in listeners] or [text.cite(1, "no listener")]
        yield decided(tls and named, expected, actual, cited, device.name)


def encrypted_crossings(
    context: Context, plaintext: dict[int, str], roles: Sequence[str] = ENFORCEMENT
) -> Iterator[Outcome]:
    """Decide whether no rule lets a plaintext service (``plaintext``: port -> name) cross a zone boundary."""
    expected = "no plaintext service across zones"
    devices = nodes(context, roles)
    if not devices:
        yield not_applicable(expected, "the park has no enforcement point")
    for device in devices:
        text = ruleset_of(context, device)
        if text is None or text.stale:
            cited = [plan(device.source, device.name, device.name)]
            yield decided(None, expected, "no packet filter was read, or too long ago", cited, device.name)
            continue
        bad = [(r, p) for r in accepting(text, "forward") for p in sorted(r.ports) if p in plaintext]
        names = listed(f"{plaintext[port]} ({port})" for _, port in bad)
        evidence: list[Evidence] = [text.cite(rule.line, rule.text) for rule, _ in bad]
        yield decided(not bad, expected, names, evidence or [text.cite(1, "no such rule")], device.name)
