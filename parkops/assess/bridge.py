"""Read a switch's NETCONF configuration: its VLANs and ports (IEEE 802.1Q bridge model)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from parkops.assess.texts import Text

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


@dataclass(frozen=True, slots=True)
class SwitchPort:
    """One interface of a switch; ``pvid`` is None when it is no bridge port."""

    name: str
    line: int
    enabled: bool
    bridged: bool
    pvid: int | None
    frames: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """What a switch is told to do."""

    ports: dict[str, SwitchPort]
    vlans: dict[int, int]  # vid -> line
    members: dict[int, dict[int, bool]]  # vid -> port number -> untagged
    rstp_line: int  # 0: no spanning tree


Index = dict[str, list[etree._Element]]  # elements below a node by their local name


def _index(node: etree._Element) -> Index:
    found: Index = {}
    for child in node.iter():
        if isinstance(child.tag, str):
            found.setdefault(child.tag.rpartition("}")[2], []).append(child)
    return found


def _text(index: Index, name: str) -> str:
    found = index.get(name)
    return (found[0].text or "").strip() if found else ""


def _line(node: etree._Element) -> int:
    line = node.sourceline
    return line if isinstance(line, int) else 1


def _port(node: etree._Element) -> SwitchPort:
    index = _index(node)
    pvid = _text(index, "pvid")
    return SwitchPort(
        name=_text(index, "name"),
        line=_line(node),
        enabled=_text(index, "enabled") != "false",
        bridged="bridge-port" in index,
        pvid=int(pvid) if pvid.isdigit() else None,
        frames=_text(index, "acceptable-frame"),
        addresses=tuple((ip.text or "").strip() for ip in index.get("ip", ())),
    )


def _vids(text: str) -> list[int]:
    """Expand ``vids`` such as "101,105-107" (IEEE 802.1Q, type vid-range)."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit():
            found.extend(range(int(first), int(last or first) + 1))
    return found


def read(text: Text) -> Switch | None:
    """Return the switch that a <config> document or a row of data nodes describes; None if it is no XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    body = _DECLARATION.sub("", text.body)
    try:
        root = etree.fromstring(f"<data>{body}</data>".encode(), parser)
    except etree.XMLSyntaxError:
        return None
    index = _index(root)
    ports = {port.name: port for port in map(_port, index.get("interface", ()))}
    vlans: dict[int, int] = {}
    members: dict[int, dict[int, bool]] = {}
    for entry in index.get("vlan-registration-entry", ()):
        parts = _index(entry)
        for vid in _vids(_text(parts, "vids")):
            vlans.setdefault(vid, _line(entry))
            for item in parts.get("port-map", ()):
                mapped = _index(item)
                number = _text(mapped, "port-ref")
                if number.isdigit():
                    untagged = _text(mapped, "vlan-transmitted") == "untagged"
                    members.setdefault(vid, {})[int(number)] = untagged
    for entry in index.get("vlan", ()):
        if (vid_text := _text(_index(entry), "vid")).isdigit():
            vlans.setdefault(int(vid_text), _line(entry))
    rstp = index.get("rstp", ())
    return Switch(ports, vlans, members, _line(rstp[0]) if rstp else 0)
