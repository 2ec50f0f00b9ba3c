"""LLDP (IEEE 802.1AB): the neighbours that a device sees, against the cables of the plan."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parkops.model import Sample, Target
from parkops.monitor.probes.agent import ask, walk, words
from parkops.monitor.probes.base import Context, DownError, value
from parkops.monitor.probes.neighbours import Neighbour, Seen, by_netconf

if TYPE_CHECKING:
    from gufo.snmp.aio import SnmpSession

LOCAL_PORT = "1.0.8802.1.1.2.1.3.7.1"  # lldpLocPortTable
REMOTE = "1.0.8802.1.1.2.1.4.1.1"  # lldpRemTable: time mark, local port number, index
PORT_ID, PORT_DESCRIPTION = 3, 4
REMOTE_PORT_ID, REMOTE_PORT_DESCRIPTION, REMOTE_NAME = 7, 8, 9
TOLD = 4  # complaints that a reason names
_NAME = re.compile(r"(?P<kind>[a-z-]+)(?P<number>\d[\d/.:]*)")
COMMAND = "lldpcli -f json show neighbors"


@dataclass(frozen=True, slots=True)
class Cable:
    """What must be seen on an interface."""

    interface: str
    device: str
    port: str
    link: str  # Link.id


async def lldp(target: Target, context: Context) -> Sample:
    """Compare the neighbours with ``cables``; the reason names each link that sees the wrong one.

    ``source`` is snmp (LLDP-MIB), netconf (IEEE 802.1AB or OpenConfig) or lldpcli (over SSH).
    """
    attempt = context.start(target)
    seen = await SOURCES[target.param("source", "snmp")](target, context)
    count = sum(map(len, seen.values()))
    context.step(f"{count} neighbours on {len(seen)} interfaces")
    wanted = cables(target.param("cables"))
    wrong = [what for cable in wanted if (what := _wrong(cable, seen))]
    values = (value("lldp_neighbours", count), value("lldp_wrong_links", len(wrong)))
    if wrong:
        more = f" and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        raise DownError("; ".join(wrong[:TOLD]) + more, values)
    return attempt.up(values=values)


def cables(text: str) -> tuple[Cable, ...]:
    """Read ``interface=device|port|link`` by commas; ValueError for anything else."""
    found = []
    for part in text.split(","):
        interface, equals, far = part.strip().partition("=")
        fields = far.split("|")
        if not equals or not interface or len(fields) != 3 or not all(fields):
            raise ValueError(f"{part.strip()!r} is no cable, expected interface=device|port|link")
        found.append(Cable(interface, *fields))
    return tuple(found)


def _wrong(cable: Cable, seen: Seen) -> str:
    there = seen.get(cable.interface, ())
    if not there:  # agents shorten names as they like
        there = next((found for name, found in seen.items() if _same(name, cable.interface)), ())
    if any(_fits(cable, neighbour) for neighbour in there):
        return ""
    expected = f"expected {cable.device} {cable.port}"
    if not there:
        return f"link {cable.link}: {cable.interface} sees no neighbour, {expected}"
    told = ", ".join(f"{item.system or 'an unnamed system'} {'/'.join(item.ports)}".strip() for item in there)
    return f"link {cable.link}: {cable.interface} sees {told}, {expected}"


def _fits(cable: Cable, neighbour: Neighbour) -> bool:
    system = neighbour.system.partition(".")[0].lower()
    return system == cable.device.lower() and any(_same(port, cable.port) for port in neighbour.ports)


def _same(one: str, other: str) -> bool:
    """Tell whether two names are of one port: GigabitEthernet1/0/1 is Gi1/0/1, and ge-1/0/1 is not."""
    if one.lower() == other.lower():
        return True
    a, b = (_NAME.fullmatch(name.lower()) for name in (one, other))
    if a is None or b is None or a["number"] != b["number"]:
        return False
    return a["kind"].startswith(b["kind"]) or b["kind"].startswith(a["kind"])


async def _snmp(target: Target, context: Context) -> Seen:
    return await ask(target, context, _tables)


async def _tables(session: SnmpSession) -> Seen:
    await session.get("1.3.6.1.2.1.1.3.0")  # an agent that lets nothing be read says so
    ids, descriptions = [await walk(session, f"{LOCAL_PORT}.{n}") for n in (PORT_ID, PORT_DESCRIPTION)]
    columns = [
        await walk(session, f"{REMOTE}.{n}") for n in (REMOTE_NAME, REMOTE_PORT_ID, REMOTE_PORT_DESCRIPTION)
    ]
    found: dict[str, tuple[Neighbour, ...]] = {}
    for index, system in columns[0].items():
        number = index.split(".")[1]
        ports = tuple(dict.fromkeys(filter(None, (words(column.get(index)) for column in columns[1:]))))
        neighbour = Neighbour(words(system), ports)
        # which of the two is the interface's name is the vendor's choice
        for local in {words(ids.get(number)), words(descriptions.get(number))} - {""}:
            found[local] = (*found.get(local, ()), neighbour)
    return found


async def _lldpcli(target: Target, context: Context) -> Seen:
    text = await context.tools.sessions.ssh_command(target, COMMAND, context.timeout_s)
    try:
        interfaces = json.loads(text)["lldp"].get("interface", [])
        found: dict[str, tuple[Neighbour, ...]] = {}
        for entry in interfaces if isinstance(interfaces, list) else [interfaces]:
            ((name, told),) = entry.items()
            found[name] = (*found.get(name, ()), _told(told))
        return found
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise DownError(f"`{COMMAND}` does not answer in JSON") from error


def _told(told: Mapping[str, Any]) -> Neighbour:
    port = told.get("port", {})
    ports = (port.get("id", {}).get("value", ""), port.get("descr", ""))
    return Neighbour(next(iter(told.get("chassis", {})), ""), tuple(dict.fromkeys(filter(None, ports))))


SOURCES: Mapping[str, Callable[[Target, Context], Awaitable[Seen]]] = {
    "snmp": _snmp,
    "netconf": by_netconf,
    "lldpcli": _lldpcli,
}
PORTS: Mapping[str, int] = {"snmp": 161, "netconf": 830, "lldpcli": 22}
