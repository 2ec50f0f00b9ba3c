"""Weights by pairwise judgements: against ahpy, in YAML and workbooks, with every mistake at its place."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import ahpy
import openpyxl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from parkops.assess import basis_of
from parkops.assess.catalogues import indicators
from parkops.assess.weights import ahp, book, document, groups, read_experts, rounded, sheet, weigh
from parkops.assess.weights.ahp import SCALE, contradictions, joined_judgements, matrix_of, pairs, priorities
from parkops.errors import ParkopsError, UsageError
from parkops.model import AssessmentPolicy

CATALOGUE = indicators()
GROUPS = groups(CATALOGUE)
# Saaty's own example of choosing a school (1980): weights .32 .14 .03 .13 .24 .14
SCHOOL = {
    (0, 1): 4, (0, 2): 3, (0, 3): 1, (0, 4): 3, (0, 5): 4, (1, 2): 7, (1, 3): 3, (1, 4): 1 / 5, (1, 5): 1,
    (2, 3): 1 / 5, (2, 4): 1 / 5, (2, 5): 1 / 6, (3, 4): 1, (3, 5): 1 / 3, (4, 5): 3,
}  # fmt: skip


@st.composite
def judged(draw, least=2, most=8):
    size = draw(st.integers(least, most))
    return size, {pair: draw(st.sampled_from(SCALE)) for pair in pairs(size)}


@st.composite
def nearly_consistent(draw, size=4):
    """Judgements of an expert who has weights in mind and rounds to the scale."""
    mind = [draw(st.floats(1, 4)) for _ in range(size)]
    return {(a, b): min(SCALE, key=lambda s: abs(math.log(s * mind[b] / mind[a]))) for a, b in pairs(size)}


@given(judged())
def test_priorities_are_those_of_ahpy(case):
    size, values = case
    ours = priorities(matrix_of(size, values))
    oracle = ahpy.Compare("x", dict(values), precision=9, random_index="saaty", iterations=10_000)
    for place, weight in enumerate(ours.weights):
        assert weight == pytest.approx(oracle.local_weights[place], abs=1e-6)
    assert sum(ours.weights) == pytest.approx(1)
    assert ours.ratio == pytest.approx(oracle.consistency_ratio, abs=1e-4)


def test_the_textbooks_example():
    found = priorities(matrix_of(6, SCHOOL))
    assert [round(weight, 2) for weight in found.weights] == [0.32, 0.14, 0.03, 0.13, 0.24, 0.14]
    assert not found.consistent


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=8))
def test_a_consistent_matrix_gives_back_its_weights(mind):
    values = {(a, b): mind[a] / mind[b] for a, b in pairs(len(mind))}
    found = priorities(matrix_of(len(mind), values))
    assert found.weights == pytest.approx([value / sum(mind) for value in mind])
    assert found.ratio == pytest.approx(0, abs=1e-9)


@given(nearly_consistent(), st.sampled_from(list(pairs(4))))
def test_what_contradicts_most_is_found_and_what_fits_mends_it(values, pair):
    twisted = {**values, pair: 1 / 9 if values[pair] >= 1 else 9}
    before = priorities(matrix_of(4, twisted)).ratio
    found = contradictions(matrix_of(4, twisted))
    worst = found[0]
    assert all(a.ratio <= b.ratio for a, b in pairwise(found))
    mended = {**twisted, (worst.row, worst.column): worst.fits}
    assert priorities(matrix_of(4, mended)).ratio == pytest.approx(worst.ratio)
    assert worst.ratio <= before + 1e-9


def test_the_twisted_pair_is_the_one_that_is_named():
    values = {(a, b): SCALE[SCALE.index(1) + b - a] for a, b in pairs(5)}
    found = contradictions(matrix_of(5, {**values, (0, 4): 1 / 9}))
    assert ((found[0].row, found[0].column), found[0].judged) == ((0, 4), 1 / 9)
    assert found[0].fits >= 3


@given(st.lists(nearly_consistent(), min_size=1, max_size=4), st.data())
def test_joined_judgements_stay_reciprocal_and_between_the_experts(cases, data):
    shares = [data.draw(st.floats(0.1, 5)) for _ in cases]
    matrices = [matrix_of(4, values) for values in cases]
    joined = joined_judgements(matrices, shares)
    for a, b in pairs(4):
        assert joined[a][b] * joined[b][a] == pytest.approx(1)
        own = [matrix[a][b] for matrix in matrices]
        assert min(own) - 1e-9 <= joined[a][b] <= max(own) + 1e-9
    together = ahp.joined_priorities([priorities(m).weights for m in matrices], shares)
    assert sum(together) == pytest.approx(1)


def test_joined_by_both_methods_as_ahpy_does():
    one, two = {(0, 1): 3, (0, 2): 5, (1, 2): 2}, {(0, 1): 1, (0, 2): 3, (1, 2): 2}
    both = joined_judgements([matrix_of(3, one), matrix_of(3, two)], [1, 1])
    means = {pair: math.sqrt(one[pair] * two[pair]) for pair in one}
    oracle = ahpy.Compare("x", means, precision=9, random_index="saaty")
    assert priorities(both).weights == pytest.approx([oracle.local_weights[p] for p in range(3)], abs=1e-6)
    vectors = [priorities(matrix_of(3, values)).weights for values in (one, two)]
    means = [math.sqrt(a * b) for a, b in zip(*vectors, strict=True)]
    assert ahp.joined_priorities(vectors, [1, 1]) == pytest.approx([mean / sum(means) for mean in means])


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text("kind: parkops.judgements\nversion: 1\nexpert: 王工\ngroups:\n" + text, encoding="utf-8")
    return path


GOOD = "  level1: {1/2: 2, 1/3: 3, 1/4: 2, 2/3: 2, 2/4: 1, 3/4: 1/2}\n"


def test_yaml_and_workbook_say_the_same(tmp_path):
    one = written(tmp_path, "wang.yaml", GOOD)
    two = tmp_path / "li.xlsx"
    two.write_bytes(book.template(GROUPS))
    opened = openpyxl.load_workbook(two)
    opened["expert"]["B1"] = "李工"
    for cell, value in zip(("C2", "D2", "E2", "D3", "E3", "E4"), (2, 3, 2, 2, 1, "1/2"), strict=True):
        opened["level1"][cell] = value
    opened.save(two)
    experts = read_experts([one, two], CATALOGUE)
    assert [expert.name for expert in experts] == ["王工", "李工"]
    first, second = (
        {pair: judgement.value for pair, judgement in expert.groups["level1"].items()} for expert in experts
    )
    assert first == second
    assert set(experts[1].groups) == {"level1"}


def test_templates_can_be_read_back(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(sheet.template(GROUPS), encoding="utf-8")
    weighing = weigh(read_experts([path], CATALOGUE), CATALOGUE)
    assert {item.group.key for item in weighing.groups} == set(GROUPS)
    for item in weighing.groups:
        assert item.weights == pytest.approx([1 / len(item.weights)] * len(item.weights))


def test_the_written_file_is_what_the_assessment_uses(tmp_path):
    path = written(tmp_path, "wang.yaml", GOOD + "  indicators.10: " + _like("10", {}) + "\n")
    weighing = weigh(read_experts([path], CATALOGUE), CATALOGUE)
    (tmp_path / "weights.yaml").write_text(document(weighing, "专家组"), encoding="utf-8")
    basis = basis_of(AssessmentPolicy(weights="weights.yaml"), tmp_path)
    expected = priorities(matrix_of(4, {(0, 1): 2, (0, 2): 3, (0, 3): 2, (1, 2): 2, (1, 3): 1, (2, 3): 0.5}))
    assert [item.weight for item in basis.catalogue.level1] == pytest.approx(expected.weights, abs=1e-6)
    assert sum(item.weight for item in basis.catalogue.level1) == pytest.approx(1, abs=1e-12)
    stated = yaml.safe_load((tmp_path / "weights.yaml").read_text(encoding="utf-8"))
    assert stated["method"]["experts"] == [{"name": "王工", "weight": 1}]
    assert stated["method"]["consistency"]["level1"]["王工"] == pytest.approx(expected.ratio, abs=1e-4)


def _like(number: str, values: dict[str, float]) -> str:
    ids = [member.id for member in GROUPS[f"indicators.{number}"].members]
    return "{" + ", ".join(f"{ids[a]}/{ids[b]}: {values.get((a, b), 1)}" for a, b in pairs(len(ids))) + "}"


def test_contradictory_judgements_are_refused_with_pair_place_and_value(tmp_path):
    text = "  level1: {1/2: 3, 1/3: 5, 1/4: 1/7, 2/3: 2, 2/4: 3, 3/4: 1}\n"
    path = written(tmp_path, "wang.yaml", text)
    with pytest.raises(ParkopsError) as caught:
        weigh(read_experts([path], CATALOGUE), CATALOGUE)
    lines = str(caught.value).splitlines()
    assert caught.value.exit_code == 1
    assert lines[0].startswith(f"{path}: 王工: level1 (First level): consistency ratio ")
    assert lines[1].startswith(f"  {path}:5:33: 1/4 (Infrastructure : Development results) is 1/7; 7 would")


@given(st.lists(nearly_consistent(), min_size=2, max_size=4))
def test_experts_together_are_no_less_consistent_than_the_worst_of_them(cases):
    matrices = [matrix_of(4, values) for values in cases]
    joined = priorities(joined_judgements(matrices, [1] * len(matrices)))
    assert joined.ratio <= max(priorities(matrix).ratio for matrix in matrices) + 1e-9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  level1: {1/2: 2}\n", "5:3: pairs of level1 are not judged: 1/3, 1/4, 2/3, 2/4, 3/4: every pair"),
        ("  level3: {1/2: 2}\n", "5:3: no group 'level3': did you mean 'level"),
        (GOOD.replace("1/2: 2", "1/5: 2"), "5:17: '1/5' is no pair of level1: two of 1, 2, 3, 4"),
        (GOOD.replace("1/2: 2", "1/1: 2"), "5:17: '1/1' is no pair of level1"),
        (GOOD.replace("1/2: 2", "1/2: 10"), "5:17: 10 is no judgement: a number or a fraction from 1/9 to 9"),
        (GOOD.replace("1/2: 2", "1/2: often"), "5:17: 'often' is no judgement"),
        (GOOD.replace("1/2: 2", "1/2: 2, 2/1: 2"), "5:25: 2/1: 2 contradicts 1/2: 2: 1/2, or one of the two"),
        (GOOD.replace("1/2: 2", "1/2: 2, 1/2: 3"), "5:20: '1/2' stands twice: each key once"),
    ],
)
def test_mistakes_in_yaml_have_their_places(tmp_path, text, message):
    path = written(tmp_path, "w.yaml", text)
    with pytest.raises(UsageError) as caught:
        read_experts([path], CATALOGUE)
    assert str(caught.value).startswith(f"{path}:{message}")


def test_a_reciprocal_may_be_stated_too(tmp_path):
    path = written(tmp_path, "w.yaml", GOOD.replace("1/2: 2", "1/2: 2, 2/1: 1/2"))
    assert read_experts([path], CATALOGUE)[0].groups["level1"][0, 1].value == 2


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"C2": 2}, " level1: pairs are not judged: 1/3, 1/4, 2/3, 2/4, 3/4: every pair, or none"),
        ({"C2": "viel"}, " level1!C2: 'viel' is no judgement: a number or a fraction from 1/9 to 9"),
        ({"C2": 2, "B3": 3}, " level1!B3: 3 is not the reciprocal of C2 (2): 1/2, or nothing"),
        ({"C1": "9 其他"}, " level1!C1: '9 其他' is not indicator 2: the template's order"),
        ({}, ": nothing is judged: fill in the cells above a sheet's diagonal"),
    ],
)
def test_mistakes_in_a_workbook_have_their_cells(tmp_path, cells, message):
    path = tmp_path / "w.xlsx"
    path.write_bytes(book.template(GROUPS))
    opened = openpyxl.load_workbook(path)
    opened["expert"]["B1"] = "李工"
    for cell, value in cells.items():
        opened["level1"][cell] = value
    opened.save(path)
    with pytest.raises(UsageError) as caught:
        read_experts([path], CATALOGUE)
    assert f"{path}{message}" in str(caught.value).splitlines()


def test_mistakes_of_all_files_are_told_at_once(tmp_path):
    one = written(tmp_path, "a.yaml", "  level1: {1/2: 10}\n")
    (tmp_path / "b.xlsx").write_text("no workbook", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_experts([one, tmp_path / "b.xlsx", tmp_path / "c.yaml"], CATALOGUE)
    text = str(caught.value)
    assert "a.yaml:5:17: 10 is no judgement" in text
    assert "b.xlsx: no workbook that can be read" in text
    assert "c.yaml:1:1: cannot be read: No such file" in text


def test_an_expert_stands_once(tmp_path):
    paths = [written(tmp_path, name, GOOD) for name in ("a.yaml", "b.yaml")]
    with pytest.raises(UsageError, match="王工 stands in several files"):
        read_experts(paths, CATALOGUE)


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=9))
def test_rounded_weights_still_sum_to_one(values):
    found = rounded([value / sum(values) for value in values])
    assert round(sum(found), 9) == 1
    assert all(abs(a - b / sum(values)) < 1.1e-6 for a, b in zip(found, values, strict=True))
