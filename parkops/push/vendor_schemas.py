"""Vendors' own NETCONF schemas: how a hello announces them, and what is peculiar to their trees."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from parkops.push.datatree import Node
from parkops.transport.netconf import NetconfSession

TREE = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One schema of a vendor: what its namespaces begin with, and what its hello announces it by."""

    name: str
    mark: str
    hello: tuple[str, ...]
    ncclient: str = "default"
    one_session: bool = False  # a second session is refused while the first is open
    rollback_file: bool = False  # saves and rolls back by file (H3C: save, rollback)
    indexed: bool = False  # shows ports by a number, and takes them by name (H3C: IfIndex, valuetype)
    fixed: tuple[str, ...] = ()  # list entries that cannot be made or removed, only changed


H3C = "http://www.h3c.com/netconf/"
VENDORS = (  # a device that speaks both of Huawei's schemas is asked in the newer one
    Vendor("huawei-yang", "urn:huawei:yang:", ("urn:huawei:yang:",), "huaweiyang", fixed=("interface",)),
    Vendor(
        "huawei-vrp",
        "http://www.huawei.com/netconf/vrp",
        ("http://www.huawei.com/netconf/",),
        "huawei",
        fixed=("interface",),
    ),
    Vendor(
        "h3c",
        H3C,
        ("urn:h3c:params:netconf:", "urn:hp:params:netconf:", H3C),
        "h3c",
        rollback_file=True,
        indexed=True,
        fixed=("Interface",),
    ),
    Vendor(
        "ruijie",
        "urn:rg:params:xml:ns:yang:",
        ("urn:rg:params:xml:ns:yang:",),
        one_session=True,
        fixed=("interface",),
    ),
)


def vendor_of(capabilities: tuple[str, ...]) -> Vendor | None:
    """Return the vendor's schema that a hello announces, None when it is no vendor's own."""
    return next((v for v in VENDORS if any(uri.startswith(v.hello) for uri in capabilities)), None)


def port_names(netconf: NetconfSession) -> dict[str, str]:
    """Return the names of H3C's ports by their index."""
    from lxml import etree

    data = f"{H3C}data:1.0"
    port = "<Interface><IfIndex/><Name/></Interface>"
    asked = f'<top xmlns="{data}"><Ifmgr><Interfaces>{port}</Interfaces></Ifmgr></top>'
    found = etree.fromstring(netconf.get(asked))
    ports = found.iter(f"{{{data}}}Interface")
    return {p.findtext(f"{{{data}}}IfIndex", ""): p.findtext(f"{{{data}}}Name", "") for p in ports}


def named(nodes: TREE, names: dict[str, str]) -> TREE:
    """Put names in the place of port indexes."""

    def one(node: Node) -> Node:
        if node.name == "IfIndex":
            return replace(node, text=names.get(node.text, node.text))
        keys = tuple(
            (tag, names.get(value, value) if tag.endswith("}IfIndex") else value) for tag, value in node.keys
        )
        return replace(node, children=named(node.children, names), keys=keys)

    return tuple(map(one, nodes))


def worded(edit: str, vendor: Vendor) -> str:
    """Say of each port index that is a name that it is one."""
    if not vendor.indexed or not edit:
        return edit
    name = f'<IfIndex xmlns:b="{H3C}base:1.0" b:valuetype="name">'
    return re.sub(r"<IfIndex>(?=\D)", name, edit)


def vendor_of_text(text: str) -> Vendor | None:
    """Return the vendor in whose schema a canonical text is, None when it is in none that is known."""
    return next((vendor for vendor in VENDORS if f'xmlns="{vendor.mark}' in text), None)


def subtree_filter(payload: TREE) -> str:
    """Return the subtree filter of what a payload speaks of: its roots and what stands just below them."""
    parts = []
    for root in payload:
        below = "".join(f"<{name}/>" for name in dict.fromkeys(node.name for node in root.children))
        parts.append(f'<{root.name} xmlns="{root.namespace}">{below}</{root.name}>')
    return "".join(parts)


def owned(running: TREE, payload: TREE, vendor: Vendor) -> TREE:
    """Leave out the entries that cannot be removed and that the payload does not speak of."""
    return _trimmed(running, _index(payload), vendor)


def _index(nodes: TREE) -> dict[object, Node]:
    return {(node.tag, node.keys): node for node in nodes}


def _trimmed(nodes: TREE, wanted: dict[object, Node], vendor: Vendor) -> TREE:
    kept: list[Node] = []
    for node in nodes:
        match = wanted.get((node.tag, node.keys))
        if match is None and node.name in vendor.fixed and node.keys:
            continue
        children = _trimmed(node.children, _index(match.children) if match else {}, vendor)
        if children or not node.children:
            kept.append(replace(node, children=children))
    return tuple(kept)
