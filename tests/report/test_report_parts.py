"""The pictures and tables behind the page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from assess_park import NOW, device, good_evidence, good_park, link

from parkops.model import EvidenceSet, Interval, Reach, Role, State
from parkops.report import reach, timeline, topology, words
from parkops.report.view import duration, number, stamp


def test_no_two_boxes_overlap():
    park = good_park()
    boxes = topology.draw(park, EvidenceSet()).boxes
    assert len(boxes) == len(park.devices)
    for n, a in enumerate(boxes):
        for b in boxes[n + 1 :]:
            apart = a.x + a.w <= b.x or b.x + b.w <= a.x or a.y + a.h <= b.y or b.y + b.h <= a.y
            assert apart, (a.name, b.name)


@pytest.mark.parametrize("role", list(Role))
def test_a_device_of_any_role_has_a_place_and_a_word(role):
    park = good_park()
    more = device("x-1", role, tenant="a")
    boxes = topology.draw(replace(park, devices=(*park.devices, more), _index={}), EvidenceSet()).boxes
    assert "x-1" in {box.name for box in boxes}
    assert role.value in words.ROLES


def test_everything_lies_inside_the_picture():
    picture = topology.draw(good_park(), EvidenceSet())
    assert all(b.x >= 0 and b.x + b.w <= picture.width and b.y + b.h <= picture.height for b in picture.boxes)
    assert all(c.x + c.w <= picture.width and c.y + c.h <= picture.height for c in picture.columns)


def test_state_of_devices_and_cables():
    park = good_park()
    evidence = good_evidence(park)
    fault = [
        Interval(name, NOW - 5, NOW, State.DOWN, open=True) for name in ("core-1/icmp", "a-sw-1/link/a-sw-2")
    ]
    picture = topology.draw(park, replace(evidence, intervals=(*evidence.intervals, *fault)))
    states = {box.name: box.state for box in picture.boxes}
    assert (states["core-1"], states["core-2"], states["a-plc"]) == ("down", "up", "unmanaged")
    wires = {wire.label.partition(" (")[0]: wire.state for wire in picture.wires}
    assert wires["a-sw-1 l1 – a-sw-2 l1"] == "down"
    assert wires["a-sw-2 l1 – a-sw-3 l1"] == "up"
    assert {box.state for box in topology.draw(park, EvidenceSet()).boxes} == {"unknown", "unmanaged"}


def test_a_large_park_leaves_endpoints_out_and_says_so():
    park = good_park()
    more = tuple(device(f"h-{n}", Role.ENDPOINT, tenant="a") for n in range(300))
    picture = topology.draw(replace(park, devices=(*park.devices, *more)), EvidenceSet())
    assert picture.hidden >= 300
    assert "core-1" in {box.name for box in picture.boxes}


def test_one_device_or_none_can_be_drawn():
    park = replace(
        good_park(), devices=(device("core-1", Role.CORE),), links=(link("core-1", "gone", "uplink"),)
    )
    assert len(topology.draw(park, EvidenceSet()).boxes) == 1
    assert topology.draw(replace(park, devices=()), EvidenceSet()).boxes == ()


def test_timeline_shows_outages_longest_first_and_counts_the_steady():
    intervals = (
        Interval("a", 0, 100, State.UP),
        Interval("b", 0, 50, State.UP),
        Interval("b", 50, 50.01, State.DOWN, "short"),
        Interval("b", 50.01, 100, State.UP),
        Interval("c", 0, 60, State.UP),
        Interval("c", 60, 90, State.DOWN, "long"),
        Interval("c", 90, 100, State.UNKNOWN),
    )
    found = timeline.lay_out(EvidenceSet(intervals=intervals))
    assert found is not None
    assert [row.target for row in found.rows] == ["c", "b"]
    assert found.steady == 1
    short = found.rows[1].bars[1]
    assert short.width == timeline.SMALLEST_SHARE
    assert all(bar.left >= 0 and bar.left + bar.width <= 1 + 1e-9 for row in found.rows for bar in row.bars)
    assert timeline.lay_out(EvidenceSet()) is None


def test_a_single_moment_is_a_timeline():
    found = timeline.lay_out(EvidenceSet(intervals=(Interval("a", 5, 5, State.DOWN),)))
    assert found is not None
    assert found.rows[0].bars[0].width <= 1


def test_matrix_tells_held_broken_and_untried():
    park = good_park()
    evidence = good_evidence(park)
    newer = (Reach("inet-1>a-plc:4840", True, NOW), Reach("a-plc>ec-1:8883", None, NOW))
    matrix = reach.fold(park, replace(evidence, reach=(*evidence.reach, *newer)))
    assert matrix.cells["outside", "a-control"].state == "broken"
    assert matrix.cells["a-control", "edge"].state == "untried"
    assert matrix.cells["a-control", "outside"].state == "closed"
    assert matrix.cells["a-office", "identifier"].state == "open"
    assert matrix.count(allowed=False, verdict="broken") == 1
    assert matrix.count(allowed=True) == 11


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.25, "0.2 s"), (119, "119.0 s"), (150, "2.5 min"), (86_400 * 3, "3.0 d")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_numbers_and_times():
    assert [number(x) for x in (None, 0, 10, 52.63157, 120000)] == ["–", "0", "10", "52.6", "120,000"]
    assert (stamp(None), stamp(0)) == ("", "1970-01-01 00:00:00Z")


def test_the_newest_state_is_the_one_that_began_last() -> None:
    from parkops.report.topology import _latest

    down = Interval("a/icmp", 0.0, 10.0, State.DOWN)
    up = Interval("a/icmp", 10.0, 10.0, State.UP, open=True)  # one good answer so far: no length yet
    assert _latest([down, up])["a/icmp"] is up
    assert _latest([up, down])["a/icmp"] is up
