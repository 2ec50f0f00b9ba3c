"""What is rendered in vendors' schemas is read as lists with keys: an edit names what it means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from parkops.push import datatree, models
from parkops.push.datatree import Node

GOLDEN = sorted((Path(__file__).parents[1] / "render").glob("*netconf/*/*.xml"))


def unkeyed(nodes: tuple[Node, ...]) -> Iterator[str]:
    tags = [node.tag for node in nodes if not node.keys and node.children]
    yield from (tag for tag in tags if tags.count(tag) > 1)
    for node in nodes:
        yield from unkeyed(node.children)


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: f"{file.parts[-3]}-{file.parts[-2]}-{file.stem}")
def test_every_repeated_entry_has_its_keys(file: Path) -> None:
    tree = datatree.parse(file.read_bytes())
    assert tree
    assert not list(unkeyed(tree))
    assert datatree.edit(tree, tree) == ""
    assert datatree.parse(f"<data>{datatree.render(tree)}</data>") == tree


def test_there_are_payloads_of_both_vendors() -> None:
    assert {file.parts[-3] for file in GOLDEN} >= {"hp_comware_netconf", "huawei_vrp_netconf"}


def test_a_changed_entry_is_named_by_its_keys_and_others_are_left_alone() -> None:
    file = next(file for file in GOLDEN if file.match("huawei_vrp_netconf/access-switch/netconf-yang.xml"))
    text = file.read_text(encoding="utf-8")
    edit = datatree.edit(datatree.parse(text), datatree.parse(text.replace("172.31.0.3", "172.31.0.4")))
    servers = [e for e in etree.fromstring(edit.encode()).iter() if etree.QName(e).localname == "server"]
    told = {(e.findtext("{*}ipaddress"), e.get(f"{{{models.BASE}}}operation")) for e in servers}
    assert told == {("172.31.0.3", "remove"), ("172.31.0.4", None)}
