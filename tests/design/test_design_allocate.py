"""Numbers follow keys: what is given out stays, what is freed is not given to another."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from parkops.design import Lock, design, lock_text, parse_lock
from parkops.design.allocate import Allocator
from parkops.plan import parse


def _numbers(lock: Lock, *keys: str) -> list[int]:
    allocator = Allocator(lock)
    return [allocator.take("pool", key, first=10, last=19) for key in keys]


def test_lowest_free_number_first() -> None:
    assert _numbers({}, "b", "a", "c") == [10, 11, 12]


def test_locked_numbers_stay_and_are_skipped() -> None:
    assert _numbers({"pool": {"a": 11}}, "b", "a", "c") == [10, 11, 12]


def test_number_of_a_removed_key_is_not_reused() -> None:
    assert _numbers({"pool": {"gone": 10}}, "new") == [11]


def test_pools_that_were_not_asked_for_are_kept() -> None:
    allocator = Allocator({"other": {"x": 1}})
    allocator.take("pool", "a", first=1, last=2)
    assert allocator.locked() == {"other": {"x": 1}, "pool": {"a": 1}}


def test_every_refused_key_is_told() -> None:
    allocator = Allocator({})
    for key in ("a", "b", "c"):
        allocator.take("pool", key, first=1, last=1)
    assert [problem.what for problem in allocator.problems()] == [
        "pool has no number left for b",
        "pool has no number left for c",
    ]


def test_lock_file_reads_back_what_was_written(base_text: str) -> None:
    _, lock = design(parse(base_text), {})
    text = lock_text(lock)
    assert parse_lock(text.encode()).numbers == lock
    assert lock_text(parse_lock(text.encode()).numbers) == text


def test_adding_udp_to_a_flow_renumbers_no_rule(base_text: str) -> None:
    park, lock = design(parse(base_text), {})
    wider, _ = design(parse(base_text.replace("[tcp/4840]", "[udp/4840, tcp/4840]")), lock)
    old = {(device.name, rule.flow): rule.id for device in park.devices for rule in device.rules}
    new = {(device.name, rule.flow): rule.id for device in wider.devices for rule in device.rules}
    assert old.items() <= new.items()
    assert ("ac-bd-1", "read-plc/udp") in new


def test_flow_ids_of_protocols_do_not_collide(base_text: str) -> None:
    text = base_text.replace("[tcp/443]", "[tcp/443, udp/443]").replace(
        "flows:\n",
        "flows:\n  web-udp: {from: office, to: internet, service: [tcp/8443], reason: r, owner: o}\n",
    )
    park, _ = design(parse(text), {})
    ids = [flow.id for flow in park.flows]
    assert len(set(ids)) == len(ids) == 5


def test_the_short_way_of_reading_a_lock_reads_what_yaml_reads(demo_lock: bytes) -> None:
    file = parse_lock(demo_lock)
    assert file.numbers == yaml.safe_load(demo_lock)
    assert file.marks().ref("vlans").line > 1
    commented = b"# mine\n" + demo_lock.replace(b"\nvlans:", b"\n\nvlans:  # ours")
    assert parse_lock(commented).numbers == file.numbers


NAMES = st.from_regex(r"[a-z][a-z0-9./:-]{0,20}|yes|on|null|[0-9]{1,3}|~|a b|é", fullmatch=True)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(0, 9999), max_size=4), max_size=3))
def test_the_short_way_of_writing_a_lock_writes_what_yaml_writes(lock: dict[str, dict[str, int]]) -> None:
    plain = yaml.dump(lock, Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True)
    assert lock_text(lock).partition("\n")[2] == plain
