"""What holds for parks of every section: what is taken away or added moves nothing that stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from design_parks import shuffled
from design_whole import WHOLE, cuts, designed, lacking, parts, whole, without
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkops.model import Park
from parkops.render import render

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
EACH = pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.stem)


def allocations(park: Park) -> dict[str, object]:
    """Return every number that is given out, by what it is given to."""
    found: dict[str, object] = {}
    for device in park.devices:
        name = device.name
        found[f"{name} management"] = device.management_ipv4
        found[f"{name} loopback"] = (device.loopback_ipv4, device.loopback_ipv6)
        if device.routing.bgp:
            found[f"{name} AS"] = device.routing.bgp.asn
        for port in device.interfaces:
            if port.link:
                found[f"{name} {port.link}"] = port.name
            if port.link and port.segment:
                found[f"{name} {port.link} in {port.segment}"] = (port.ipv4, port.ipv6, port.pvid)
        for rule in device.rules:
            found[f"{name} rule {rule.flow}"] = rule.id
        for vrf in device.vrfs:
            found[f"{name} VRF {vrf.name}"] = (vrf.rd, vrf.l3_vni, vrf.l3_vlan)
    for segment in park.segments:
        found[f"segment {segment.id}"] = (segment.vlan, segment.vni, segment.ipv4, segment.ipv6)
    for vpn in park.vpns:
        found[f"{vpn.device} VPN {vpn.id}"] = (vpn.ipv4, vpn.ipv6, vpn.interface)
        for user, _, address in vpn.peers:
            found[f"{vpn.device} VPN {vpn.id} of {user}"] = address
    return found


@EACH
@FEW
@given(data=st.data())
def test_parts_come_and_go_and_the_rest_stays(file: Path, data: st.DataObject) -> None:
    before, after = lacking(file, data.draw(cuts(file))), lacking(file, data.draw(cuts(file)))
    first, lock = designed(before)
    second, grown = designed(after, lock)
    old, new = allocations(first), allocations(second)
    moved = {key: (old[key], new[key]) for key in old.keys() & new.keys() if old[key] != new[key]}
    assert not moved
    again, same = designed(before, grown)
    assert allocations(again) == old
    assert same == grown


@EACH
@FEW
@given(data=st.data())
def test_the_order_of_keys_does_not_matter(file: Path, data: st.DataObject) -> None:
    tree = lacking(file, data.draw(cuts(file)))
    park, lock = designed(tree)
    other, other_lock = designed(shuffled(tree, data.draw(st.integers(0, 9))))
    assert lock == other_lock
    assert [(item.path, item.text) for item in render(park)] == [
        (item.path, item.text) for item in render(other)
    ]


@EACH
def test_most_parts_can_be_taken_away(file: Path) -> None:
    """The draw is no empty promise: of each kind of part one at least goes, alone."""
    kinds: dict[str, bool] = {}
    for part in parts(file):
        kind = part[-2] if len(part) > 1 else part[0]
        if not kinds.get(kind):
            kinds[kind] = without(whole(file), part) is not None
    assert {kind for kind, goes in kinds.items() if not goes} <= {
        "circuits",
        "flows",
    }  # the last ones of a plan stay
