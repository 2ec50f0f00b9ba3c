"""Links: the operational state of interfaces, as their own device reports it."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from parkops.errors import DeviceError
from parkops.model import Sample, Target
from parkops.monitor.probes.agent import Cell, ask, walk, words
from parkops.monitor.probes.base import Context, DownError, UnableError, explain
from parkops.monitor.probes.http import get
from parkops.transport.netconf import NetconfSession

if TYPE_CHECKING:
    from gufo.snmp.aio import SnmpSession

States = Mapping[str, str]  # interface -> up | down | ...
Source = Callable[[Target, Context], Awaitable[States]]

INTERFACES = "urn:ietf:params:xml:ns:yang:ietf-interfaces"  # RFC 7223, interfaces-state
INTERFACES_STATE = (
    f'<interfaces-state xmlns="{INTERFACES}"><interface><name/><oper-status/></interface></interfaces-state>'
)
UPTIME = "1.3.6.1.2.1.1.3.0"
IF_NAME, IF_DESCRIPTION = "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.2.2.1.2"  # RFC 2863
IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
OPER_STATUS: Mapping[Cell, str] = {
    1: "up", 2: "down", 3: "testing", 4: "unknown", 5: "dormant", 6: "not present", 7: "lower layer down",
}  # fmt: skip
_UP = re.compile(r'^node_network_up\{device="([^"]+)"\} (\d)', re.MULTILINE)


async def _netconf(target: Target, context: Context) -> States:
    return await context.tools.sessions.netconf(target, _interfaces_state, context.timeout_s)


def _interfaces_state(session: NetconfSession) -> States:
    from lxml import etree

    tree = etree.fromstring(session.get(INTERFACES_STATE))
    found = tree.iterfind(f".//{{{INTERFACES}}}interfaces-state/{{{INTERFACES}}}interface")
    names = {"name": f"{{{INTERFACES}}}name", "state": f"{{{INTERFACES}}}oper-status"}
    return {entry.findtext(names["name"], ""): entry.findtext(names["state"], "unknown") for entry in found}


async def _node_exporter(target: Target, context: Context) -> States:
    answer = await get(target, target.port, "/metrics")
    if answer.status != 200:
        raise DownError(f"node_exporter answers with HTTP status {answer.status}")
    found = _UP.findall(answer.body.decode("utf-8", "replace"))
    return {name: "up" if up == "1" else "down" for name, up in found}


async def _frr(target: Target, context: Context) -> States:
    text = await context.tools.sessions.ssh_command(target, "show interface json", context.timeout_s)
    try:
        interfaces = json.loads(text)
        # FRR 8.4 tells no operational status of an interface that is administratively down
        return {name: entry.get("operationalStatus", "down") for name, entry in interfaces.items()}
    except (ValueError, AttributeError) as error:
        raise DownError("`show interface json` does not answer in JSON") from error


async def _snmp(target: Target, context: Context) -> States:
    return await ask(target, context, _if_table)


async def _if_table(session: SnmpSession) -> States:
    await session.get(UPTIME)  # an agent that lets nothing be read says so
    states = await walk(session, IF_OPER_STATUS)
    told = {index: OPER_STATUS.get(state, "unknown") for index, state in states.items()}
    found: dict[str, str] = {}
    for column in (IF_DESCRIPTION, IF_NAME):  # the whole name is in one or the other, by the vendor's choice
        for index, name in (await walk(session, column)).items():
            found[words(name)] = told.get(index, "unknown")
    return found


SOURCES: Mapping[str, Source] = {
    "netconf": _netconf,
    "node_exporter": _node_exporter,
    "frr": _frr,
    "snmp": _snmp,
}
PORTS: Mapping[str, int] = {"netconf": 830, "node_exporter": 9100, "frr": 22, "snmp": 161}


async def link(target: Target, context: Context) -> Sample:
    """Read the state of ``interface`` (one or several, by commas); all of them must be up.

    All link targets of a device share one read. A device that cannot be read leaves its links unknown.
    """
    attempt = context.start(target)
    states = await _states(target, context)
    context.step(f"{target.device} tells of {len(states)} interfaces")
    for name in interfaces(target.param("interface")):
        state = states.get(name, "not present")
        if state != "up":  # netconfd 2.13 says "unknown" for Linux's lowerlayerdown
            raise DownError(f"{name} of {target.device} is {state}")
    return attempt.up()


async def _states(target: Target, context: Context) -> States:
    source = target.param("source", "netconf")
    key = ("link", source, target.address, target.port)
    try:
        return await context.tools.reads.get(key, lambda: SOURCES[source](target, context), context.timeout_s)
    except TimeoutError as error:
        what = f"no answer within {context.timeout_s:g} s"
        raise UnableError(f"cannot read the interfaces of {target.device}: {what}") from error
    except OSError as error:
        raise UnableError(f"cannot read the interfaces of {target.device}: {explain(error)}") from error
    except (DownError, DeviceError) as error:
        raise UnableError(f"cannot read the interfaces of {target.device}: {error}") from error


def interfaces(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list; ValueError when it is empty."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ValueError("names no interface")
    return names
