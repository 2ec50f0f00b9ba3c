"""Each machine's format, read back by a reader that nobody here wrote."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from lxml import etree
from report_parts import HOSTILE, bare_report, good_report, mixed_report, reports
from sarif_rules import SCHEMA as SARIF

from parkops.errors import UsageError
from parkops.model import Verdict
from parkops.report import csv_, json_, junit, oscal, prometheus, sarif, writers, xlsx

ROOT = Path(__file__).parents[2]
TRESTLE = ROOT / ".venv-trestle" / "bin" / "trestle"
NAMES = ("good", "mixed", "bare", "hostile")
LIGHT = ("csv", "json", "junit", "sarif", "oscal", "prometheus", "xlsx", "html")


@pytest.fixture(scope="module")
def made():
    return reports()


@pytest.mark.parametrize("name", LIGHT)
def test_the_same_report_gives_the_same_bytes(made, name):
    write = writers.WRITERS[name]
    for report in made.values():
        assert write(report) == write(report)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_both_languages_can_be_written(lang):
    report = mixed_report(lang)
    text = junit.files(report)["report.junit.xml"].decode()
    assert ("应为" in text) is (lang == "zh")
    assert ("Expected:" in text) is (lang == "en")


# JSON


@pytest.mark.parametrize("name", NAMES)
def test_json_fits_its_committed_schema(made, name):
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(json_.files(made[name])["report.json"])
    jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
    assert document == json_.body(made[name])


def test_the_committed_schema_is_that_of_the_program(goldens):
    text = json.dumps(json_.schema(), ensure_ascii=False, indent=2) + "\n"
    goldens.check(ROOT / "docs" / "report.schema.json", text)


def test_the_schema_refuses_a_key_that_it_does_not_know(made):
    document = {**json_.body(made["good"]), "more": 1}
    with pytest.raises(jsonschema.ValidationError, match="more"):
        jsonschema.validate(document, json_.schema())


# JUnit


@pytest.mark.parametrize("name", NAMES)
def test_junit_counts_every_requirement_once(made, name):
    report = made[name]
    root = etree.fromstring(junit.files(report)["report.junit.xml"])
    every = (*report.assessment.requirements, *report.assessment.controls)
    count = {v: sum(r.verdict is v for r in every) for v in Verdict}
    assert int(root.get("tests")) == len(every) == len(root.findall(".//testcase"))
    assert int(root.get("failures")) == count[Verdict.FAIL] == len(root.findall(".//failure"))
    assert int(root.get("skipped")) == len(every) - count[Verdict.FAIL] - count[Verdict.PASS]
    assert sum(int(suite.get("tests")) for suite in root) == len(every)


def test_junit_tells_why_where_and_how_to_mend(made):
    root = etree.fromstring(junit.files(made["mixed"])["report.junit.xml"])
    failure = root.find(".//testsuite[@name='company.communication-network']/testcase/failure")
    assert failure.get("message") == "fw-1: Expected: a. Actual: b."
    assert "fw-1:/etc/nftables.conf:3: drop" in failure.text
    assert "  > undo telnet server enable\n  > quit" in failure.text


# SARIF


@pytest.mark.parametrize("name", NAMES)
def test_sarif_keeps_the_rules_of_the_standard(made, name):
    document = json.loads(sarif.files(made[name])["report.sarif.json"])
    jsonschema.validate(document, SARIF, format_checker=jsonschema.FormatChecker())
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[item["ruleIndex"]] == item["ruleId"] for item in run["results"])
    assert {item["ruleId"] for item in run["results"]} == set(rules)


@pytest.mark.parametrize("name", NAMES)
def test_sarif_passes_the_multitool(made, name, tmp_path):
    tool = os.environ.get("PARKOPS_SARIF_MULTITOOL") or shutil.which("Sarif.Multitool")
    if not tool:
        pytest.skip("Microsoft's Sarif.Multitool is not here; only the rules in sarif_rules.py were checked")
    path = tmp_path / "report.sarif.json"
    path.write_bytes(sarif.files(made[name])["report.sarif.json"])
    done = subprocess.run(
        [tool, "validate", str(path), "--output", str(tmp_path / "said.sarif")],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    )  # fmt: skip
    said = json.loads((tmp_path / "said.sarif").read_text(encoding="utf-8-sig"))
    errors = [r for run in said["runs"] for r in run["results"] if r.get("level") == "error"]
    assert done.returncode == 0, done.stdout
    assert not errors


def test_sarif_points_at_lines_of_plan_and_configuration(made):
    (run,) = json.loads(sarif.files(made["mixed"])["report.sarif.json"])["runs"]
    failed = [item for item in run["results"] if item["ruleId"] == "COMPANY-NET-01"]
    places = [
        (p["physicalLocation"]["artifactLocation"]["uri"], p["physicalLocation"]["region"]["startLine"])
        for p in failed[0]["locations"]
    ]
    assert places == [("build/p/fw-1/files/etc/nftables.conf", 3), ("old/switch.cfg", 12)]
    assert failed[0]["properties"]["mend"] == "undo telnet server enable\nquit"
    uris = {
        p["physicalLocation"]["artifactLocation"]["uri"] for item in run["results"] for p in item["locations"]
    }
    assert "park.yaml" in uris


def test_sarif_says_unknown_open_and_waived_suppressed(made):
    (run,) = json.loads(sarif.files(made["mixed"])["report.sarif.json"])["runs"]
    by = {item["ruleId"]: item for item in run["results"]}
    for result in made["mixed"].assessment.requirements:
        item = by[result.id]
        if result.verdict is Verdict.UNKNOWN:
            assert (item["kind"], item["level"]) == ("open", "none")
        assert ("suppressions" in item) is (result.verdict is Verdict.WAIVED)


# OSCAL


def _trestle(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(TRESTLE), *words], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def trestle(tmp_path_factory) -> Path:
    if not TRESTLE.exists():
        pytest.skip("compliance-trestle is not here, OSCAL was not validated: `sh setup.sh test` installs it")
    folder = tmp_path_factory.mktemp("trestle")
    done = _trestle("init", "--local", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_oscal_is_valid_for_trestle(made, trestle, tmp_path, name):
    path = tmp_path / "report.oscal.json"
    path.write_bytes(oscal.files(made[name])["report.oscal.json"])
    done = _trestle("import", "-f", str(path), "-o", name, cwd=trestle)
    assert done.returncode == 0, done.stdout + done.stderr
    if name == "mixed":  # an import validates too; once more by the verb that says so
        done = _trestle("validate", "-t", "assessment-results", "-n", name, cwd=trestle)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "VALID" in done.stdout


def test_trestle_refuses_what_is_no_oscal(made, trestle, tmp_path):
    document = json.loads(oscal.files(made["good"])["report.oscal.json"])
    document["assessment-results"]["results"][0]["findings"][0]["target"]["status"]["state"] = "maybe"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert _trestle("import", "-f", str(path), "-o", "wrong", cwd=trestle).returncode != 0


@pytest.mark.parametrize("name", NAMES)
def test_oscal_has_a_finding_only_where_there_is_a_verdict(made, name):
    report = made[name]
    (result,) = json.loads(oscal.files(report)["report.oscal.json"])["assessment-results"]["results"]
    found = {f["target"]["target-id"]: f["target"]["status"]["state"] for f in result.get("findings", ())}
    every = (*report.assessment.requirements, *report.assessment.controls)
    for item in every:
        if item.verdict is Verdict.PASS:
            assert found[item.id] == "satisfied"
        elif item.verdict is Verdict.FAIL:
            assert found[item.id] == "not-satisfied"
        elif item.verdict is not Verdict.WAIVED:
            assert item.id not in found
    seen = {p["value"] for o in result["observations"] for p in o["props"] if p["name"] == "control-id"}
    assert seen == {item.id for item in every if item.findings}


def test_oscal_identifiers_are_unique_and_stay(made):
    def uuids(value):
        if isinstance(value, dict):
            yield from (v for k, v in value.items() if k == "uuid")
            for item in value.values():
                yield from uuids(item)
        elif isinstance(value, list):
            for item in value:
                yield from uuids(item)

    found = list(uuids(json.loads(oscal.files(made["mixed"])["report.oscal.json"])))
    assert len(found) == len(set(found)) > 300
    assert all(item[14] == "5" for item in found)


# Prometheus


@pytest.mark.parametrize("name", NAMES)
def test_promtool_likes_the_metrics(made, name):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not here: apt-get install prometheus")
    text = prometheus.files(made[name])["report.prom"]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout + done.stderr == b""


def test_an_unknown_score_has_no_sample():
    report = bare_report()
    report = replace(report, assessment=replace(report.assessment, total_point=None))
    text = prometheus.files(report)["report.prom"].decode()
    assert 'scope="total",bound="low"' in text
    assert 'scope="total",bound="point"' not in text


# CSV and XLSX


def _read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("name", NAMES)
def test_csv_has_a_row_for_each_thing(made, name):
    report = made[name]
    files = {key: _read(data) for key, data in csv_.files(report).items()}
    assert len(files["report-requirements.csv"]) == 1 + len(report.assessment.requirements)
    assert len(files["report-mlps.csv"]) == 1 + len(report.assessment.controls)
    assert len(files["report-indicators.csv"]) == 61
    every = (*report.assessment.requirements, *report.assessment.controls)
    assert len(files["report-findings.csv"]) == 1 + sum(len(result.findings) for result in every)
    ids = {row[0] for row in files["report-evidence.csv"][1:]}
    cited = {e for row in files["report-findings.csv"][1:] for e in row[9].split()}
    assert cited == ids
    assert all(len(row) == len(rows[0]) for rows in files.values() for row in rows)


def test_a_spreadsheet_runs_nothing_of_a_csv(made):
    for data in csv_.files(made["hostile"]).values():
        assert not [cell for row in _read(data) for cell in row if cell.startswith(("=", "+", "@", "\t"))]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_xlsx_is_a_workbook_as_auditors_work_in_it(lang):
    from openpyxl import load_workbook

    report = mixed_report(lang)
    book = load_workbook(io.BytesIO(xlsx.files(report)["report.xlsx"]))
    titles = {
        "zh": ["摘要", "指标", "要求", "等级保护与其他目录", "发现", "证据", "豁免"],
        "en": ["Summary", "Indicators", "Requirements", "MLPS and other catalogues", "Findings", "Evidence",
               "Waivers"],
    }  # fmt: skip
    assert book.sheetnames == titles[lang]
    for sheet in book:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
        assert all(sheet.column_dimensions[cell.column_letter].width >= 5 for cell in sheet[1])
    requirements = book[titles[lang][2]]
    assert requirements.max_row == 193
    remark = {"zh": "审核结论", "en": "Auditor's verdict"}[lang]
    column = next(cell.column_letter for cell in requirements[1] if cell.value == remark)
    choices = requirements.data_validations.dataValidation[0]
    assert str(choices.sqref).startswith(f"{column}2:{column}193")
    assert {"zh": "需补充证据", "en": "more evidence needed"}[lang] in choices.formula1
    ranges = [str(item.sqref) for item in requirements.conditional_formatting]
    assert ranges == ["I2:I193"]
    assert len(next(iter(requirements.conditional_formatting)).rules) == 5


def test_nothing_of_a_plan_is_a_formula_in_the_workbook(made):
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(xlsx.files(made["hostile"])["report.xlsx"]))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert [cell for cell in cells if str(cell.value).startswith("=cmd|")]
    assert HOSTILE.startswith("=cmd|")


# choosing and writing


def test_an_unknown_format_is_a_wrong_call():
    with pytest.raises(UsageError, match="docx: no such format: known: html, "):
        writers.choose(["json", "docx"])


def test_a_writer_of_another_package_is_found(monkeypatch, tmp_path):
    import importlib.metadata

    class Point:
        name = "memo"

        def load(self):
            return lambda report: {"memo.txt": report.park.title.encode()}

    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group: [Point()] * (group == "parkops.reports")
    )
    paths = writers.write(good_report(), writers.choose(["memo", "json"]), tmp_path)
    assert [path.name for path in paths] == ["memo.txt", "report.json"]
    assert paths[0].read_text(encoding="utf-8") == "手工园区"


def test_nothing_is_written_when_a_format_cannot_be_made(tmp_path):
    def broken(report):
        raise UsageError("no")

    with pytest.raises(UsageError):
        writers.write(good_report(), {"json": json_.files, "broken": broken}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
