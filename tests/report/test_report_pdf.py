"""The PDF: pages, contents, numbers, both languages, fonts inside; and what is said when it cannot be."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys

import pypdf
import pytest
from report_parts import hostile_report, mixed_report

from parkops.errors import MachineError
from parkops.report import pdf, scope

WORDS = {
    "zh": ("园区评估报告", "各级指标得分", "整改：", "应为：a。实为：b。", "不通过 (", "等级保护"),
    "en": (
        "park assessment report",
        "Scores of the indicators",
        "Mend:",
        "Expected: a. Actual: b.",
        "fail (",
    ),
}


@pytest.fixture(scope="module")
def papers():
    return {lang: pdf.files(mixed_report(lang))["report.pdf"] for lang in ("zh", "en")}


def texts(data: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_is_in_one_language_with_numbered_pages(papers, lang):
    pages = texts(papers[lang])
    whole = "\n".join(pages)
    for word in WORDS[lang]:
        assert word in whole
    other = "zh" if lang == "en" else "en"
    assert not [word for word in WORDS[other][:4] if word in whole]
    for number, text in enumerate(pages, 1):
        assert re.search(rf"\b{number} / {len(pages)}\b", text)


def test_its_contents_lead_to_the_pages_that_they_name(papers):
    reader = pypdf.PdfReader(io.BytesIO(papers["en"]))
    first = reader.pages[0].extract_text()
    row = re.search(r"Configuration push\W*(\d+)", first)
    assert row
    assert "Configuration push" in reader.pages[int(row[1]) - 1].extract_text()
    links = [a.get_object() for a in reader.pages[0]["/Annots"]]
    assert len([a for a in links if a["/Subtype"] == "/Link"]) > 8
    assert reader.outline
    assert reader.metadata is not None
    assert "手工园区" in reader.metadata.title


def test_its_fonts_are_embedded(papers, tmp_path):
    if shutil.which("pdffonts") is None:
        pytest.skip("pdffonts is not here: apt-get install poppler-utils")
    path = tmp_path / "report.pdf"
    path.write_bytes(papers["zh"])
    done = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()[2:]]
    assert [row for row in rows if "Noto-Sans-CJK-SC" in row[0]]
    assert all(row[-5:-2] == ["yes", "yes", "yes"] or row[-5] == "yes" for row in rows)


def test_it_has_nothing_that_acts(papers):
    raw = papers["zh"]
    for word in (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/URI"):
        assert word not in raw


def test_the_same_report_gives_the_same_bytes_whatever_it_holds():
    report = scope.for_domain(hostile_report("zh"), "identifier")
    first = pdf.files(report)["report.pdf"]
    assert first == pdf.files(report)["report.pdf"]
    assert "alert(1)" in "".join(texts(first))


def test_a_missing_font_is_said_with_the_way_to_it(monkeypatch):
    monkeypatch.setattr(pdf, "has_font", lambda: False)
    with pytest.raises(MachineError, match="apt-get install fonts-noto-cjk") as caught:
        pdf.files(mixed_report())
    assert caught.value.exit_code == 3


def test_without_fontconfigs_programs_the_font_is_looked_for_in_folders(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(pdf, "FONT_FOLDERS", (str(tmp_path / "none"), str(tmp_path)))
    assert not pdf.has_font()
    (tmp_path / "NotoSansCJK-Regular.ttc").touch()
    assert pdf.has_font()


def test_a_missing_weasyprint_is_said_with_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MachineError, match=r"parkops\[pdf\]"):
        pdf.files(mixed_report())


def test_a_page_asks_nobody_for_anything():
    with pytest.raises(ValueError, match="made of itself alone"):
        pdf._refuse("http://127.0.0.1/x")
