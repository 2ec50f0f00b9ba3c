"""Catalogues of the user's own: what they can say, and every mistake with its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from assess_park import ref
from assess_rich import rich_evidence, rich_park

from parkops.assess import assess
from parkops.assess.checks import CHECKS
from parkops.assess.controls import built_in
from parkops.assess.own import call_problems, read_catalogues, skeleton
from parkops.errors import PlanError
from parkops.model import Verdict, Waiver

GOOD = """\
catalogue: {id: acme, title: 企业标准, version: "2"}
controls:
- id: ACME-01
  title_zh: 边界默认拒绝
  requirement: Every boundary drops what no rule allows.
  domain: security
  aspect: security
  source_ref: "4.2 a)"
  confidence: verified
  levels: [3]
  mapped: [SR 5.2]
  checks:
  - kind: config
    pass: Policy drop.
    check:
    - default-deny: {roles: [boundary]}
- id: ACME-02
  requirement: Three exits.
  domain: network
  aspect: reliability
  checks:
  - kind: plan
    pass: Three exits or more.
    check:
    - exits: {least: 3}
"""


def read(tmp_path: Path, text: str, *more: str):
    names = []
    for number, body in enumerate((text, *more)):
        (tmp_path / f"c{number}.yaml").write_text(body, encoding="utf-8")
        names.append(f"c{number}.yaml")
    return read_catalogues(tmp_path, names, CHECKS)


def test_a_catalogue_of_ones_own_is_judged_beside_the_others(tmp_path):
    own = read(tmp_path, GOOD)
    park = rich_park()
    assessment = assess(park, rich_evidence(park), own=own)
    found = {result.id: result for result in assessment.controls if result.catalogue == "acme"}
    assert {name: result.verdict for name, result in found.items()} == {
        "ACME-01": Verdict.PASS,
        "ACME-02": Verdict.FAIL,
    }
    first = found["ACME-01"]
    assert (first.clauses, first.confidence, first.levels, first.mapped) == (
        ("4.2 a)",),
        "verified",
        (3,),
        ("SR 5.2",),
    )
    assert "Expected: at least 3 exits. Actual: 2 exits" in found["ACME-02"].message
    assert len(assessment.requirements) == 192


def test_a_control_of_ones_own_can_be_waived(tmp_path):
    waiver = Waiver("ACME-02", "李工", "建设中", "2027-12-31", ref(9))
    park = replace(rich_park(), waivers=(waiver,))
    assessment = assess(park, rich_evidence(park), own=read(tmp_path, GOOD))
    found = next(result for result in assessment.controls if result.id == "ACME-02")
    assert found.verdict is Verdict.WAIVED
    valid = next(result for result in assessment.controls if result.id == "PARKOPS-VALID-02")
    assert valid.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("default-deny:", "defualt-deny:", "c0.yaml:16:7: no check is called 'defualt-deny': did you mean"),
        ("{roles: [boundary]}", "{role: [boundary]}", "16:22: default-deny has no parameter 'role'"),
        ("{roles: [boundary]}", "{roles: boundary}", "default-deny: roles is 'boundary'"),
        ("exits: {least: 3}", "exits", "exits lacks its parameter 'least': int"),
        ("{least: 3}", "{least: many}", "exits: least is 'many'"),
        ("  aspect: security\n", "", "c0.yaml:3:3: `aspect` is missing"),
        ("    pass: Policy drop.\n", "    passes: Policy drop.\n", "unknown key 'passes': kind, pass, check"),
        ("kind: config", "kind: guess", "c0.yaml:13:11: 'guess'"),
        ("id: ACME-01", "id: acme 1", "c0.yaml:3:7: 'acme 1'"),
        ("id: ACME-02", "id: ACME-01", "'ACME-01' stands in the catalogue acme already"),
        ("id: ACME-02", "id: NET-BB-REL-01", "'NET-BB-REL-01' stands in the catalogue guide already"),
        ("{id: acme,", "{id: mlps,", "'mlps' is the id of a built-in catalogue"),
        ("levels: [3]", "levels: [7]", "c0.yaml:10:12: 7"),
        ("    check:\n    - exits: {least: 3}\n", "", "kind plan without a check"),
        ("title: 企业标准", "title: [", "c0.yaml:"),
        ("version:", "title:", "'title' stands twice"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, old, new, expected):
    assert old in GOOD
    with pytest.raises(PlanError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert expected in str(caught.value)


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path):
    other = GOOD.replace("acme", "other").replace("ACME", "OTHER").replace("exits:", "exit:")
    with pytest.raises(PlanError) as caught:
        read(tmp_path, GOOD.replace("default-deny", "default-allow"), other)
    assert [problem.file for problem in caught.value.problems] == ["c0.yaml", "c1.yaml"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(PlanError, match=r"ours\.yaml:1:1: cannot be read"):
        read_catalogues(tmp_path, ["ours.yaml"], CHECKS)


@pytest.mark.parametrize("name", ["ours.yaml", "公司标准.yaml", "2026.yaml", "Acme Standard-3.yml"])
def test_a_new_catalogue_validates(tmp_path, name):
    (tmp_path / name).write_text(skeleton(Path(name)), encoding="utf-8")
    found = read_catalogues(tmp_path, [name], CHECKS)
    assert len(found) == 1
    assert found[0].checks[0].check[0].name == "default-deny"


def test_every_call_of_the_built_in_catalogues_fits_its_check():
    problems = [
        (control.id, *problem)
        for control in built_in()
        for entry in control.checks
        for call in entry.check
        for problem in call_problems(call, CHECKS)
    ]
    assert not problems
    assert len({control.id for control in built_in()}) == len(built_in())
