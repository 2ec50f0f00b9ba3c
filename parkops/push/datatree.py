"""Configuration data as a sorted tree: read from XML, printed canonically, turned into edits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.etree import _Element

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
IF = "urn:ietf:params:xml:ns:yang:ietf-interfaces"
IP = "urn:ietf:params:xml:ns:yang:ietf-ip"
BRIDGE = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-bridge"
RSTP = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-rstp-bridge"

# Keys of the lists in the managed modules (RFC 8343, RFC 8344, IEEE Std 802.1Q-2022 clause 48).
LIST_KEYS: dict[str, tuple[str, ...]] = {
    f"{{{IF}}}interface": ("name",),
    f"{{{IP}}}address": ("ip",),
    f"{{{IP}}}neighbor": ("ip",),
    f"{{{BRIDGE}}}bridge": ("name",),
    f"{{{BRIDGE}}}component": ("name",),
    f"{{{BRIDGE}}}filtering-entry": ("database-id", "vids", "address"),
    f"{{{BRIDGE}}}vlan-registration-entry": ("database-id", "vids"),
    f"{{{BRIDGE}}}port-map": ("port-ref",),
    f"{{{BRIDGE}}}vlan": ("vid",),
    f"{{{BRIDGE}}}vid-to-fid": ("vid",),
    f"{{{BRIDGE}}}vid-to-fid-allocation": ("vids",),
    f"{{{BRIDGE}}}fid-to-vid-allocation": ("fid",),
    f"{{{BRIDGE}}}protocol-group-database": ("db-index",),
    f"{{{BRIDGE}}}protocol-group-vid-set": ("group-id",),
    f"{{{BRIDGE}}}vid-translations": ("local-vid",),
    f"{{{BRIDGE}}}egress-vid-translations": ("relay-vid",),
}
# Keys of lists in vendors' own schemas, by what the namespace begins with; where a list is not named here,
# the first of the usual keys that an entry has. Their models are many, and their lists alike.
VENDORS = ("http://www.huawei.com/netconf/vrp", "http://www.h3c.com/netconf/", "urn:huawei:yang:",
           "urn:rg:params:xml:ns:yang:")  # fmt: skip
VENDOR_KEYS: dict[str, tuple[str, ...]] = {
    "Ipv4Address": ("IfIndex", "Ipv4Address"),
    "Ipv6Address": ("IfIndex", "Ipv6Address"),
    "am4CfgAddr": ("ifIpAddr",),
    "am6CfgAddr": ("ifIp6Addr",),
    "TrunkMemberIf": ("memberIfName",),
    "server": ("ip-type", "ipaddress", "is-default-vpn", "vrf-name"),
    "unicast": ("ip-address", "type", "vpn-name"),
}
USUAL_KEYS = ("name", "id", "ifName", "vlanId", "vrfName", "IfIndex", "ID", "ip", "ip-address", "address")
# Default values: a server may report them or leave them out (RFC 6243), which is no difference.
DEFAULTS: frozenset[tuple[str, str]] = frozenset(
    {
        (f"{{{IF}}}enabled", "true"),
        (f"{{{BRIDGE}}}traffic-class-enabled", "true"),
        (f"{{{BRIDGE}}}aging-time", "300"),
        (f"{{{BRIDGE}}}pvid", "1"),
        (f"{{{BRIDGE}}}default-priority", "0"),
        (f"{{{BRIDGE}}}pcp-selection", "8P0D"),
        (f"{{{BRIDGE}}}use-dei", "false"),
        (f"{{{BRIDGE}}}drop-encoding", "false"),
        (f"{{{BRIDGE}}}service-access-priority-selection", "false"),
        (f"{{{BRIDGE}}}acceptable-frame", "admit-all-frames"),
        (f"{{{BRIDGE}}}enable-ingress-filtering", "false"),
        (f"{{{BRIDGE}}}enable-restricted-vlan-registration", "false"),
        (f"{{{BRIDGE}}}enable-vid-translation-table", "false"),
        (f"{{{BRIDGE}}}enable-egress-vid-translation-table", "false"),
        (f"{{{RSTP}}}bridge-max-age", "20"),
        (f"{{{RSTP}}}bridge-forward-delay", "15"),
        (f"{{{RSTP}}}tx-hold-count", "6"),
        (f"{{{RSTP}}}admin-bridge-port-enabled", "true"),
    }
)
# Containers that mean something although they are empty (YANG `presence`).
PRESENCE = frozenset({f"{{{RSTP}}}rstp"})
QNAME = re.compile(r"([A-Za-z_][\w.-]*):([A-Za-z_][\w.-]*)")
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Node:
    """An element: its Clark name, its value (identities as ``{namespace}name``) and its sorted children."""

    tag: str
    text: str = ""
    children: tuple[Node, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()  # (tag, value) of a list entry's keys

    @property
    def namespace(self) -> str:
        """The element's namespace."""
        return self.tag[1:].partition("}")[0]

    @property
    def name(self) -> str:
        """The element's local name."""
        return self.tag.rpartition("}")[2]


def parse(document: bytes | str, roots: frozenset[str] | None = None) -> tuple[Node, ...]:
    """Return the data nodes of a <config> or <data> document, sorted; only ``roots`` (Clark names) if given.

    Values equal to their default and containers without content are left out. ValueError for broken XML.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    raw = document.encode() if isinstance(document, str) else document
    try:
        top = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not XML: {error}") from error
    elements = [child for child in top if roots is None or child.tag in roots]
    return _sorted(node for element in elements if (node := _node(element)) is not None)


def _node(element: _Element) -> Node | None:
    """Convert an element; None when it says nothing (an empty container or a default)."""
    tag = str(element.tag)
    if len(element) == 0:
        text = _value(element)
        says_nothing = (tag, text) in DEFAULTS or (not text and tag not in PRESENCE)
        return None if says_nothing else Node(tag, text)
    names = [f"{{{tag[1:].partition('}')[0]}}}{name}" for name in _keys(element)]
    keys = tuple((name, (element.findtext(name) or "").strip()) for name in names)
    children = _sorted((node for child in element if (node := _node(child)) is not None), dict(keys))
    if not children and tag not in PRESENCE:
        return None
    return Node(tag, "", children, keys)


def _keys(element: _Element) -> tuple[str, ...]:
    """Return the names of a list entry's keys; none for what is no list that is known."""
    tag = str(element.tag)
    if tag in LIST_KEYS:
        return LIST_KEYS[tag]
    namespace, _, name = tag[1:].partition("}")
    if not namespace.startswith(VENDORS):
        return ()
    held = {str(child.tag).removeprefix(f"{{{namespace}}}") for child in element}
    if name in VENDOR_KEYS and held.issuperset(VENDOR_KEYS[name]):
        return VENDOR_KEYS[name]
    return next(((key,) for key in USUAL_KEYS if key in held), ())


def _value(element: _Element) -> str:
    """Return the text, with the prefix of an identity resolved; an identity of the own module has none."""
    text = (element.text or "").strip()
    match = QNAME.fullmatch(text)
    if match is None or match[1] not in element.nsmap:
        return text
    namespace = element.nsmap[match[1]]
    own = str(element.tag)[1:].partition("}")[0]
    return match[2] if namespace == own else f"{{{namespace}}}{match[2]}"


def _sorted(nodes: Iterator[Node], keys: dict[str, str] | None = None) -> tuple[Node, ...]:
    """Sort: keys first, then leaves, then the rest, by name and natural order of values."""
    order = list(keys or ())

    def rank(node: Node) -> tuple[object, ...]:
        first = order.index(node.tag) if node.tag in order else len(order)
        values = node.text if not node.keys else " ".join(value for _, value in node.keys)
        return first, bool(node.children), node.name, _natural(values), node.tag

    return tuple(sorted(nodes, key=rank))


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in _NUMBERS.split(text))


def render(nodes: tuple[Node, ...]) -> str:
    """Print nodes as indented XML, one element a line; the same tree always gives the same text."""
    return "".join(f"{line}\n" for node in nodes for line in _lines(node, "", 0))


def _lines(node: Node, parent: str, depth: int) -> Iterator[str]:
    from xml.sax.saxutils import escape

    pad = "  " * depth
    head = node.name if node.namespace == parent else f'{node.name} xmlns="{node.namespace}"'
    if not node.children:
        text = escape(_readable(node.text))
        yield f"{pad}<{head}>{text}</{node.name}>" if text else f"{pad}<{head}/>"
        return
    yield f"{pad}<{head}>"
    for child in node.children:
        yield from _lines(child, node.namespace, depth + 1)
    yield f"{pad}</{node.name}>"


def _readable(text: str) -> str:
    """Show an identity as module:name; the last part of its namespace names the module."""
    if not text.startswith("{"):
        return text
    namespace, _, name = text[1:].partition("}")
    return f"{re.split('[:/]', namespace)[-1]}:{name}"


def edit(running: tuple[Node, ...], intended: tuple[Node, ...]) -> str:
    """Return the <config> that turns running into intended by merge and remove, "" when they are equal."""
    from lxml import etree

    namespaces: dict[Any, str] = {None: BASE, "nc": BASE}
    top = etree.Element(f"{{{BASE}}}config", nsmap=namespaces)
    changed = _edit_children(top, running, intended)
    return etree.tostring(top, encoding="unicode") if changed else ""


def _edit_children(parent: _Element, running: tuple[Node, ...], intended: tuple[Node, ...]) -> bool:
    """Add what differs below ``parent``: removals first, so that what they free can be used again."""
    repeated = _repeated(running) | _repeated(intended)
    before, after = _index(running, repeated), _index(intended, repeated)
    changed = False
    for identity, node in before.items():
        if identity not in after:
            _remove(parent, node)
            changed = True
    for identity, node in after.items():
        old = before.get(identity)
        if old is None or (not node.children and not old.children and node.text != old.text):
            _add(parent, node)
            changed = True
        elif old != node:
            changed |= _edit_inside(parent, old, node)
    return changed


def _edit_inside(parent: _Element, old: Node, new: Node) -> bool:
    element = _element(parent, new)
    for tag, value in new.keys:
        _add(element, Node(tag, value))
    keys = {tag for tag, _ in new.keys}
    before = tuple(node for node in old.children if node.tag not in keys)
    after = tuple(node for node in new.children if node.tag not in keys)
    if _edit_children(element, before, after):
        return True
    parent.remove(element)
    return False


def _repeated(nodes: tuple[Node, ...]) -> frozenset[str]:
    """Return the tags of leaf-lists: they stand more than once, without keys."""
    tags = [node.tag for node in nodes if not node.keys]
    return frozenset(tag for tag in tags if tags.count(tag) > 1)


def _index(nodes: tuple[Node, ...], repeated: frozenset[str]) -> dict[tuple[object, ...], Node]:
    """Index siblings by what makes them the same node: tag and keys, of a leaf-list's entry its value too."""
    return {(node.tag, node.keys, node if node.tag in repeated else None): node for node in nodes}


def _element(parent: _Element, node: Node) -> _Element:
    from lxml import etree

    nsmap: dict[Any, str] = {None: node.namespace}
    if node.text.startswith("{"):
        nsmap["i"] = node.text[1:].partition("}")[0]
    return etree.SubElement(parent, node.tag, nsmap=nsmap)


def _add(parent: _Element, node: Node) -> None:
    element = _element(parent, node)
    if node.text:
        _set_text(element, node)
    for child in node.children:
        _add(element, child)


def _remove(parent: _Element, node: Node) -> None:
    element = _element(parent, node)
    element.set(f"{{{BASE}}}operation", "remove")
    for tag, value in node.keys:
        _add(element, Node(tag, value))
    if node.text:  # an entry of a leaf-list is known by its value
        _set_text(element, node)


def _set_text(element: _Element, node: Node) -> None:
    element.text = f"i:{node.text.partition('}')[2]}" if node.text.startswith("{") else node.text
