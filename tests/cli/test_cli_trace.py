"""Selections of `render`, a user's own platforms, and `trace` in all its directions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def files(said) -> list[str]:
    return json.loads(said.out)["changed"]


def test_render_selects_by_device_tenant_and_role(parkops, demo: Path) -> None:
    def chosen(*options: str) -> set[str]:
        said = parkops("-p", demo, "render", "--check", "--json", *options)
        return {path.partition("/")[0] for path in files(said)}

    assert chosen("--device", "core-1", "--device", "fw-1") == {"core-1", "fw-1"}
    assert chosen("--role", "core") == {"core-1", "core-2"}
    huaxing = chosen("--tenant", "huaxing")
    assert "hx-bd-1" in huaxing
    assert not huaxing & {"core-1", "yt-bd-1"}
    assert chosen("--tenant", "huaxing", "--role", "boundary") == {"hx-bd-1"}


def test_a_selection_leaves_all_other_files_alone(parkops, demo: Path) -> None:
    parkops("-p", demo, "render")
    build = demo / "build" / "demo"
    for name in ("core-1", "core-2"):
        (build / name / "frr.conf").write_text("by hand")
    assert files(parkops("-p", demo, "render", "--device", "core-1", "--json")) == ["core-1/frr.conf"]
    assert (build / "core-2" / "frr.conf").read_text() == "by hand"
    assert files(parkops("-p", demo, "render", "--json")) == ["core-2/frr.conf"]


def test_changed_renders_what_the_plan_changed(parkops, demo: Path) -> None:
    parkops("-p", demo, "render")
    plan = demo / "park.yaml"
    text = plan.read_text().replace("reason: 员工上网, owner: 云台信息部", "reason: 上网, owner: 云台信息部")
    plan.write_text("# a line more\n" + text)
    assert set(files(parkops("-p", demo, "render", "--changed", "--json"))) == {
        "fw-1/files/etc/nftables.conf",
        "yt-bd-1/files/etc/nftables.conf",
    }
    assert files(parkops("-p", demo, "render", "--changed", "--json")) == []
    assert files(parkops("-p", demo, "render", "--json")) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--role", "cor"), "cor: no such role: did you mean 'core'?"),
        (("--tenant", "huaxin"), "huaxin: no such tenant: did you mean 'huaxing'?"),
        (("--device", "core-9"), "core-9: no such managed device: did you mean 'core-"),
        (("--platforms", "/nowhere"), "/nowhere: no such folder of platforms"),
    ],
)
def test_a_wrong_selection_is_told(options, said: str, parkops, demo: Path) -> None:
    result = parkops("-p", demo, "render", *options)
    assert result.code == 2
    assert said in result.err


@pytest.mark.parametrize("before", [True, False])
def test_a_users_own_templates_are_used(before: bool, parkops, demo: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "linux").mkdir(parents=True)
    (own / "linux" / "issue.net.j2").write_text("{{ device.name }}: keep out\n")
    parkops("-p", demo, "render")
    option = ("--platforms", own)
    call = (*option, "render", "--json") if before else ("render", *option, "--json")
    changed = files(parkops("-p", demo, *call))
    assert changed
    assert {Path(path).name for path in changed} == {"issue.net"}
    assert files(parkops("-p", demo, "render", "--json")) == changed


def test_trace_tells_plan_line_value_and_requirements(parkops, demo: Path) -> None:
    parkops("-p", demo, "render")
    rows = (demo / "build" / "demo" / "hx-bd-1" / "files" / "etc" / "nftables.conf").read_text().splitlines()
    number = next(i for i, row in enumerate(rows, 1) if "comment" in row and "hx-edge" in row)
    said = parkops("-p", demo, "trace", f"hx-bd-1/nftables.conf:{number}", "--json")
    document = json.loads(said.out)
    block, place = next(
        (item, place)
        for item in document["origins"]
        for place in item["plan"]
        if place["path"] == "flows.hx-edge"
    )
    plan = (demo / "park.yaml").read_text().splitlines()
    assert document["text"] == rows[number - 1]
    assert (place["path"], place["value"]) == ("flows.hx-edge", plan[place["line"] - 1].strip())
    assert "MLPS-AB-AC-04" in block["requirements"]
    shown = parkops("-p", demo, "trace", f"hx-bd-1/nftables.conf:{number}").out
    assert f"park.yaml:{place['line']}:3 flows.hx-edge" in shown
    assert "MLPS-AB-AC-04 会话状态检测" in shown


def test_trace_finds_the_same_block_from_the_plan_and_from_the_requirement(parkops, demo: Path) -> None:
    by_plan = json.loads(parkops("-p", demo, "trace", "--plan", "flows.hx-edge", "--json").out)["blocks"]
    rules = [item for item in by_plan if item["file"].endswith("nftables.conf")]
    assert {item["file"].partition("/")[0] for item in rules} == {"hx-bd-1", "fw-1", "ec-1"}
    said = parkops("-p", demo, "trace", "--requirement", "MLPS-AB-AC-04", "--json")
    by_name = json.loads(said.out)["blocks"]
    assert all(item in by_name for item in rules)
    assert f"{len(by_plan)} blocks" in parkops("-p", demo, "trace", "--plan", "flows.hx-edge").out


def test_trace_of_a_single_configuration_needs_no_file(parkops, demo: Path) -> None:
    said = parkops("-p", demo, "trace", "core-1:1")
    assert (said.code, "core-1/frr.conf:1: frr defaults" in said.out) == (0, True)
    assert "no plan path asked for this line" in said.out


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ((), "trace: name one of DEVICE:LINE, --plan PATH, --requirement ID"),
        (("core-1",), "core-1: not DEVICE:LINE or DEVICE/FILE:LINE"),
        (("core-1:x",), "core-1:x: not DEVICE:LINE"),
        (("core-1:9999",), "core-1:9999: core-1/frr.conf has "),
        (("core-9:1",), "core-9: no such managed device"),
        (("fw-1:1",), "fw-1: 0 configurations: name one as fw-1/FILE:LINE: files/etc/chrony/chrony.conf, "),
        (("fw-1/nft.conf:1",), "fw-1: 0 files end with 'nft.conf'"),
        (
            ("--plan", "flow.hx-edge"),
            "flow.hx-edge: nothing is rendered for it: did you mean 'flows.hx-edge'?",
        ),
        (("--requirement", "MLPS-AB-AC-4"), "MLPS-AB-AC-4: nothing is rendered for it: did you mean"),
    ],
)
def test_a_wrong_call_of_trace_is_told(call, said: str, parkops, demo: Path) -> None:
    result = parkops("-p", demo, "trace", *call)
    assert result.code == 2
    assert said in result.err


def test_trace_ends_with_1_where_nothing_is_rendered_for_a_path(parkops, demo: Path) -> None:
    said = parkops("-p", demo, "trace", "--plan", "zones.internet")
    assert (said.code, "0 blocks" in said.out, said.err) == (1, True, "")
