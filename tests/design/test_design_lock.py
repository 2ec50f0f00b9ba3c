"""What park.lock promises: what is released is not given out again before it is pruned."""

from __future__ import annotations

from dataclasses import replace

from design_parks import designed, plan_trees, text_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkops.design.trace import unneeded
from parkops.plan import parse

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(data=st.data())
def test_a_released_number_is_not_given_out_again(data: st.DataObject, base_text: str) -> None:
    before, after = data.draw(plan_trees(base_text)), data.draw(plan_trees(base_text))
    _, lock = designed(before)
    _, grown = designed(after, lock)
    for pool, keys in lock.items():
        for key, number in keys.items():
            assert grown[pool][key] == number
            assert [other for other, taken in grown[pool].items() if taken == number] == [key]


@FEW
@given(data=st.data())
def test_pruning_frees_what_is_released_and_nothing_else(data: st.DataObject, base_text: str) -> None:
    before, after = data.draw(plan_trees(base_text)), data.draw(plan_trees(base_text))
    _, lock = designed(before)
    park, grown = designed(after, lock)
    free = unneeded(parse(text_of(after)), grown)
    kept = {
        pool: rest
        for pool, keys in grown.items()
        if (rest := {key: number for key, number in keys.items() if key not in free.get(pool, {})})
    }
    again, same = designed(after, kept)
    assert replace(again, pools=()) == replace(park, pools=())  # how full they are
    assert same == kept
    assert unneeded(parse(text_of(after)), kept) == {}


def test_after_pruning_the_lowest_number_is_given_out_again(base_text: str) -> None:
    import yaml

    tree = yaml.safe_load(base_text)
    _, lock = designed(tree)
    groups = tree["tenants"]["acme"]["sites"]["hq"]["endpoints"]
    groups["tablet"] = groups.pop("pc")
    _, grown = designed(tree, lock)
    hosts = grown["hosts/acme.hq.staff"]
    assert hosts["ac-hq-tablet"] == hosts["ac-hq-pc"] + 1
    assert unneeded(parse(text_of(tree)), grown)["hosts/acme.hq.staff"] == {"ac-hq-pc": hosts["ac-hq-pc"]}
    del grown["hosts/acme.hq.staff"]
    _, fresh = designed(tree, grown)
    assert fresh["hosts/acme.hq.staff"] == {"ac-hq-tablet": hosts["ac-hq-pc"]}
