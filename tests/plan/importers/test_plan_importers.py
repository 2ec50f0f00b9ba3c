"""Plans from NetBox and from workbooks: they validate, keep what is in use, and say what found no place."""

from __future__ import annotations

import sys
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from netbox_recording import TOKEN, serving

from parkops.cli import cli
from parkops.errors import ParkopsError, UsageError
from parkops.model import Park, Workspace
from parkops.pipeline import design_park
from parkops.plan.importers import compose, plan_text
from parkops.plan.importers.netbox import read_netbox
from parkops.plan.importers.survey import Found, FoundSegment, Names, Survey, role_of
from parkops.plan.importers.xlsx import read_xlsx, template

DEMO = Path(__file__).parents[3] / "inventories" / "demo"


def _run(*arguments: str | Path) -> str:
    answer = CliRunner().invoke(cli, [*map(str, arguments)], catch_exceptions=True)
    if isinstance(answer.exception, ParkopsError):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.stdout.split())


@pytest.fixture(scope="module")
def netbox() -> Survey:
    with serving() as url:
        return read_netbox(url, TOKEN)


@pytest.fixture(scope="module")
def imported(netbox: Survey, tmp_path_factory: pytest.TempPathFactory) -> tuple[Park, tuple[str, ...]]:
    folder = tmp_path_factory.mktemp("netbox")
    found = compose(netbox, "from-netbox")
    from parkops.design import lock_text

    (folder / "park.yaml").write_text(plan_text(found, "NetBox"), encoding="utf-8")
    (folder / "park.lock").write_text(lock_text(found.lock), encoding="utf-8")
    return design_park(Workspace(folder))[0], found.notes


def test_netboxs_ring_is_a_ring(imported: tuple[Park, tuple[str, ...]]) -> None:
    park, _ = imported
    assert [ring.devices for ring in park.rings] == [("hx-p1-sw-1", "hx-p1-sw-2", "hx-p1-sw-3")]


def test_vlans_prefixes_and_addresses_of_netbox_stay(imported: tuple[Park, tuple[str, ...]]) -> None:
    park, _ = imported
    control = next(segment for segment in park.segments if segment.id == "huaxing.p1.control")
    assert (control.vlan, control.ipv4) == (310, "10.40.10.0/24")
    assert park.device("hx-p1-plc").interfaces[0].ipv4 == "10.40.10.21/24"
    assert park.device("core-1").management_address == "172.31.4.11"
    assert park.device("hx-bd-1").management_address == "172.31.4.21"
    assert [group.count for group in park.groups if group.id == "huaxing.p1.plc"] == [2]
    assert park.device("hx-p1-sw-1").model == "S5735-L24"


@pytest.mark.parametrize(
    "note",
    [
        "hx-crane: there is no place for the role 'overhead-crane'",
        "device 11: it has no name",
        "prefix 10.40.99.0/24: it belongs to no VLAN",
        "huaxing.p1.office: 10.40.20.0/23 is no private /24; it gets another prefix",
        "core-a is called core-1 in the plan",
    ],
)
def test_what_found_no_place_is_said(imported: tuple[Park, tuple[str, ...]], note: str) -> None:
    assert note in imported[1]


def test_a_container_prefix_needs_no_place(imported: tuple[Park, tuple[str, ...]]) -> None:
    assert not [note for note in imported[1] if "10.40.0.0/14" in note]


def test_import_on_the_command_line_never_overwrites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)
    target = tmp_path / "park"
    with serving() as url:
        arguments = ("import", "netbox", target, "--url", url, "--token", "env:NETBOX_TOKEN")
        assert "1 tenants" in _run(*arguments)
        before = (target / "park.yaml").read_bytes()
        assert TOKEN.encode() not in before
        with pytest.raises(UsageError, match="there is a plan already"):
            _run(*arguments)
        assert (target / "park.yaml").read_bytes() == before
        _run(*arguments, "--force")
    assert "valid" in _run("-p", target, "validate")


@pytest.mark.parametrize(
    ("token", "what"), [("wrong", "check the token and its permissions"), ("", "check the token")]
)
def test_netbox_that_refuses_is_told(token: str, what: str) -> None:
    with serving() as url, pytest.raises(UsageError, match=what):
        read_netbox(url, token)


def test_netbox_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="NetBox does not answer"):
        read_netbox("http://127.0.0.1:9", TOKEN)


def test_a_token_on_the_command_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a token is given by reference"):
        _run("import", "netbox", tmp_path / "p", "--url", "http://127.0.0.1:9", "--token", TOKEN)


def test_the_workbook_of_the_demo_park_comes_back(tmp_path: Path) -> None:
    _run("-p", DEMO, "show", "--xlsx", tmp_path / "demo.xlsx")
    _run("import", "xlsx", tmp_path / "back", tmp_path / "demo.xlsx")
    back, demo = design_park(Workspace(tmp_path / "back"))[0], design_park(Workspace(DEMO))[0]
    kept = {segment.id: (segment.vlan, segment.ipv4, segment.ipv6) for segment in back.segments}
    for segment in demo.segments:
        if segment.tenant:
            assert kept[segment.id] == (segment.vlan, segment.ipv4, segment.ipv6)
    for name in ("hx-bd-1", "hx-p1-sw-2", "core-2"):
        assert back.device(name).management_ipv4 == demo.device(name).management_ipv4
    assert back.device("hx-p1-plc").interfaces[0].ipv4 == demo.device("hx-p1-plc").interfaces[0].ipv4


def test_the_template_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(template())
    _run("import", "xlsx", tmp_path / "park", tmp_path / "t.xlsx")
    park = design_park(Workspace(tmp_path / "park"))[0]
    assert park.device("hx-p1-plc").interfaces[0].ipv4 == "10.16.10.21/24"


def _spoilt(path: Path, sheet: int, cell: str, value: str) -> Path:
    path.write_bytes(template())
    book = openpyxl.load_workbook(path)
    book.worksheets[sheet][cell] = value
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "told"),
    [
        (1, "B2", "5000", "segments row 2: '5000' is no VLAN (1 to 4094)"),
        (1, "F2", "10.16.10.0/33", "row 2, column ipv4: '10.16.10.0/33'"),
        (0, "E3", "172.31.0.300", "row 3, column management: '172.31.0.300'"),
        (0, "B1", "kind", "sheet devices has no column 'role'"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, sheet: int, cell: str, value: str, told: str) -> None:
    path = _spoilt(tmp_path / "t.xlsx", sheet, cell, value)
    with pytest.raises(UsageError) as error:
        read_xlsx(path)
    assert told in str(error.value)


def test_what_is_no_workbook_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_text("a,b\n", encoding="utf-8")
    (tmp_path / "t.csv").write_text("a,b\n", encoding="utf-8")
    for name, told in (
        ("t.xlsx", "this is no XLSX"),
        ("t.csv", "this is no XLSX"),
        ("n.xlsx", "no such file"),
    ):
        with pytest.raises(UsageError, match=told):
            read_xlsx(tmp_path / name)


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynetbox", None)
    with pytest.raises(ParkopsError, match=r"parkops\[netbox\]"):
        read_netbox("http://127.0.0.1:9", TOKEN)


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("Core Router", "core"),
        ("access_switch", "switch"),
        ("一号防火墙", "firewall"),
        ("plc", "machines"),
        ("edge-gateway", "edge-gateway"),
        ("overhead-crane", ""),
        ("appliance", ""),  # "ap" is only a part of it
    ],
)
def test_roles_by_word(word: str, role: str) -> None:
    assert role_of(word) == role


NAMES = st.text(min_size=1, max_size=230)
SEGMENTS = st.builds(
    FoundSegment,
    name=NAMES,
    vlan=st.integers(2, 4094),
    tenant=st.sampled_from(["a", "乙", "svc"]),
    site=st.sampled_from(["p1", "办公"]),
    zone=st.sampled_from(["", "x-control", "控制区"]),
    ipv4=st.sampled_from(["", "10.1.2.0/24", "10.1.3.0/24", "192.0.2.0/28", "8.8.8.0/24"]),
    ipv6=st.sampled_from(["", "fd00:1:0:2::/64", "2001:db8::/56"]),
    title=NAMES,
)
DEVICES = st.builds(
    Found,
    name=NAMES,
    role=st.sampled_from(["switch", "plc", "firewall", "core", "camera", "x", "edge-gateway"]),
    tenant=st.sampled_from(["", "a", "乙", "svc"]),
    site=st.sampled_from(["", "p1", "办公"]),
    title=NAMES,
    management=st.sampled_from(["", "172.31.9.4", "172.31.9.5/24", "10.9.9.9"]),
    vlan=st.sampled_from([0, 10, 20]),
    address=st.sampled_from(["", "10.1.2.20/24", "10.1.2.3/24"]),
)


@given(
    segments=st.lists(SEGMENTS, min_size=1, max_size=5, unique_by=lambda segment: segment.vlan),
    devices=st.lists(DEVICES, max_size=8, unique_by=lambda device: device.name),
)
def test_whatever_was_found_the_plan_validates(
    segments: list[FoundSegment], devices: list[Found], tmp_path_factory: pytest.TempPathFactory
) -> None:
    from parkops.design import lock_text

    survey = Survey("导入", {"a": "甲", "乙": "乙", "svc": "丙"}, {}, tuple(devices), tuple(segments))
    found = compose(survey)
    folder = tmp_path_factory.mktemp("any")
    (folder / "park.yaml").write_text(plan_text(found, "a test"), encoding="utf-8")
    (folder / "park.lock").write_text(lock_text(found.lock), encoding="utf-8")
    park, _ = design_park(Workspace(folder))
    for segment in segments:
        assert any(s.vlan == segment.vlan for s in park.segments) or any(
            f"VLAN {segment.vlan} " in note for note in found.notes
        )


@given(names=st.lists(NAMES, max_size=20))
def test_ids_are_unique_and_valid(names: list[str]) -> None:
    import re

    ids = Names("x")
    given_ids = {name: ids.of(name) for name in names}
    assert len(set(given_ids.values())) == len(given_ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{0,23}", made) for made in given_ids.values())
