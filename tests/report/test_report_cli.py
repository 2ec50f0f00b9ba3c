"""The verbs `report` and `controls`, as a user calls them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from parkops.store import Store

DEMO = Path(__file__).parents[2] / "inventories" / "demo"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("park")
    for name in ("park.yaml", "park.lock"):
        shutil.copy(DEMO / name, root / name)
    return root


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "parkops", "-p", str(folder), *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_report_without_a_store_writes_both_files_and_invents_nothing(folder):
    done = call(folder, "report", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["kind"], document["version"]) == ("parkops.report", 1)
    assert [Path(path).name for path in document["files"]] == ["report.html", "report.json"]
    assert all(Path(path).stat().st_size > 100_000 for path in document["files"])
    assert not [i for i in document["indicators"] if i["basis"] == "measured"]
    with Store.open(folder / ".parkops" / "parkops.db") as store:  # it keeps the report, and nothing else
        assert (store.latest(), store.reach(), store.running()) == ((), (), ())


def test_report_prints_a_summary_and_where_it_wrote(folder, tmp_path):
    done = call(folder, "report", "--format", "html", "--lang", "en", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    for word in ("pass", "fail", "unknown", "infrastructure", "of the weight is known"):
        assert word in done.stdout
    assert f"wrote {tmp_path / 'out' / 'report.html'}" in done.stdout.replace("\n", "")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]
    assert 'data-lang="en"' in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")[:400]


def test_all_formats_at_once_for_one_tenant(folder, tmp_path):
    done = call(folder, "report", "--format", "csv,json,junit", "--format", "sarif", "--tenant", "huaxing",
                "--lang", "en", "--out", str(tmp_path / "out"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.json", "report.junit.xml", "report.sarif.json", "report-findings.csv"} <= written
    document = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert document["scope"] == {"tenant": "huaxing", "domain": ""}


def test_a_tenants_report_has_a_folder_of_its_own_and_a_dry_run_writes_nothing(folder):
    done = call(
        folder, "report", "--format", "csv", "--tenant", "yuntai", "--domain", "production", "--dry-run"
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.replace("\n", "")
    assert f"would write {folder / 'reports' / 'yuntai' / 'report-findings.csv'}" in said
    assert not (folder / "reports" / "yuntai").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "html,docx"), "docx: no such format: known: html"),
        (("--tenant", "huaxin"), "huaxin: no such tenant: did you mean 'huaxing'"),
        (("--domain", "sea"), "sea: no such domain"),
    ],
)
def test_a_wrong_word_writes_nothing(folder, tmp_path, words, message):
    done = call(folder, "report", *words, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_report_judges_by_a_catalogue_that_the_plan_does_not_name(folder, tmp_path):
    assert call(folder, "controls", "new", str(tmp_path / "ours.yaml")).returncode == 0
    words = ("report", "--dry-run", "--format", "json", "--json")
    done = call(folder, *words, "--catalogue-file", str(tmp_path / "ours.yaml"))
    assert done.returncode == 0, done.stderr
    catalogues = {item["catalogue"] for item in json.loads(done.stdout)["controls"]}
    assert "ours" in catalogues
    assert catalogues - {"ours"} == {
        item["catalogue"] for item in json.loads(call(folder, *words).stdout)["controls"]
    }


def test_gate_exits_1_when_a_requirement_failed(folder, tmp_path):
    assert call(folder, "report", "--gate", "--out", str(tmp_path)).returncode == 1


def test_controls_list_and_show(folder):
    listed = json.loads(call(folder, "controls", "list", "--domain", "identifier", "--json").stdout)
    assert listed["controls"][0]["id"] == "ID-FUNC-01"
    assert len(listed["controls"]) == 6
    shown = call(folder, "controls", "show", "net-bb-rel-01").stdout
    assert "check single-points()" in shown
    assert "check tenant-attachments(cores=2)" in shown
    assert "8.1.2.1" not in shown
    assert "Backbone stability is ensured" in shown
    assert "骨干网络中断会使整个园区停摆" in shown
    assert call(folder, "controls", "show", "MLPS-CN-ARCH-05").returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "NET-BB-REL-9"), "NET-BB-REL-9: no such control: did you mean NET-BB-REL-0"),
        (("list", "--domain", "sea"), "sea: no such domain: known: backbone, cloud"),
    ],
)
def test_a_wrong_name_is_a_wrong_call_with_a_hint(folder, words, message):
    done = call(folder, "controls", *words)
    assert done.returncode == 2
    assert message in done.stderr
