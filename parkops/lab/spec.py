"""Describe a lab: its nodes and cables, as one JSON document that the pod can read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

FRR, SWITCH, LINUX, HOST = "frr", "ietf", "linux", "host"


@dataclass(frozen=True, slots=True)
class Listener:
    """A port that a host node answers on."""

    kind: str
    port: int
    protocol: str  # tcp | udp


@dataclass(frozen=True, slots=True)
class Address:
    """What a host node's port gets at boot; the others get theirs by push."""

    interface: str
    ipv4: str = ""  # "a.b.c.d/len"
    ipv6: str = ""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One node; ``ports`` are its data ports in order."""

    name: str
    platform: str  # frr | ietf | linux | host
    role: str
    management: str  # "a.b.c.d/len", "" for none
    ports: tuple[str, ...]
    host_key: str = ""  # private key of its SSH server, OpenSSH format
    addresses: tuple[Address, ...] = ()
    gateway_ipv4: str = ""
    gateway_ipv6: str = ""
    listeners: tuple[Listener, ...] = ()
    yang: tuple[str, ...] = ()  # folders of YANG modules, searched after netconfd's own
    title: str = ""

    @property
    def management_address(self) -> str:
        """The management address without its prefix length."""
        return self.management.partition("/")[0]


@dataclass(frozen=True, slots=True)
class CableSpec:
    """A cable between two ports."""

    id: str
    a_node: str
    a_port: str
    b_node: str
    b_port: str


@dataclass(frozen=True, slots=True)
class LabSpec:
    """A whole lab; ``rootless`` says that it lives in a user namespace."""

    park: str
    management_network: str
    management_gateway: str
    user: str
    public_key: str
    rootless: bool
    width: int  # nodes that boot at the same time
    nodes: tuple[NodeSpec, ...]
    cables: tuple[CableSpec, ...]

    def node(self, name: str) -> NodeSpec:
        """Return a node by name; KeyError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def dump(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))


def load_spec(text: str) -> LabSpec:
    """Read what ``LabSpec.dump`` wrote."""
    data = json.loads(text)
    data["nodes"] = tuple(_node(node) for node in data["nodes"])
    data["cables"] = tuple(CableSpec(**cable) for cable in data["cables"])
    return LabSpec(**data)


def _node(data: dict[str, Any]) -> NodeSpec:
    values = dict(data)
    for name, kind in (("addresses", Address), ("listeners", Listener)):
        values[name] = tuple(kind(**entry) for entry in values[name])
    for name in ("ports", "yang"):
        values[name] = tuple(values[name])
    return NodeSpec(**values)
