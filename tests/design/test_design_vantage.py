"""Flows are watched from a node of their source; what no flow allows is watched from there, too."""

from __future__ import annotations

import pytest

from parkops.design import design
from parkops.errors import ProblemsError
from parkops.model import Park
from parkops.plan import parse

EDGE = "reason: 上网, owner: 信息部}"
TO_OPERATIONS = (
    f"{EDGE}\n  up: {{from: plant, to: operations, service: [tcp/9090], reason: 上报, owner: 生产部}}"
)


@pytest.fixture
def park(base_text: str):
    """Design the base plan with edits (find, put) and further text."""

    def build(*edits: tuple[str, str], append: str = "") -> Park:
        text = base_text
        for find, put in edits:
            assert text.count(find) == 1
            text = text.replace(find, put)
        return design(parse(text + append), {})[0]

    return build


def watched(built: Park) -> dict[str, tuple[str, str, int, str]]:
    return {t.id: (t.vantage, t.address, t.port, t.param("expect")) for t in built.targets if t.vantage}


def test_a_flow_is_watched_from_its_source_and_the_rest_is_watched_to_be_blocked(park) -> None:
    built = park((EDGE, TO_OPERATIONS))
    found = watched(built)
    address = built.device("mgmt-1").interface("eth1").ipv4.partition("/")[0]
    assert found["flow/up/tcp/9090"] == ("ac-p1-gw-1", address, 9090, "")
    address = built.device("mgmt-1").interface("eth1").ipv6.partition("/")[0]
    assert found["flow/up/tcp/9090/ipv6"] == ("ac-p1-gw-1", address, 9090, "")
    blocked = {name: entry for name, entry in found.items() if entry[3] == "blocked"}
    names = {
        "forbidden/ac-p1-gw-1/pub-camera/tcp/554",
        "forbidden/mgmt-1/ac-p1-gw-1/tcp/1883",
        "forbidden/mgmt-1/pub-camera/tcp/554",
    }
    assert set(blocked) == names | {f"{name}/ipv6" for name in names}
    assert all((":" in found[name][1]) is name.endswith("/ipv6") for name in found)
    # what the flow allows is not expected to be blocked, and a node is no proof of its own service
    assert "forbidden/ac-p1-gw-1/mgmt-1/tcp/9090" not in found
    assert "flow/telemetry/tcp/1883" not in found


def test_what_is_blocked_agrees_with_what_the_lab_tries(demo_park: Park) -> None:
    allowed = {(e.src_device, e.dst_address, e.port) for e in demo_park.expectations if e.allowed}
    targets = [target for target in demo_park.targets if target.vantage]
    for target in targets:
        passes = (target.vantage, target.address, target.port) in allowed
        assert passes is (target.param("expect") != "blocked"), target.id
    assert {t.vantage for t in targets} == {"ec-1", "hx-p1-gw-1", "id-1", "mgmt-1"}


def test_without_a_node_nothing_is_derived_and_the_design_says_so(park) -> None:
    built = park()
    advice = [item.what for item in built.advice if item.topic == "vantage"]
    assert advice == [
        "no node in 'office' can probe from there: nothing measures from its source read-plc, web"
    ]
    assert not any("/ac-hq-pc/" in target.id and target.vantage == "" for target in built.targets)


def test_the_plan_chooses_the_node_or_none(park) -> None:
    built = park((EDGE, TO_OPERATIONS), append="monitoring: {vantage: {plant: none}}\n")
    assert {entry[0] for entry in watched(built).values()} == {"mgmt-1"}
    assert not any("'plant'" in item.what for item in built.advice if item.topic == "vantage")
    with pytest.raises(ProblemsError, match="no node that can probe from zone 'plant'"):
        park(append="monitoring: {vantage: {plant: mgmt-1}}\n")


def test_one_way_flows_and_unanswered_datagrams_are_not_watched(park) -> None:
    udp = TO_OPERATIONS.replace("tcp/9090", "udp/514")
    assert not any(name.startswith("flow/up") for name in watched(park((EDGE, udp))))
