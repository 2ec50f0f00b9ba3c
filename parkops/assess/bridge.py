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


def _children(node: etree._Element, name: str) -> list[etree._Element]:
    return [
        child for child in node.iter() if isinstance(child.tag, str) and etree.QName(child).localname == name
    ]


def _text(node: etree._Element, name: str) -> str:
    found = _children(node, name)
    return (found[0].text or "").strip() if found else ""


def _line(node: etree._Element) -> int:
    line = node.sourceline
    return line if isinstance(line, int) else 1


def _port(node: etree._Element) -> SwitchPort:
    bridged = _children(node, "bridge-port")
    pvid = _text(node, "pvid")
    return SwitchPort(
        name=_text(node, "name"),
        line=_line(node),
        enabled=_text(node, "enabled") != "false",
        bridged=bool(bridged),
        pvid=int(pvid) if pvid.isdigit() else None,
        frames=_text(node, "acceptable-frame"),
        addresses=tuple((ip.text or "").strip() for ip in _children(node, "ip")),
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
    ports = {port.name: port for port in map(_port, _children(root, "interface"))}
    vlans: dict[int, int] = {}
    members: dict[int, dict[int, bool]] = {}
    for entry in _children(root, "vlan-registration-entry"):
        for vid in _vids(_text(entry, "vids")):
            vlans.setdefault(vid, _line(entry))
            for item in _children(entry, "port-map"):
                number = _text(item, "port-ref")
                if number.isdigit():
                    members.setdefault(vid, {})[int(number)] = _text(item, "vlan-transmitted") == "untagged"
    for entry in _children(root, "vlan"):
        if (vid_text := _text(entry, "vid")).isdigit():
            vlans.setdefault(int(vid_text), _line(entry))
    rstp = _children(root, "rstp")
    return Switch(ports, vlans, members, _line(rstp[0]) if rstp else 0)
