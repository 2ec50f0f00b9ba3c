"""The catalogues that ship with the product."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from parkops.assess.catalogues import CheckEntry, indicators, mlps, requirements, thresholds, validity
from parkops.assess.controls import built_in
from parkops.report.words import ASPECTS, DOMAINS, KINDS


def test_counts_and_unique_ids():
    assert len(requirements()) == len({r.id for r in requirements()}) == 192
    assert len(mlps()) == len({r.id for r in mlps()}) == 101
    catalogue = indicators()
    assert [len(catalogue.level1), len(catalogue.level2), len(catalogue.indicators)] == [4, 18, 60]
    assert [item.id for item in catalogue.indicators] == list(range(1, 61))


def test_the_report_has_words_for_every_domain_aspect_and_kind():
    every = built_in()
    assert {control.domain for control in every} == set(DOMAINS)
    assert {control.aspect for control in every} <= set(ASPECTS)
    assert {r.aspect for r in requirements()} == {name for name in ASPECTS if name.isascii()}
    assert {entry.kind.value for r in requirements() for entry in r.checks} == set(KINDS)


def test_attestations_need_no_check():
    assert not [r.id for r in requirements() for e in r.checks if e.kind == "attest" and e.check]


def test_every_indicator_can_be_scored_once_it_is_stated():
    for item in indicators().indicators:
        bounded = item.kind in ("boolean", "ratio") or item.list_size
        parts = thresholds().components.get(item.id, {})
        assert bounded or item.id in thresholds().indicators or parts, item.id


def test_thresholds_are_a_range_and_say_why():
    every = [*thresholds().indicators.values()]
    every += [part for parts in thresholds().components.values() for part in parts.values()]
    assert all(item.x_min < item.x_max and item.why for item in every)
    assert "Proposals of parkops" in thresholds().meta["status"]


def test_component_thresholds_name_components():
    named = {item.id: {part.name for part in item.components} for item in indicators().indicators}
    assert all(set(parts) <= named[number] for number, parts in thresholds().components.items())


def test_global_weights_of_the_infrastructure_sum_to_its_share():
    catalogue = indicators()
    beta = {group.id: group.weight for group in catalogue.level2 if group.level1 == 1}
    weights = [0.2 * beta[item.level2] * item.weight for item in catalogue.indicators if item.level2 in beta]
    assert len(weights) == 18
    assert sum(weights) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "plan"},
        {"kind": "guess", "pass": "x"},
        {"kind": "plan", "pass": "x", "chek": ["a"]},
        {"kind": "plan", "pass": "x", "check": [{"a": {}, "b": {}}]},
        {"kind": "plan", "pass": "x", "check": [{"a": 5}]},
    ],
)
def test_mistakes_in_a_catalogue_are_refused(entry):
    with pytest.raises(ValidationError):
        CheckEntry.model_validate(entry)


def test_short_and_long_calls():
    entry = CheckEntry.model_validate({"kind": "plan", "pass": "x", "check": ["a", {"b": {"c": 1}}]})
    assert [(call.name, call.params) for call in entry.check] == [("a", {}), ("b", {"c": 1})]
    again = CheckEntry.model_validate(entry.model_dump(by_alias=True))
    assert again == entry


def test_every_control_speaks_chinese() -> None:
    controls = (*requirements(), *mlps(), *validity().controls)
    assert [item.id for item in controls if not item.title_zh.strip()] == []
    silent = [item.id for item in controls if not any("\u4e00" <= sign <= "\u9fff" for sign in item.text_zh)]
    assert silent == []
