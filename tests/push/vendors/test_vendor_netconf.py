"""The vendors' NETCONF driver against servers with their quirks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boxes import Host
from lxml import etree
from netconf_boxes import CAP, H3C, NC, Server, serve
from vendor_bench import Bench

from parkops.errors import Diverged, Refused
from parkops.model import Artifact, ArtifactKind, Device, Role, SourceRef, Workspace
from parkops.push.contract import PerDevice, Phase, Site
from parkops.push.job import Job, Run, Steps
from parkops.push.vendor_netconf import VendorNetconfDriver
from parkops.push.vendor_schemas import vendor_of
from parkops.transport import netconf as transport
from parkops.transport.login import Login
from parkops.transport.secrets import Vault

Make = Callable[..., Bench]
ALL = (Phase.SURVEY, Phase.PREPARE, Phase.COMMIT, Phase.VERIFY)
COMMITS = (f"{CAP}candidate:1.0", f"{CAP}confirmed-commit:1.1", f"{CAP}rollback-on-error:1.0")
PORTS = {"GigabitEthernet1/0/1": "1", "GigabitEthernet1/0/2": "2"}


def h3c(*vlans: tuple[int, str], pvid: int = 10, by_name: bool = True) -> str:
    entries = "".join(f"<VLANID><ID>{v}</ID><Description>{d}</Description></VLANID>" for v, d in vlans)
    named = '<IfIndex b:valuetype="name">GigabitEthernet1/0/1</IfIndex>'
    port = named if by_name else "<IfIndex>1</IfIndex>"
    access = f"<AccessInterfaces><Interface>{port}<PVID>{pvid}</PVID></Interface></AccessInterfaces>"
    top = f'<top xmlns="{H3C}config:1.0" xmlns:b="{H3C}base:1.0">'
    return f'<config xmlns="{NC}">{top}<VLAN><VLANs>{entries}</VLANs>{access}</VLAN></top></config>'


def ietfish(namespace: str, *vlans: tuple[int, str]) -> str:
    entries = "".join(f"<vlan><id>{v}</id><description>{d}</description></vlan>" for v, d in vlans)
    return f'<config xmlns="{NC}"><vlan xmlns="{namespace}vlan"><vlans>{entries}</vlans></vlan></config>'


def old_huawei(*vlans: tuple[int, str]) -> str:
    entries = "".join(f"<vlan><vlanId>{v}</vlanId><vlanDesc>{d}</vlanDesc></vlan>" for v, d in vlans)
    vlan = f'<vlan xmlns="http://www.huawei.com/netconf/vrp"><vlans>{entries}</vlans></vlan>'
    return f'<config xmlns="{NC}">{vlan}</config>'


HUAWEI, RUIJIE = "urn:huawei:yang:huawei-", "urn:rg:params:xml:ns:yang:rg-"
OLD, NEW = ((10, "control"), (20, "office")), ((10, "control"), (20, "bureau"), (30, "视频"))
CASES: dict[str, tuple[Callable[..., str], dict[str, Any]]] = {
    "h3c": (h3c, {"hello": ("urn:h3c:params:netconf:capability:h3c-netconf-ext:1.0",), "index": PORTS}),
    "huawei-yang": (lambda *v: ietfish(HUAWEI, *v), {"hello": (f"{HUAWEI}vlan?module=x", *COMMITS)}),
    "huawei-vrp": (
        old_huawei,
        {"hello": ("http://www.huawei.com/netconf/capability/sync/1.0", *COMMITS), "base11": False},
    ),
    "ruijie": (
        lambda *v: ietfish(RUIJIE, *v),
        {"hello": (f"{RUIJIE}vlan",), "merges": True, "one_session": True, "sticky": True},
    ),
}  # fmt: skip


@pytest.fixture
def make(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    def begin(kind: str, old: Any = OLD, new: Any = NEW, **faults: Any) -> Bench:
        write, options = CASES[kind]
        running = etree.fromstring((h3c(*old, by_name=False) if kind == "h3c" else write(*old)).encode())
        server = Server(running=running, **{**options, **faults})
        real = transport.NetconfSession.__init__
        port = serve(host, server)
        monkeypatch.setattr(
            transport.NetconfSession, "__init__", lambda self, d, h, login, **_: real(self, d, h, login, port)
        )
        device = Device("sw1", Role.ACCESS_SWITCH, "huawei_vrp_netconf", SourceRef("p", 1, 1, "t"),
                        management_ipv4="127.0.0.1/8")  # fmt: skip
        artifact = Artifact("sw1/netconf.xml", write(*new), ArtifactKind.NETCONF, "xml", "sw1")
        login = Login("parkops", host.key, host.known_hosts, connect_timeout_s=5, rpc_timeout_s=3)
        run = Run(Workspace(tmp_path), login, Vault(tmp_path))
        site = Site(Job(device, (artifact,)), Steps(run, "sw1"), token="parkops-1", timeout_s=60)
        return Bench(server, site, run, PerDevice(VendorNetconfDriver()))  # type: ignore[arg-type]

    return begin


def vlans(bench: Bench) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in bench.box.running.iter():
        name = etree.QName(node).localname
        if name in ("vlan", "VLANID") and len(node) and len(node[0]) == 0:
            found[node[0].text] = node[1].text if len(node) > 1 else ""
    return found


def wanted(entries: tuple[tuple[int, str], ...]) -> dict[str, str]:
    return {str(vlan): text for vlan, text in entries}


@pytest.mark.parametrize("kind", CASES)
def test_a_change_is_made_read_back_and_confirmed(make: Make, kind: str) -> None:
    bench = make(kind)
    assert bench.act(*ALL) is None
    assert bench.act(Phase.CONFIRM, Phase.RELEASE) is None
    assert vlans(bench) == wanted(NEW)
    assert "视频" in bench.site.diff


@pytest.mark.parametrize("kind", CASES)
def test_a_cancelled_change_is_taken_back(make: Make, kind: str) -> None:
    bench = make(kind)
    assert bench.act(*ALL) is None
    assert bench.act(Phase.CANCEL, Phase.RELEASE) is None
    assert vlans(bench) == wanted(OLD)


@pytest.mark.parametrize("kind", CASES)
def test_what_is_not_wanted_is_removed_although_replace_may_merge(make: Make, kind: str) -> None:
    bench = make(kind, NEW, OLD)
    assert bench.act(*ALL, Phase.CONFIRM) is None
    assert vlans(bench) == wanted(OLD)


@pytest.mark.parametrize("kind", CASES)
def test_a_second_push_finds_no_difference(make: Make, kind: str) -> None:
    bench = make(kind, NEW, NEW)
    assert bench.act(Phase.SURVEY) is None
    assert bench.site.diff == ""


def test_an_edit_that_stops_half_way_is_taken_back_whole(make: Make) -> None:
    bench = make("ruijie", OLD, (*NEW, (40, "bogus")))
    error = bench.act(Phase.SURVEY, Phase.PREPARE, Phase.COMMIT)
    assert isinstance(error, Refused)
    assert vlans(bench) != wanted(OLD), "what came before the error is in force"
    assert bench.act(Phase.CANCEL, Phase.RELEASE) is None
    assert vlans(bench) == wanted(OLD)


def test_an_edit_that_h3c_loses_is_found_out(make: Make) -> None:
    assert isinstance(make("h3c", lies=True).act(*ALL), Diverged)


def test_h3c_is_rolled_back_to_the_file_saved_before_the_edit(make: Make) -> None:
    bench = make("h3c")
    assert bench.act(*ALL) is None
    assert bench.site.guarantee.text.startswith("best effort: direct edit of running, rolled back to a file")
    assert bench.act(Phase.CANCEL) is None
    assert "rollback" in bench.box.seen
    assert vlans(bench) == wanted(OLD)


def test_the_guarantee_of_huawei_is_its_confirmed_commit(make: Make) -> None:
    bench = make("huawei-yang")
    assert bench.act(Phase.SURVEY) is None
    assert bench.site.guarantee.text == "confirmed commit, persist (huawei-yang)"


@pytest.mark.parametrize(
    ("capabilities", "name"),
    [
        (
            ("urn:huawei:yang:huawei-ifm?module=huawei-ifm", "http://www.huawei.com/netconf/vrp"),
            "huawei-yang",
        ),
        (("http://www.huawei.com/netconf/capability/sync/1.0",), "huawei-vrp"),
        (("urn:h3c:params:netconf:capability:h3c-save:1.0",), "h3c"),
        (("urn:ietf:params:netconf:base:1.1",), None),
    ],
)
def test_the_schema_is_chosen_by_the_hello(capabilities: tuple[str, ...], name: str | None) -> None:
    found = vendor_of(capabilities)
    assert (found.name if found else None) == name
