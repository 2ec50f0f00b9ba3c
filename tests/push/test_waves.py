"""Waves keep redundancy, start with canaries and go the way the change needs, on parks of many shapes."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from park import SOURCE

from parkops.model import Access, Device, Expectation, Interface, Link, Park, PortMode, Role
from parkops.push.waves import at_risk, groups_of, grows, plan_waves

CORES = ("core-1", "core-2")


def cable(a: str, b: str, kind: str = "uplink") -> Link:
    return Link(f"{a}--{b}", a, "x", b, "x", kind)


@st.composite
def parks(draw: st.DrawFn) -> Park:
    """A pair of cores, tenants with a boundary each, sites with a ring of switches, an endpoint on each."""
    devices = [Device(name, Role.CORE, "frr", SOURCE, management_ipv4="192.0.2.1/24") for name in CORES]
    links, flows, ends = [cable(*CORES, "backbone")], list[Expectation](), list[str]()
    for tenant in range(draw(st.integers(1, 3))):
        boundary = f"t{tenant}-bd"
        devices.append(_device(boundary, Role.BOUNDARY, "linux", f"t{tenant}"))
        links += [cable(boundary, core, "backbone") for core in CORES]
        ring = [f"t{tenant}-sw-{n}" for n in range(draw(st.integers(3, 6)))]
        for number, name in enumerate(ring):
            devices.append(_device(name, Role.RING_SWITCH, "ietf", f"t{tenant}", f"ring-{tenant}"))
            links.append(cable(name, ring[number - 1], "ring"))
            end = f"{name}-end"
            devices.append(Device(end, Role.ENDPOINT, "host", SOURCE))
            links.append(cable(end, name, "access"))
            ends.append(end)
        links.append(cable(boundary, ring[0]))
    for src, dst in combinations(draw(st.lists(st.sampled_from(ends), unique=True, max_size=6)), 2):
        flows.append(Expectation(f"{src}>{dst}", src, dst, "192.0.2.9", "tcp", 80, True, "f", ""))
    return Park(
        name="p", title="", operator="", plan_file="", plan_digest="", horizon_years=3, growth_percent=0.0,
        management_network="", management_gateway="", access=Access(), source=SOURCE,
        devices=tuple(sorted(devices, key=lambda one: one.name)), links=tuple(links),
        expectations=tuple(flows),
    )  # fmt: skip


def _device(name: str, role: Role, platform: str, tenant: str, ring: str = "") -> Device:
    ports = (Interface("p1", PortMode.TRUNK, ring=ring),) if ring else ()
    return Device(
        name, role, platform, SOURCE, tenant=tenant, site=tenant, management_ipv4="192.0.2.1/24",
        ring=ring, interfaces=ports,
    )  # fmt: skip


@st.composite
def changes(draw: st.DrawFn) -> tuple[Park, list[str], bool]:
    park = draw(parks())
    names = [device.name for device in park.managed]
    return park, draw(st.lists(st.sampled_from(names), unique=True, min_size=1)), draw(st.booleans())


@settings(max_examples=60, deadline=None)
@given(changes())
def test_every_device_is_in_exactly_one_wave(change: tuple[Park, list[str], bool]) -> None:
    park, names, inside_first = change
    waves = plan_waves(park, names, inside_first=inside_first)
    assert sorted(name for wave in waves for name in wave) == sorted(names)
    assert waves == plan_waves(park, list(reversed(names)), inside_first=inside_first)


@settings(max_examples=60, deadline=None)
@given(changes())
def test_no_wave_breaks_redundancy(change: tuple[Park, list[str], bool]) -> None:
    """What a wave puts at stake, one of its devices alone already does."""
    park, names, inside_first = change
    for wave in plan_waves(park, names, inside_first=inside_first):
        for one, other in combinations(wave, 2):
            assert not groups_of(park.device(one)) & groups_of(park.device(other))
        alone = {flow for name in wave for flow in at_risk(park, [name]).flows}
        assert set(at_risk(park, wave).flows) == alone


@settings(max_examples=40, deadline=None)
@given(changes())
def test_canaries_go_first_and_the_rest_in_one_direction(change: tuple[Park, list[str], bool]) -> None:
    park, names, inside_first = change
    waves = plan_waves(park, names, inside_first=inside_first)
    platforms = {park.device(name).platform for name in names}
    if len(names) > len(platforms):
        assert len(waves[0]) <= len(platforms)
        order = {Role.CORE: 0, Role.BOUNDARY: 1, Role.RING_SWITCH: 2}
        seen = [order[park.device(name).role] for wave in waves[1:] for name in wave]
        assert seen == sorted(seen, reverse=not inside_first)


@settings(max_examples=20, deadline=None)
@given(parks())
def test_where_nothing_works_yet_there_is_nothing_to_keep(park: Park) -> None:
    names = [device.name for device in park.managed]
    assert len(plan_waves(park, names, at_stake=False)) == 2
    assert len(plan_waves(park, names, at_stake=False, max_wave=2)) > 2


def test_a_change_that_adds_goes_from_the_inside_one_that_removes_from_the_edge() -> None:
    assert grows([(5, 1), (0, 2)])
    assert not grows([(1, 0), (0, 2)])


def test_ten_thousand_devices_are_planned_in_linear_time() -> None:
    devices = tuple(
        _device(f"s{n:05}", Role.RING_SWITCH, "ietf", f"t{n // 10}", f"r{n // 10}") for n in range(10_000)
    )
    park = Park(
        name="p", title="", operator="", plan_file="", plan_digest="", horizon_years=3, growth_percent=0.0,
        management_network="", management_gateway="", access=Access(), source=SOURCE, devices=devices,
    )  # fmt: skip
    waves = plan_waves(park, [device.name for device in devices], max_wave=1000)
    assert len(waves) == 11  # the canary, then one switch of each ring at a time
