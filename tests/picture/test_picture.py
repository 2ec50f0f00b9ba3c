"""The park as a picture: everything is shown, nothing overlaps, and any text is safe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from parkops.model import Park, Workspace
from parkops.picture import Layout, lay_out, mermaid, svg, view
from parkops.picture.layout import BOX_H, BOX_W
from parkops.pipeline import design_park

DEMO = Path(__file__).parents[2] / "inventories" / "demo"


@pytest.fixture(scope="module")
def park() -> Park:
    return design_park(Workspace(DEMO))[0]


def test_a_small_park_shows_every_device_and_cable(park: Park) -> None:
    seen = view(park)
    assert {node.id for node in seen.nodes} == {device.name for device in park.devices}
    assert sum(edge.count for edge in seen.edges) == len(park.links)
    assert seen.folded == ""


@pytest.mark.parametrize("limit", [30, 25, 15, 8])
def test_a_large_park_is_folded_until_it_fits_and_counts_every_device(park: Park, limit: int) -> None:
    seen = view(park, limit=limit)
    assert len(seen.nodes) <= max(limit, 10)
    assert sum(node.count for node in seen.nodes) == len(park.devices)
    assert seen.folded


@pytest.mark.parametrize("limit", [150, 15])
def test_no_two_boxes_overlap_and_all_stand_inside(park: Park, limit: int) -> None:
    layout = lay_out(view(park, limit=limit))
    for number, box in enumerate(layout.boxes):
        assert 0 <= box.x <= layout.width - BOX_W
        assert 0 <= box.y <= layout.height - BOX_H
        for other in layout.boxes[number + 1 :]:
            assert abs(box.x - other.x) >= BOX_W or abs(box.y - other.y) >= BOX_H, (box, other)


def test_in_several_bands_a_box_names_what_it_hangs_on_instead_of_a_line(
    park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parkops.picture.layout.BAND_W", 900.0)
    seen = view(park)
    layout = lay_out(seen)
    assert {line.edge for line in layout.lines} < set(seen.edges)
    said = {stub.uppers for stub in layout.stubs}
    assert ("core-1", "core-2") in said
    drawn = sum(line.edge.count for line in layout.lines)
    assert drawn + sum(len(stub.uppers) for stub in layout.stubs) <= len(park.links)
    assert "↑ core-1, core-2" in svg(layout)


def test_one_tenant_only(park: Park) -> None:
    own = [device for device in park.devices if device.tenant == "yuntai"]
    seen = view(park, own)
    assert {node.owner for node in seen.nodes} == {"yuntai"}


def test_the_same_park_gives_the_same_picture(park: Park) -> None:
    assert svg(lay_out(view(park))) == svg(lay_out(view(park)))


def _retitled(park: Park, text: str) -> Park:
    first, *rest = park.devices
    return replace(park, title=text, operator=text, devices=(replace(first, title=text), *rest))


@given(text=st.text(min_size=1, max_size=60))
def test_no_text_breaks_the_svg(park: Park, text: str) -> None:
    layout: Layout = lay_out(view(_retitled(park, text)))
    root = etree.fromstring(svg(layout).encode())
    plain = etree.fromstring(svg(lay_out(view(park))).encode())
    assert len(list(root.iter())) == len(list(plain.iter()))


@given(text=st.text(min_size=1, max_size=60))
def test_no_text_adds_a_line_to_the_mermaid_chart_or_leaves_its_quotes(park: Park, text: str) -> None:
    lines = mermaid(view(_retitled(park, text))).splitlines()
    assert len(lines) == len(mermaid(view(park)).splitlines())
    for line in lines[4:]:
        assert line.count('"') in (0, 2), line
