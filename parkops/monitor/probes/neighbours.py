"""LLDP neighbours as a device tells them: what one is, and how NETCONF servers tell them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkops.model import Target
from parkops.monitor.probes.base import Context, DownError

if TYPE_CHECKING:
    from lxml.etree import _Element

    from parkops.transport.netconf import NetconfSession


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What is seen on an interface: a system, and the names that it gives its port."""

    system: str
    ports: tuple[str, ...]


Seen = Mapping[str, tuple[Neighbour, ...]]  # local interface -> who is there


@dataclass(frozen=True, slots=True)
class Model:
    """Where a YANG module keeps neighbours: paths of local names below its root, lldp."""

    namespace: str
    filter: str
    interface: str
    neighbour: str
    ports: tuple[str, ...]


MODELS: Mapping[str, Model] = {
    "ieee802-dot1ab-lldp": Model(  # IEEE 802.1ABcu
        "urn:ieee:std:802.1AB:yang:ieee802-dot1ab-lldp",
        "<port><name/><remote-systems-data/></port>",
        "port",
        "remote-systems-data",
        ("port-id", "port-desc"),
    ),
    "openconfig-lldp": Model(
        "http://openconfig.net/yang/lldp",
        "<interfaces><interface><name/><neighbors/></interface></interfaces>",
        "interfaces/interface",
        "neighbors/neighbor/state",
        ("port-id", "port-description"),
    ),
}


async def by_netconf(target: Target, context: Context) -> Seen:
    """Read the neighbours of the first module of ``MODELS`` that a server announces."""
    return await context.tools.sessions.netconf(target, _read, context.timeout_s)


def _read(session: NetconfSession) -> Seen:
    from lxml import etree

    announced = {match[1] for uri in session.capabilities if (match := re.search(r"[?&]module=([^&]+)", uri))}
    model = next((MODELS[name] for name in MODELS if name in announced), None)
    if model is None:
        raise DownError(f"the server announces none of {', '.join(MODELS)}")
    text = session.get(f'<lldp xmlns="{model.namespace}">{model.filter}</lldp>')
    root = etree.fromstring(text).find(f".//{{{model.namespace}}}lldp")
    found: dict[str, tuple[Neighbour, ...]] = {}
    for interface in root.iterfind(_path(model, model.interface)) if root is not None else ():
        name = _text(interface, model, "name")
        there = [_neighbour(entry, model) for entry in interface.iterfind(_path(model, model.neighbour))]
        if there:
            found[name] = (*found.get(name, ()), *there)
    return found


def _path(model: Model, path: str) -> str:
    return "/".join(f"{{{model.namespace}}}{part}" for part in path.split("/"))


def _text(element: _Element, model: Model, name: str) -> str:
    return (element.findtext(_path(model, name)) or "").strip()


def _neighbour(entry: _Element, model: Model) -> Neighbour:
    ports = (_text(entry, model, name) for name in model.ports)
    return Neighbour(_text(entry, model, "system-name"), tuple(dict.fromkeys(filter(None, ports))))
