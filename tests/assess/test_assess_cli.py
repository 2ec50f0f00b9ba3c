"""The verbs that weigh, advise and look back, as a user calls them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "inventories" / "demo"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "park"
    root.mkdir()
    for name in ("park.yaml", "park.lock"):
        shutil.copy(DEMO / name, root / name)
    return root


def call(folder: Path, *words: str, width: int = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "parkops", "-p", str(folder), *words],
        capture_output=True, text=True, timeout=120, check=False, cwd=folder,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": str(width), "LANG": "C.UTF-8"},
    )  # fmt: skip


def said(folder: Path, *words: str) -> dict:
    done = call(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_weights_are_made_written_and_used(folder):
    assert call(folder, "weights", "--template", "xlsx", "--out", "li.xlsx").returncode == 0
    book = openpyxl.load_workbook(folder / "li.xlsx")
    book["expert"]["B1"] = "李工"
    for cell, value in zip(("C2", "D2", "E2", "D3", "E3", "E4"), (3, 3, 3, 1, 1, 1), strict=True):
        book["level1"][cell] = value
    book.save(folder / "li.xlsx")
    again = call(folder, "weights", "--template", "xlsx", "--out", "li.xlsx")
    assert (again.returncode, "there is a file already" in again.stderr) == (2, True)
    assert not (folder / "weights.yaml").exists()
    document = said(folder, "weights", "li.xlsx", "--dry-run")
    assert document["groups"][0]["weights"]["1"] == pytest.approx(0.5)
    assert not (folder / "weights.yaml").exists()
    assert said(folder, "weights", "li.xlsx", "--group", "aip")["file"] == "weights.yaml"
    with (folder / "park.yaml").open("a", encoding="utf-8") as plan:
        plan.write("\nassessment: {weights: weights.yaml}\n")
    groups = said(folder, "report", "--format", "json")["groups"]
    assert [g["weight"] for g in groups if g["level"] == 1] == pytest.approx(
        [0.5, 1 / 6, 1 / 6, 1 / 6], abs=1e-5
    )


def test_contradictions_end_with_1_and_write_nothing(folder):
    text = call(folder, "weights", "--template", "yaml").stdout
    text = text.replace("1/2: 1   # 基础设施", "1/2: 9   # 基础设施").replace(
        "1/4: 1   # 基础设施", "1/4: 1/9 # 基础设施"
    )
    (folder / "wang.yaml").write_text(text, encoding="utf-8")
    done = call(folder, "weights", "wang.yaml")
    assert done.returncode == 1
    assert "level1 (First level): consistency ratio" in done.stderr
    assert "would fit the others and give" in done.stderr
    assert not (folder / "weights.yaml").exists()


def test_advice_for_people_and_for_programs(folder):
    with (folder / "park.yaml").open("a", encoding="utf-8") as plan:
        plan.write("\nassessment: {budget: 100000, prices: {edge-nodes: 30000, satisfaction: 40000}}\n")
    document = said(folder, "advise")
    assert (document["kind"], document["stage"], document["profile"]) == ("parkops.advice", None, "general")
    years = document["path"]["years"]
    assert [year["budget"] for year in years] == [100_000] * 5
    assert 0 < sum(year["cost"] for year in years) <= 500_000
    assert {item["id"] for item in document["path"]["measures"]} == {"edge-nodes", "satisfaction"}
    shown = (("en", 80, ("no grade", "Deficiencies")), ("zh", 120, ("未定级", "fw-1 是单点")))
    for lang, width, words in shown:
        done = call(folder, "advise", "--lang", lang, width=width)
        assert all(word in done.stdout for word in words)
        assert max(map(len, done.stdout.splitlines())) <= width


def test_what_if_prints_before_and_after(folder):
    found = said(folder, "advise", "--what-if", "4=6", "--what-if", "26=yes")
    assert [item[2] for item in found["indicators"]] == [100, 100]
    assert found["total"][1][1] > found["total"][0][1]
    done = call(folder, "advise", "--what-if", "99=1")
    assert (done.returncode, "there is no indicator 99" in done.stderr) == (2, True)


def test_measures_are_listed_without_a_park(tmp_path):
    done = call(tmp_path, "advise", "--measures")
    assert done.returncode == 0
    assert "edge-nodes" in done.stdout


def test_every_report_is_kept_and_listed(folder):
    assert "No assessment is kept yet" in call(folder, "history").stdout
    for _ in range(2):
        assert call(folder, "report", "--format", "json").returncode == 0
    points = said(folder, "history")["assessments"]
    assert [point["id"] for point in points] == [1, 2]
    shown = call(folder, "history", "--last", "1", width=80).stdout.splitlines()
    assert max(map(len, shown)) <= 80
    assert not [line for line in shown if line.startswith("1 ")]
