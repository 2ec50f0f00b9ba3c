"""What is rendered beside bridges and interfaces is pushed too, and no more than that; on real netconfd."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from park import NC, device, park, switch, workspace

from parkops import push
from parkops.model import Artifact, ArtifactKind, Outcome
from parkops.push import datatree
from parkops.push.models import FRER, SID, SYSTEM
from parkops.push.scope import Scope
from parkops.transport.login import Login
from parkops.transport.netconf import NetconfSession

sys.path.insert(0, str(Path(__file__).parents[1] / "render"))

CASES = Path(__file__).parents[1] / "render" / "ietf"
Start = Callable[[str, str], Any]
USERS = f"""<config xmlns="{NC}"><system xmlns="{SYSTEM}">
<clock><timezone-utc-offset>480</timezone-utc-offset></clock><authentication>
<user-authentication-order>local-users</user-authentication-order>
<user><name>parkops</name></user><user><name>stranger</name></user></authentication></system></config>"""


class Bench:
    """One switch with many models, its park, and pushes to it."""

    def __init__(self, address: str, login: Login, folder: Path) -> None:
        self.login, self.address = login, address
        self.park = park(device("sw", "ietf", address), key=login.key, known_hosts=login.known_hosts)
        self.workspace = workspace(folder)

    def push(self, text: str) -> push.Result:
        artifact = Artifact("sw/netconf.xml", text, ArtifactKind.NETCONF, "xml", "sw")
        return push.run(self.park, [artifact], self.workspace)[0]

    def running(self, text: str) -> tuple[datatree.Node, ...]:
        with NetconfSession("sw", self.address, self.login) as session:
            return datatree.parse(session.get_config("running", Scope.of(text).filter_xml))

    def enter(self, text: str) -> None:
        with NetconfSession("sw", self.address, self.login) as session:
            session.edit_config(text)
            session.commit()


@pytest.fixture
def bench(start: Start, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name in ("PARK_RADIUS_KEY", "PARK_ADMIN_HASH", "PARK_WATCH_HASH", "PARK_AUDIT_HASH"):
        monkeypatch.setenv(name, "$6$saltsalt$" + "a" * 86 if name.endswith("HASH") else "secret-" + name)
    return Bench(start("sw", "wider-switch").address, login, tmp_path / "park")


@pytest.fixture
def seamless(start: Start, login: Login, tmp_path: Path) -> Bench:
    return Bench(start("sw", "frer-switch").address, login, tmp_path / "park")


def golden(case: str) -> str:
    return (CASES / case / "netconf.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", ["lldp", "dot1x-access", "gptp", "static-routes", "aaa-accounts-and-names"])
def test_every_section_is_pushed_and_stays(bench: Bench, case: str) -> None:
    text = golden(case)
    result = bench.push(text)
    assert result.outcome is Outcome.CHANGED, result.message
    roots = {path[0] for path in Scope.of(text).paths}
    assert {node.tag for node in bench.running(text)} >= roots - {path[0] for path in Scope().paths}
    again = bench.push(text)
    assert again.outcome is Outcome.UNCHANGED, again.diff


def test_accounts_of_the_device_go_but_never_the_one_that_pushes(bench: Bench) -> None:
    bench.enter(USERS)
    text = golden("aaa-accounts-and-names")
    result = bench.push(text)
    assert result.outcome is Outcome.CHANGED, result.message
    said = datatree.render(bench.running(text))
    assert "<name>parkops</name>" in said
    assert "stranger" not in said
    whole = f'<config xmlns="{NC}"><system xmlns="{SYSTEM}"/></config>'
    assert "<timezone-utc-offset>480<" in datatree.render(bench.running(whole))  # not the plan's


def test_order_that_means_something_is_kept(bench: Bench) -> None:
    text = golden("aaa-accounts-and-names")
    bench.push(text)
    turned = text.replace("172.31.0.2", "172.31.0.9").replace("172.31.0.3", "172.31.0.2")
    turned = turned.replace("mgmt-1", "mgmt-x").replace("mgmt-2", "mgmt-1").replace("mgmt-x", "mgmt-2")
    result = bench.push(turned)
    assert result.outcome is Outcome.CHANGED, result.message
    assert bench.running(turned) == datatree.parse(_filled(turned))


def test_a_rollback_takes_a_new_section_away_again(bench: Bench) -> None:
    plain, wide = switch("sw").text, golden("lldp")
    bench.push(plain)
    before = bench.running(wide)
    assert bench.push(wide).outcome is Outcome.CHANGED
    done = push.rollback(bench.park, bench.workspace)
    assert [item.outcome for item in done.results] == [Outcome.CHANGED], done
    assert bench.running(wide) == before


def test_seamless_redundancy_is_pushed_and_stays(seamless: Bench) -> None:
    text = golden("frer")
    result = seamless.push(text)
    assert result.outcome is Outcome.CHANGED, result.message
    assert seamless.running(text) == datatree.parse(text)
    again = seamless.push(text)
    assert again.outcome is Outcome.UNCHANGED, again.diff


def test_streams_come_and_go_one_by_one(seamless: Bench) -> None:
    both = golden("frer")
    seamless.push(both)
    root = etree.fromstring(both.encode())
    for entry in root.iter(*(f"{{{FRER}}}{name}" for name in ("sequence-generation", "stream-split"))):
        entry.getparent().remove(entry)
    for index in root.iter(f"{{{SID}}}index"):
        if str(index.text).startswith("2"):  # the stream that the switch splits
            root.remove(index.getparent())
    for stream in root.iter(f"{{{FRER}}}stream"):
        if str(stream.text).startswith("2"):
            stream.getparent().remove(stream)
    one = etree.tostring(root, encoding="unicode")
    result = seamless.push(one)
    assert result.outcome is Outcome.CHANGED, result.message
    assert seamless.running(one) == datatree.parse(one)
    turned = one.replace("<stream>11</stream>", "<stream>99</stream>").replace("<handle>11<", "<handle>99<")
    assert seamless.push(turned).outcome is Outcome.CHANGED
    assert seamless.running(turned) == datatree.parse(turned)
    done = push.rollback(seamless.park, seamless.workspace)
    assert [item.outcome for item in done.results] == [Outcome.CHANGED], done
    assert seamless.running(one) == datatree.parse(one)


def test_what_a_plan_no_longer_has_leaves_the_switch(seamless: Bench) -> None:
    text, plain = golden("frer"), golden("ring-switch-with-rstp")
    seamless.push(text)
    assert seamless.push(plain).outcome is Outcome.CHANGED
    tags = {node.tag for node in seamless.running(text)}
    assert not tags & {f"{{{SID}}}stream-identity", f"{{{FRER}}}frer"}


def _filled(text: str) -> str:
    import os
    import re

    return re.sub(r"@secret:env:(\w+)@", lambda match: os.environ[match[1]], text)
