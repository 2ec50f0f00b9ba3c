"""One folder = one plan that must load, be designed and be rendered without a complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from parkops.design import design
from parkops.model import Role
from parkops.plan import load, parse
from parkops.render import render

CASES = sorted(path for path in (Path(__file__).parent / "good").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_good_plan(case: Path) -> None:
    park, lock = design(load(case / "park.yaml"), {})
    assert park.devices
    assert lock["management"]
    assert render(park)


def _park(name: str):
    return design(load(Path(__file__).parent / "good" / name / "park.yaml"), {})[0]


def test_base_plan_loads(base_text: str) -> None:
    assert parse(base_text).plan.park.id == "small"


def test_byte_order_mark_and_windows_line_ends(base_text: str) -> None:
    windows = parse("\ufeff" + base_text.replace("\n", "\r\n"))
    assert windows.plan == parse(base_text).plan


def test_merge_keys_and_anchors(base_text: str) -> None:
    merged = base_text.replace(
        "  office: {title: 办公区, kind: enterprise}", "  office: &e {title: 办公区, kind: enterprise}"
    ).replace("  video: {title: 视频区, kind: public-service}", "  video: {<<: *e, kind: public-service}")
    zone = parse(merged).plan.zones["video"]
    assert (zone.title, zone.kind) == ("办公区", "public-service")


def test_chinese_names_reach_the_park() -> None:
    park = _park("chinese-everywhere")
    assert park.title == "滨江工业互联网园区（一期）"
    assert park.device("hx-p1-plc").title == "可编程控制器「主轴」"
    assert {flow.owner for flow in park.flows} == {"生产部·一班", '信息部："网络"组'}


def test_minimal_plan_has_one_of_everything() -> None:
    park = _park("minimal")
    count = {role: sum(device.role is role for device in park.devices) for role in Role}
    assert count[Role.CORE] == 1
    assert count[Role.BOUNDARY] == 1
    assert count[Role.ENDPOINT] == 0


def test_four_cores_are_fully_meshed() -> None:
    park = _park("four-cores")
    cores = {device.name for device in park.devices if device.role is Role.CORE}
    assert len(cores) == 4
    mesh = [link for link in park.links if {link.a_device, link.b_device} <= cores]
    assert len(mesh) == 6


def test_ring_of_five_closes() -> None:
    ring = _park("ring-of-five").rings[0]
    assert len(ring.devices) == len(ring.links) == 5
