"""Which subtrees of a device's data a push owns: bridges, interfaces, streams, and what is rendered besides.

netconfd 2.13 dies of the modules of IEEE 802.1CB as they are published, so no lab has them; the tests push
streams to a netconfd that has the modules without the counters that they add to interfaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parkops.push import datatree, models
from parkops.push.datatree import Node

Path = tuple[str, ...]  # Clark names from the root
MODULE = re.compile(r"[?&]module=([^&]+)")

# Always owned: what stands there and was not rendered is removed.
BASE: tuple[Path, ...] = ((f"{{{models.BRIDGE}}}bridges",), (f"{{{models.IF}}}interfaces",))
# Owned as soon as the device has the module: a stream that is split into VLANs that are gone is lost.
STREAMS: dict[str, Path] = {
    "ieee802-dot1cb-stream-identification": (f"{{{models.SID}}}stream-identity",),
    "ieee802-dot1cb-frer": (f"{{{models.FRER}}}frer",),
}
# Of these roots only the parts that are rendered are owned: the rest of a device's system is not the plan's.
IN_PARTS = frozenset({f"{{{models.SYSTEM}}}system"})
USERS = (f"{{{models.SYSTEM}}}system", f"{{{models.SYSTEM}}}authentication")


@dataclass(frozen=True, slots=True)
class Scope:
    """The subtrees of one change, by their paths, sorted."""

    paths: tuple[Path, ...] = BASE

    @classmethod
    def of(cls, *documents: str | bytes, capabilities: Iterable[str] = ()) -> Scope:
        """Return what documents speak of, with what is always owned; an empty element speaks, too.

        ``capabilities`` are those of a device's hello. It names the modules (RFC 6020, 5.6.4), though a
        server may name those of YANG 1.1 in its library alone (RFC 7950, 5.6.4), which is not asked.
        """
        found = {path for document in documents if document for path in datatree.top(document, IN_PARTS)}
        modules = {match[1] for uri in capabilities if (match := MODULE.search(uri))}
        streams = {path for name, path in STREAMS.items() if name in modules}
        return cls(tuple(sorted({*BASE, *found, *streams})))

    @property
    def filter_xml(self) -> str:
        """The subtree filter that selects them (RFC 6241, 6)."""
        return "".join(_empty(path) for path in self.paths)

    def marked(self, document: str) -> str:
        """Return a reply that also speaks of the subtrees that it says nothing of."""
        silent = sorted(set(self.paths) - set(datatree.top(document, IN_PARTS)))
        return datatree.with_children(document, (_empty(path) for path in silent)) if silent else document


def _empty(path: Path) -> str:
    tags = [tag[1:].split("}") for tag in path]
    opened = "".join(f'<{name} xmlns="{namespace}">' for namespace, name in tags)
    return opened + "".join(f"</{name}>" for _, name in reversed(tags))


def with_login(intended: tuple[Node, ...], running: tuple[Node, ...], user: str) -> tuple[Node, ...]:
    """Return the target with the account that parkops logs in with as it runs, where no plan names it.

    Such an account is never removed: the push would cut itself off.
    """
    account = next((node for node in _users(running) if _named(node, user)), None)
    if account is None or any(_named(node, user) for node in _users(intended)):
        return intended
    return tuple(_adding(node, USERS, account) for node in intended)


def _users(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.tag in USERS:
            yield from _users(node.children)
        elif node.name == "user":
            yield node


def _named(node: Node, user: str) -> bool:
    return any(value == user for _, value in node.keys)


def _adding(node: Node, way: tuple[str, ...], account: Node) -> Node:
    if not way or node.tag != way[0]:
        return node
    inner = tuple(_adding(child, way[1:], account) for child in node.children)
    return datatree.within(node, (*inner, account) if len(way) == 1 else inner)
