"""Configuration data as a sorted tree: read from XML, printed canonically, turned into edits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parkops.push.models import (
    BASE,
    DEFAULTS,
    LEAF_LISTS,
    LIST_KEYS,
    ORDERED,
    PRESENCE,
    USUAL_KEYS,
    VENDOR_KEYS,
    VENDORS,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

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
    elements = [child for child in _read(document) if roots is None or child.tag in roots]
    found: dict[tuple[object, ...], Node] = {}
    for node in (node for element in elements if (node := _node(element)) is not None):
        identity = node.tag, node.keys  # entries of a list at the root are apart
        old = found.get(identity)  # a reply may have a container twice, once for each part asked for
        found[identity] = node if old is None else within(old, (*old.children, *node.children))
    return _sorted(found.values())


def top(document: bytes | str, in_parts: frozenset[str] = frozenset()) -> tuple[tuple[str, ...], ...]:
    """Return the paths of a document's data nodes, empty ones too; of ``in_parts`` those of their children.

    ValueError for broken XML.
    """
    from lxml import etree

    found: dict[tuple[str, ...], None] = {}
    for element in _read(document).iterchildren(etree.Element):
        tag = str(element.tag)
        inner = [str(child.tag) for child in element.iterchildren(etree.Element)] if tag in in_parts else []
        found.update(dict.fromkeys((tag, child) for child in inner) if inner else {(tag,): None})
    return tuple(found)


def with_children(document: str, elements: Iterable[str]) -> str:
    """Return a document with more elements at its end."""
    from lxml import etree

    whole = _read(document)
    for text in elements:
        whole.append(etree.fromstring(text))
    return etree.tostring(whole, encoding="unicode")


def _read(document: bytes | str) -> _Element:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        return etree.fromstring(document.encode() if isinstance(document, str) else document, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not XML: {error}") from error


def _node(element: _Element) -> Node | None:
    """Convert an element; None when it says nothing (an empty container or a default)."""
    tag = str(element.tag)
    if len(element) == 0:
        text = _value(element)
        says_nothing = (tag, text) in DEFAULTS or (not text and tag not in PRESENCE)
        return None if says_nothing else Node(tag, text)
    names = [f"{{{tag[1:].partition('}')[0]}}}{name}" for name in _keys(element)]
    held = {name: child for name in names if (child := element.find(name)) is not None}
    keys = tuple((name, _value(held[name])) for name in names) if len(held) == len(names) else ()
    children = _sorted((node for child in element if (node := _node(child)) is not None), dict(keys), tag)
    if not children and tag not in PRESENCE:
        return None
    return Node(tag, "", children, keys)


def within(node: Node, children: Iterable[Node]) -> Node:
    """Return an element with other children, sorted."""
    return Node(node.tag, node.text, _sorted(children, dict(node.keys), node.tag), node.keys)


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


def _sorted(nodes: Iterable[Node], keys: dict[str, str] | None = None, within: str = "") -> tuple[Node, ...]:
    """Sort: keys first, then leaves, then the rest, by name and natural order of values; not ORDERED."""
    order, given = list(keys or ()), ORDERED.get(within, frozenset())

    def rank(node: Node) -> tuple[object, ...]:
        first = order.index(node.tag) if node.tag in order else len(order)
        values = node.text if not node.keys else " ".join(value for _, value in node.keys)
        return first, bool(node.children), node.name, () if node.tag in given else _natural(values), node.tag

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
    return _reorder(parent, list(before.items()), list(after.items())) or changed


Indexed = list[tuple[tuple[object, ...], Node]]


def _reorder(parent: _Element, before: Indexed, after: Indexed) -> bool:
    """Write a container anew where its ordered lists would not come to stand in their order.

    Servers may leave entries that they have where they stand, whatever `insert` says (RFC 7950, 7.8.6).
    """
    ordered = ORDERED.get(str(parent.tag), frozenset())
    if not any(_out_of_order(tag, before, after) for tag in ordered):
        return False
    for element in list(parent):
        parent.remove(element)
    parent.set(f"{{{BASE}}}operation", "replace")
    for _, node in after:
        _add(parent, node)
    return True


def _out_of_order(tag: str, before: Indexed, after: Indexed) -> bool:
    """Tell whether an edit would leave entries in another order: what is new comes last."""
    new = [identity for identity, node in after if node.tag == tag]
    kept = [identity for identity, node in before if node.tag == tag and identity in set(new)]
    return new[: len(kept)] != kept


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
    """Return the tags of leaf-lists: those that are known, and what stands more than once, without keys."""
    tags = [node.tag for node in nodes if not node.keys]
    return frozenset(tag for tag in tags if tag in LEAF_LISTS or tags.count(tag) > 1)


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
