"""Reports of a poor set of configurations, with no plan: verdicts, lines and mends, and nothing invented."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from lxml import etree, html

from parkops.cli import cli
from parkops.report import kept

ROOT = Path(__file__).parents[2]
BROWN = "tests/assess/brownfield"
FORMATS = "html,pdf,xlsx,csv,json,junit,sarif,oscal,prometheus"


def run(*args: str) -> str:
    result = CliRunner().invoke(cli, ["audit", "--config", BROWN, *args], standalone_mode=False)
    assert result.exception is None, result.output
    return result.output


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with every format, in English."""
    out = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        said = run("--report", FORMATS, "--level", "3", "--lang", "en", "--out", str(out))
    assert said.count("wrote ") == len(list(out.iterdir()))
    return out


def document(out: Path) -> dict:
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def test_json_is_valid_and_holds_no_score(written: Path) -> None:
    found = document(written)
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, schema)
    assert (found["scores"], found["reach"], found["push"]) == (None, None, None)
    assert [item["device"] for item in found["audit"]["devices"]] == [
        "HJ-CORE",
        "SuShe-1",
        "BanGongLou-3F",
        "CHEJIAN-SW1",
    ]
    assert len(found["controls"]) == found["audit"]["told"] < found["audit"]["asked"]
    assert sum(found["verdicts"].values()) == found["audit"]["told"]


def test_verdict_is_over_all_devices_and_passes_only_by_what_was_asked(written: Path) -> None:
    for item in document(written)["controls"]:
        seen = {finding["verdict"] for finding in item["findings"]}
        if "fail" in seen:
            assert item["verdict"] == "fail"
        elif "unknown" in seen or set(item["kinds"]) != {"config"}:
            assert item["verdict"] == "unknown"
            assert item["message"].startswith("not yet evidenced: ")
    assert {item["verdict"] for item in document(written)["controls"]} >= {"fail", "unknown"}


def test_page_shows_verdicts_and_data_and_leaves_out_what_there_is_not(written: Path) -> None:
    page = html.parse(str(written / "report.html")).getroot()
    for absent in ("scores", "indicators", "proof", "topology", "outages", "push"):
        assert not page.xpath(f"//section[@id='{absent}']") and not page.xpath(f"//a[@href='#{absent}']")
    said = page.get_element_by_id("audited").text_content()
    assert "HJ-CORE" in said and f"{BROWN}/core-s5700.cfg" in said
    counts = document(written)["verdicts"]
    for verdict in ("fail", "unknown"):
        (button,) = page.xpath(f"//button[@data-filter-verdict='{verdict}']")
        assert button.text_content().split()[-1] == str(counts[verdict])
    data = page.get_element_by_id("data").text
    assert "undo telnet server enable" in data and f"{BROWN}/core-s5700.cfg:9" in data


def test_browser_draws_lines_and_mends_in_both_languages(written: Path, drive) -> None:
    script = (
        "const v = document.querySelector('#filter-text'); v.value = 'undo telnet server';"
        "v.dispatchEvent(new Event('input'));"
        "const item = [...document.querySelectorAll('details.req')].find((one) => !one.hidden);"
        "item.open = true; item.dispatchEvent(new Event('toggle'));"
        "said = [document.title, item.innerText]"
    )
    page = (written / "report.html").read_text(encoding="utf-8")
    for query, title, mend in (("?lang=en", "audit report", "Mend:"), ("?lang=zh", "核查报告", "整改：")):
        said = drive(page, script, query, 390)
        assert title in said[0] and mend in said[1]
        assert "undo telnet server enable" in said[1] and f"{BROWN}/core-s5700.cfg:9" in said[1]


def test_sarif_points_at_the_lines(written: Path) -> None:
    (one,) = json.loads((written / "report.sarif.json").read_text(encoding="utf-8"))["runs"]
    places = {
        (
            place["physicalLocation"]["artifactLocation"]["uri"],
            place["physicalLocation"]["region"]["startLine"],
        )
        for result in one["results"]
        for place in result["locations"]
    }
    assert (f"{BROWN}/core-s5700.cfg", 27) in places
    kinds = {result["kind"] for result in one["results"]}
    assert {"fail", "open"} <= kinds


def test_other_formats_hold_the_same(written: Path) -> None:
    verdicts = document(written)["verdicts"]
    suites = etree.parse(str(written / "report.junit.xml")).getroot()
    assert int(suites.get("failures")) == verdicts["fail"]
    assert int(suites.get("skipped")) == verdicts["unknown"] + verdicts["not-applicable"]
    rows = list(csv.DictReader(io.StringIO((written / "report-findings.csv").read_text("utf-8-sig"))))
    assert any("undo telnet server enable" in row["mend"] and row["subject"] == "HJ-CORE" for row in rows)
    assert not (written / "report-indicators.csv").exists()
    with zipfile.ZipFile(written / "report.xlsx") as book:
        sheets = etree.fromstring(book.read("xl/workbook.xml")).findall(".//{*}sheet")
    assert sheets[0].get("name") == "Audited devices"
    assert "score" not in (written / "report.prom").read_text(encoding="utf-8")
    (result,) = json.loads((written / "report.oscal.json").read_text("utf-8"))["assessment-results"][
        "results"
    ]
    assert "props" not in result
    assert (written / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_json_is_read_back_for_a_comparison(written: Path) -> None:
    snapshot = kept.read(written / "report.json")
    assert snapshot.scores == () and len(snapshot.verdicts) == document(written)["audit"]["told"]


def test_dry_run_writes_nothing_and_wrong_formats_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    out = tmp_path / "out"
    said = run("--report", "json", "--level", "3", "--out", str(out), "--dry-run")
    assert "would write" in said and not out.exists()
    argv = ["audit", "--config", BROWN, "--report", "docx"]
    assert "no such format" in str(CliRunner().invoke(cli, argv, standalone_mode=False).exception)
