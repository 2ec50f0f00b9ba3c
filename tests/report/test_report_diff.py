"""What changed between two assessments, from JSON reports and from the history."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html as parser
from report_parts import good_report, mixed_report

from parkops.assess.history import compare, snapshot
from parkops.errors import UsageError
from parkops.report import changes, json_, kept
from parkops.store import Store


@pytest.fixture(scope="module")
def pair():
    return good_report("en"), mixed_report("en")


@pytest.fixture
def paths(pair, tmp_path) -> tuple[str, str]:
    found = []
    for name, report in zip(("a", "b"), pair, strict=True):
        path = tmp_path / f"{name}.json"
        path.write_bytes(json_.files(report)["report.json"])
        found.append(str(path))
    return found[0], found[1]


def test_a_json_report_reads_back_as_what_the_history_keeps(pair, paths):
    for report, path in zip(pair, paths, strict=True):
        assert kept.read(Path(path)) == snapshot(report.assessment)


def test_worse_is_told_from_better(pair):
    good, mixed = (snapshot(report.assessment) for report in pair)
    down, up = changes.body(compare(good, mixed)), changes.body(compare(mixed, good))
    assert down["worse"] > 0
    lost = {item["id"] for item in down["verdicts"] if item["after"] == "fail"}
    assert "COMPANY-NET-01" in lost
    assert len(down["verdicts"]) == len(up["verdicts"])
    assert up["worse"] < len(up["verdicts"])
    assert changes.body(compare(good, good))["verdicts"] == []


@pytest.mark.parametrize(("lang", "word"), [("zh", "变差"), ("en", "worse")])
def test_the_page_shows_each_change_in_one_language(pair, browse, tmp_path, lang, word):
    found = compare(*(snapshot(report.assessment) for report in pair))
    made = changes.files(found, lang)
    path = tmp_path / "diff.html"
    path.write_bytes(made["diff.html"])
    shown = browse(path)
    assert shown.console == ""
    tree = parser.fromstring(shown.html)
    rows = tree.xpath("//tbody")[0].xpath("./tr")
    assert len(rows) == len(found.verdicts)
    assert word in rows[0].text_content()
    assert json.loads(made["diff.json"])["kind"] == "parkops.report-diff"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file"),
        ("{", "is no JSON"),
        ("[]", "is no report of parkops"),
        ('{"kind": "parkops.report", "version": 9}', "is of version 9, this program reads version 1"),
        ('{"kind": "parkops.report", "version": 1}', "lacks 'requirements'"),
    ],
)
def test_what_is_no_report_is_a_wrong_call(tmp_path, text, words):
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        kept.read(path)


def test_the_verb_takes_files_and_numbers(pair, paths, tmp_path):
    root = tmp_path / "park"
    root.mkdir()
    (root / "park.yaml").write_text("{}", encoding="utf-8")  # a comparison reads no plan
    (root / ".parkops").mkdir()
    with Store.open(root / ".parkops" / "parkops.db") as store:
        for number, report in enumerate(pair):
            later = replace(report.assessment, time_s=report.assessment.time_s + number)
            store.save_assessment(snapshot(later))

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "parkops", "-p", str(root), "report", "--diff", *words],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    by_file = call(*paths, "--json", "--gate")
    by_number = call("1", "2", "--json", "--dry-run")
    assert by_file.returncode == 1, by_file.stderr
    assert by_number.returncode == 0, by_number.stderr
    a, b = json.loads(by_file.stdout), json.loads(by_number.stdout)
    assert a["verdicts"] == b["verdicts"]
    assert a["scores"] == b["scores"]
    assert sorted(path.name for path in (root / "reports").iterdir()) == ["diff.html", "diff.json"]
    assert call("1", "9").returncode == 2
