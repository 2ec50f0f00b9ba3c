"""The page as its readers use it: opened, filtered, searched, printed, on a phone, without a net."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from lxml import html as parser
from report_parts import good_report, hostile_report, mixed_report

from parkops.model import Trend, TrendPoint
from parkops.report import html
from parkops.report.view import MOST_FINDINGS

OPEN_ALL = (
    "for (const d of document.querySelectorAll('details')) {"
    "  d.open = true; d.dispatchEvent(new Event('toggle')); }"
)
SHOWN = "[...document.querySelectorAll('details.req')].filter((d) => !d.hidden)"


@pytest.fixture(scope="module")
def mixed():
    return mixed_report("en")


@pytest.fixture(scope="module")
def page(mixed):
    return html.page(mixed)


def pick(name: str, value: str) -> str:
    return (
        f"{{ const n = document.getElementById('filter-{name}'); n.value = {value!r};"
        "n.dispatchEvent(new Event('input')); }"
    )


def test_findings_are_drawn_when_a_requirement_is_opened(page, drive):
    script = (
        "const d = document.getElementById('COMPANY-NET-01');"
        "const before = d.querySelectorAll('.finding').length; d.open = true;"
        "d.dispatchEvent(new Event('toggle')); d.dispatchEvent(new Event('toggle'));"
        "said = [before, d.querySelectorAll('.finding').length, d.querySelector('.body').innerText]"
    )
    before, after, text = drive(page, script)
    assert (before, after) == (0, 1)
    for part in (
        "Expected: a. Actual: b.",
        "fw-1:/etc/nftables.conf:3",
        "2026-09-21 14:13:20Z",
        "valid for 86400 s",
        "#" + "ab" * 16,
        "Mend: undo telnet server enable\nquit",
        "clause number to be checked",
        "IEC 62443-3-3 SR 7.2",
    ):
        assert part in text


def test_every_finding_can_be_seen(mixed, page, drive):
    said = drive(page, f"{OPEN_ALL} said = document.querySelectorAll('.finding').length")
    every = (*mixed.assessment.requirements, *mixed.assessment.controls)
    kinds = Counter((result.id, finding.kind) for result in every for finding in result.findings)
    assert said == sum(min(count, MOST_FINDINGS) for count in kinds.values())


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("catalogue", "company", lambda r: r.catalogue == "company"),
        ("domain", "production", lambda r: r.domain == "production"),
        ("aspect", "reliability", lambda r: r.aspect == "reliability"),
        ("tenant", "b", lambda r: any(f.subject.startswith("b-") for f in r.findings)),
        ("text", "old/switch.cfg", lambda r: r.catalogue == "company"),
        ("text", "NET-BB-REL-01", lambda r: r.id == "NET-BB-REL-01"),
    ],
)
def test_filters_show_what_they_say(mixed, page, drive, name, value, fits):
    shown = set(drive(page, f"{pick(name, value)} said = {SHOWN}.map((d) => d.id)"))
    every = (*mixed.assessment.requirements, *mixed.assessment.controls)
    wanted = {result.id for result in every if fits(result)}
    assert wanted
    assert wanted <= shown
    if name != "tenant":  # its segments and zones count too
        assert shown == wanted
    assert len(shown) < len(every)


def test_verdict_buttons_filter_and_say_that_they_are_pressed(mixed, page, drive):
    script = (
        "document.querySelector('[data-filter-verdict=fail]').click();"
        f"said = [{SHOWN}.length, document.querySelector('[aria-pressed=true]').dataset.filterVerdict,"
        "document.getElementById('filter-count').textContent]"
    )
    count, pressed, said = drive(page, script)
    every = (*mixed.assessment.requirements, *mixed.assessment.controls)
    assert count == sum(result.verdict == "fail" for result in every)
    assert pressed == "fail"
    assert said == f"{count} of {len(every)} shown"


def test_a_cell_of_the_heat_map_filters_the_list(mixed, page, drive):
    script = (
        "document.querySelector('[data-pick-domain=production][data-pick-aspect=security]').click();"
        f"said = {SHOWN}.map((d) => d.id)"
    )
    wanted = [
        r.id for r in mixed.assessment.requirements if (r.domain, r.aspect) == ("production", "security")
    ]
    assert sorted(drive(page, script)) == sorted(wanted)


def test_the_switch_changes_every_word(page, drive):
    script = f"document.getElementById('switch').click(); {OPEN_ALL} said = document.body.innerText"
    text = drive(page, script)
    assert "应为：" in text
    assert "整改：" in text
    assert "Expected: " not in text.replace("Expected: a.", "")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_wider_than_the_window(page, browse, tmp_path, lang, width):
    # a frame of this width: a headless window cannot be so narrow
    inner = re.sub(r"<meta http-equiv[^>]*>", "", page).replace(
        "</body>",
        f"<script>{OPEN_ALL} parent.postMessage([innerWidth, document.documentElement.scrollWidth,"
        "[...document.querySelectorAll('body *')]"
        ".filter((e) => e.getBoundingClientRect().right > innerWidth + 1 &&"
        " !e.closest('.scroll, svg, thead')).map((e) => e.outerHTML.slice(0, 90))], '*')</script></body>",
    )
    (tmp_path / "inner.html").write_text(inner, encoding="utf-8")
    outer = (
        f"<body><iframe src='inner.html?lang={lang}' style='width:{width}px;height:900px;border:0'></iframe>"
        "<script>addEventListener('message', (e) => { document.title = JSON.stringify(e.data) })"
        "</script></body>"
    )
    (tmp_path / "outer.html").write_text(outer, encoding="utf-8")
    import json

    shown = browse(tmp_path / "outer.html", "", width + 40)
    inner_width, scroll_width, wide = json.loads(parser.fromstring(shown.html).findtext(".//title"))
    assert inner_width == width
    assert scroll_width <= width
    assert not wide


def test_headings_landmarks_and_table_heads(page):
    tree = parser.fromstring(page)
    levels = [int(node.tag[1]) for node in tree.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert [node.tag for node in tree.find("body") if node.tag in ("header", "nav", "main")] == [
        "header", "nav", "main",
    ]  # fmt: skip
    assert tree.xpath("//nav/@aria-label")
    for table in tree.iter("table"):
        assert table.xpath(".//thead//th[@scope='col']")
    for svg in tree.xpath("//svg"):
        assert svg.get("role") == "img"
        assert svg.xpath("./title")[0].text.strip()
    for control in tree.xpath("//select | //input"):
        assert control.get("aria-label")
    assert all(node.text_content().strip() for node in tree.iter("button", "a"))
    assert not tree.xpath("//@tabindex[. > 0]")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


CONTRAST = """
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const ground = (e) => { for (let n = e; n; n = n.parentElement) {
    const c = parse(getComputedStyle(n).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c.slice(0, 3); }
    return [255, 255, 255]; };
  said = {};
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg, script, option, [aria-hidden=true]') || !e.checkVisibility()) continue;
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e);
    const hex = (c) => '#' + c.slice(0, 3).map((v) => Math.round(v).toString(16).padStart(2, '0')).join('');
    said[hex(parse(style.color)) + ' ' + hex(ground(e))] = e.outerHTML.slice(0, 80);
  }
"""


def test_every_text_stands_out_from_its_ground(page, drive):
    found = drive(page, OPEN_ALL + CONTRAST)
    assert len(found) > 8
    for pair, where in found.items():
        a, b = sorted(map(luminance, pair.split(" ")))
        assert (b + 0.05) / (a + 0.05) >= 4.5, (pair, where)


def test_a_verdict_is_never_told_by_colour_alone(page):
    tree = parser.fromstring(page)
    for badge in tree.xpath("//*[contains(concat(' ', @class, ' '), ' badge ')]"):
        assert badge.text_content().strip()
    for cell in tree.xpath("//table[contains(@class, 'heat') or contains(@class, 'points')]//td//button"):
        assert re.search(r"[✓✕?≈–]\d", cell.text_content())
    for cell in tree.xpath("//table[contains(@class, 'matrix')]//td[@class]"):
        assert re.match(r"[✓⊘✕?]", cell.text_content())


def test_paper_shows_the_findings_that_the_screen_folds(page, tmp_path, browse):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not here: apt-get install poppler-utils")
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    pdf = tmp_path / "paper.pdf"
    options = f"--headless --no-sandbox --disable-gpu --user-data-dir={tmp_path / 'p'} --no-pdf-header-footer"
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    subprocess.run(
        [browser, *options.split(), f"--print-to-pdf={pdf}", f"{path.as_uri()}?lang=en"],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    text = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "undo telnet server enable" in text
    assert "fw-1:/etc/nftables.conf:3" in text
    assert "Print" not in text.split("\n")[0]


def test_the_page_asks_nobody_for_anything(mixed, browse, tmp_path):
    """Serve it from a server of our own, and see that the page itself is all that is asked for."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked: list[str] = []
    body = html.page(mixed).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:

        class Url:
            def as_uri(self) -> str:
                return f"http://127.0.0.1:{server.server_port}/report"

        assert "COMPANY-NET-01" in browse(Url()).html
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert set(asked) <= {"/report", "/favicon.ico"}
    assert "/report" in asked


def test_hostile_texts_of_findings_stay_texts(drive):
    count = "document.querySelectorAll('.finding script, .finding img').length"
    script = f"{OPEN_ALL} said = [{count}, document.title]"
    count, title = drive(html.page(hostile_report("en")), script)
    assert count == 0
    assert title.startswith("=cmd|")


def test_earlier_assessments_are_a_curve_and_a_table():
    report = good_report("en")
    assert 'id="trend"' not in html.page(report)
    points = tuple(
        TrendPoint(n, 1.79e9 + n * 86_400, "d" * 32, score, 10.0, 90.0, 50.0, 40.0, 60.0, 0.5, n, 2, 3)
        for n, score in enumerate((40.0, None, 55.0))
    )
    trended = replace(report, assessment=replace(report.assessment, trend=Trend(points)))
    tree = parser.fromstring(html.page(trended))
    section = tree.get_element_by_id("trend")
    assert len(section.xpath(".//tbody/tr")) == 3
    assert len(section.xpath(".//svg//circle")) == 2
    assert "2026" in section.text_content()


def test_the_radar_marks_what_is_known_only():
    report = good_report("en")
    tree = parser.fromstring(html.page(report))
    groups = [group for group in report.assessment.groups if group.level == 2]
    known = [group for group in groups if group.point is not None]
    assert 0 < len(known) < len(groups)
    (radar,) = tree.xpath("//svg[@class='radar']")
    assert len(radar.xpath("./text")) == len(groups)
    assert len(radar.xpath("./circle[title]")) == len(known)
