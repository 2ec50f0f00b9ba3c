"""Checks on switch configurations: VLANs, access ports, rings and the management plane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.bridge import Switch, read
from parkops.assess.context import SWITCHES, Context, plan, ports_of
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.assess.texts import Text, config_of
from parkops.model import Device, PortMode, Role


def _switches(
    context: Context, expected: str, roles: Sequence[str] = SWITCHES
) -> Iterator[tuple[Device, Text, Switch] | Outcome]:
    """Yield (device, text, switch), or the outcome where a switch has no configuration that counts."""
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, "the park has no such switch")
    for device in devices:
        text = config_of(context, device, "xml")
        cited = [plan(device.source, device.name, device.name)]
        switch = _read(text) if text and not text.stale else None
        if text is None:
            yield decided(None, expected, "no configuration was rendered or read", cited, device.name)
        elif text.stale:
            yield decided(
                None, expected, "the configuration was read too long ago", [text.cite(1, "")], device.name
            )
        elif switch is None:
            yield decided(None, expected, "the configuration is no XML", [text.cite(1, "")], device.name)
        else:
            yield device, text, switch


def _read(text: Text) -> Switch | None:
    """Return what a text says, read once."""
    if "switch" not in text.memo:
        text.memo["switch"] = read(text)
    found: Switch | None = text.memo["switch"]
    return found


def access_profiles(context: Context) -> Iterator[Outcome]:
    """Decide whether every access port carries the VLAN of the segment that the plan gives it."""
    expected = "the planned VLAN on every access port"
    for item in _switches(context, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text, switch = item
        wanted = {port.name: port.pvid for port in ports_of(device, PortMode.ACCESS)}
        ports = switch.ports
        bad = {name for name, pvid in wanted.items() if name not in ports or ports[name].pvid != pvid}
        found = [ports[name] for name in wanted if name in ports]
        cited = [text.cite(port.line, f"{port.name}: pvid {port.pvid}") for port in found]
        actual = f"{len(wanted) - len(bad)} of {len(wanted)} ports" + (
            f"; wrong: {listed(bad)}" if bad else ""
        )
        yield decided(not bad, expected, actual, cited or [text.cite(1, "no access port")], device.name)


def vlans_match_plan(context: Context) -> Iterator[Outcome]:
    """Decide whether the VLANs on each switch are those of the plan, all of its own owner's zones."""
    expected = "the planned VLANs, and no other"
    for item in _switches(context, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text, switch = item
        wanted, have = {vid for vid, _ in device.vlans}, set(switch.vlans) - {1}
        foreign, missing = have - wanted, wanted - have
        there = [segment for vid in have for segment in context.segments_by_vlan.get(vid, ())]
        strangers = {segment.id for segment in there if segment.tenant != device.tenant}
        actual = f"{len(have & wanted)} of {len(wanted)} there, {len(foreign)} unplanned"
        actual += f"; of another owner: {listed(strangers)}" if strangers else ""
        cited = [text.cite(switch.vlans[vid], f"VLAN {vid}") for vid in sorted(have)]
        held = not foreign and not missing and not strangers
        yield decided(held, expected, actual, cited or [text.cite(1, "no VLAN")], device.name)


def unused_ports_shut(context: Context) -> Iterator[Outcome]:
    """Decide whether ports that the plan leaves unused are shut and belong to no VLAN."""
    expected = "unused ports shut and outside every VLAN"
    for item in _switches(context, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text, switch = item
        unused = [*(port.name for port in ports_of(device, PortMode.UNUSED)), *device.unused]
        found = [switch.ports[name] for name in unused if name in switch.ports]
        bad = {p.name for p in found if p.enabled or p.bridged} | (set(unused) - {p.name for p in found})
        actual = f"{len(unused) - len(bad)} of {len(unused)} shut" + (f"; open: {listed(bad)}" if bad else "")
        cited = [text.cite(p.line, f"{p.name}: enabled {str(p.enabled).lower()}") for p in found]
        yield decided(not bad, expected, actual, cited or [text.cite(1, "no unused port")], device.name)


def single_untagged(context: Context) -> Iterator[Outcome]:
    """Decide whether no port carries two VLANs untagged, and access ports refuse tagged frames.

    A port that says nothing admits all frames (the default of the model).
    """
    expected = "at most one untagged VLAN on a port, and untagged frames only on access ports"
    for item in _switches(context, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text, switch = item
        untagged: dict[int, list[int]] = {}
        for vid, members in switch.members.items():
            for number, bare in members.items():
                if bare:
                    untagged.setdefault(number, []).append(vid)
        bad = {f"p{number}" for number, vids in untagged.items() if len(vids) > 1}
        wanted = [p.name for p in ports_of(device, PortMode.ACCESS) if p.name in switch.ports]
        bad |= {name for name in wanted if switch.ports[name].frames in ("", "admit-all-frames")}
        ports = [switch.ports[name] for name in wanted]
        cited = [text.cite(p.line, f"{p.name}: {p.frames or 'frames not limited'}") for p in ports]
        actual = f"{len(wanted)} access ports" + (f"; wrong: {listed(bad)}" if bad else ", all in order")
        yield decided(not bad, expected, actual, cited or [text.cite(1, "no access port")], device.name)


def ring_protocol(context: Context) -> Iterator[Outcome]:
    """Decide whether ring switches run a spanning tree (IEEE 802.1Q clause 13) with their ring ports open."""
    expected = "RSTP on the bridge and both ring ports open"
    for item in _switches(context, expected, (Role.RING_SWITCH,)):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text, switch = item
        ring = [port.name for port in device.interfaces if port.ring]
        open_ports = [name for name in ring if name in switch.ports and switch.ports[name].enabled]
        held = switch.rstp_line > 0 and len(open_ports) == len(ring) >= 2
        actual = (
            f"{'rstp' if switch.rstp_line else 'no rstp'}, {len(open_ports)} of {len(ring)} ring ports open"
        )
        cited = [text.cite(switch.rstp_line or 1, "rstp" if switch.rstp_line else "no rstp")]
        cited += [text.cite(switch.ports[name].line, name) for name in open_ports]
        yield decided(held, expected, actual, cited, device.name)


def management_port_only(context: Context) -> Iterator[Outcome]:
    """Decide whether no data port of a switch has an address, so that it is managed out of band alone."""
    expected = "no address on a data port: NETCONF answers on the management port alone"
    for item in _switches(context, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text, switch = item
        bad = [port for port in switch.ports.values() if port.addresses and port.name != "eth0"]
        cited = [text.cite(p.line, f"{p.name}: {', '.join(p.addresses)}") for p in bad]
        cited = cited or [text.cite(1, f"{len(switch.ports)} ports without address")]
        cited.append(plan(device.source, f"management address {device.management_ipv4}", device.name))
        yield decided(not bad, expected, f"{len(bad)} data ports have one", cited, device.name)
