"""The page: whole, readable in both languages, harmless, and alive in a real browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from assess_park import NOW, good_evidence, good_park
from lxml import html as parser

from parkops.assess import assess
from parkops.model import EvidenceSet, Interval, Need, SourceRef, State, Waiver
from parkops.report import html, json_

HOSTILE = '<script>document.title="owned"</script>"\'><img src=x onerror=alert(1)>{{ 7 * 7 }}'


@pytest.fixture(scope="module")
def good():
    park = good_park()
    evidence = good_evidence(park)
    return assess(park, evidence), park, evidence


@pytest.fixture(scope="module")
def page(good):
    return html.render(*good)


def payload(page):
    """Return the findings that the page's script draws."""
    return json.loads(parser.fromstring(page).get_element_by_id("data").text)


def visible(tree, lang):
    """Return the text that a reader of one language sees."""
    other = "en" if lang == "zh" else "zh"
    for node in tree.xpath(
        f'//*[contains(concat(" ", @class, " "), " l ")][@lang="{other}"]'
        " | //style | //script | //option | //svg//title"
    ):
        node.drop_tree()
    return " ".join(tree.text_content().split())


def test_one_file_that_needs_nothing_else(page):
    tree = parser.fromstring(page)
    assert not tree.xpath("//link | //img | //iframe | //script[@src] | //object")
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", page)
    assert "default-src 'none'" in page


def test_the_same_input_gives_the_same_bytes(good, page):
    assert html.render(*good) == page


def test_header_names_park_time_and_plan(page):
    text = visible(parser.fromstring(page), "en")
    assert "手工园区" in text
    assert "运营方" in text
    assert "2026-09-21 14:13:20Z" in text
    assert "d" * 32 in text


def test_every_requirement_and_indicator_is_there(good, page):
    tree = parser.fromstring(page)
    shown = tree.xpath('//details[contains(@class, "req")]/@id')
    every = [r.id for r in (*good[0].requirements, *good[0].controls)]
    assert sorted(shown) == sorted(every)
    assert set(payload(page)["requirements"]) == set(every)
    assert len(tree.xpath('//section[@id="indicators"]//tbody/tr')) == 60


def test_findings_cite_plan_line_config_line_and_time(page):
    cited = payload(page)["evidence"]
    assert {kind for kind, *_ in cited} == {"plan", "config", "state", "probe", "attest"}
    sources = {source.split(" ")[0] for _, source, *_ in cited}
    assert "fw-1:/etc/nftables.conf:3" in sources
    assert [source for source in sources if source.startswith("park.yaml:")]
    assert [item for item in cited if item[3].startswith("2026-09-21") and item[4] > 0 and item[5]]


def test_unknown_stands_apart_from_fail(good, page):
    tree = parser.fromstring(page)
    shown = {v: tree.xpath(f'//details[@data-verdict="{v}"]/@id') for v in ("fail", "unknown", "pass")}
    for verdict, ids in shown.items():
        every = (*good[0].requirements, *good[0].controls)
        assert ids == [r.id for r in every if r.verdict == verdict]
    order = tree.xpath('//details[contains(@class, "req")]/@data-verdict')
    assert order.index("unknown") > max(n for n, verdict in enumerate(order) if verdict == "fail")


def test_both_languages_are_inside(page):
    zh, en = visible(parser.fromstring(page), "zh"), visible(parser.fromstring(page), "en")
    for word in (
        "园区评估报告",
        "总分",
        "尚无证据",
        "连通性验证",
        "工业生产网络",
        "标准化数据协议普及率",
    ):
        assert word in zh
        assert word not in en
    for word in (
        "park assessment report",
        "Total score",
        "not yet evidenced",
        "Production network",
    ):
        assert word in en
        assert word not in zh


def test_every_text_is_in_both_languages(page):
    tree = parser.fromstring(page)
    count = {lang: len(tree.xpath(f'//*[contains(@class, "l")][@lang="{lang}"]')) for lang in ("zh", "en")}
    assert count["zh"] == count["en"] > 500


def test_pages_are_made_of_labelled_parts(page):
    tree = parser.fromstring(page)
    for section in tree.xpath("//section"):
        label = section.get("aria-labelledby")
        assert tree.xpath(f'//h2[@id="{label}"]'), label
    assert tree.xpath('//a[@class="skip"]/@href') == ["#main"]
    assert all(svg.xpath("./title") for svg in tree.xpath("//svg"))
    assert len(tree.xpath("//@id")) == len(set(tree.xpath("//@id")))


def hostile_park(good):
    _, park, evidence = good
    devices = tuple(replace(d, title=HOSTILE) for d in park.devices)
    tenants = tuple(replace(tenant, title=HOSTILE) for tenant in park.tenants)
    groups = tuple(replace(group, title=HOSTILE) for group in park.groups)
    waived = replace(park.attestations[0], evidence=HOSTILE, stated_by=HOSTILE)
    park = replace(
        park, title=HOSTILE, operator=HOSTILE, devices=devices, tenants=tenants, groups=groups,
        attestations=(waived,),
    )  # fmt: skip
    events = tuple(replace(event, cause=HOSTILE, note=HOSTILE, target=HOSTILE) for event in evidence.events)
    results = tuple(replace(result, message=HOSTILE) for result in evidence.results)
    intervals = (*evidence.intervals, Interval(HOSTILE, NOW - 9, NOW - 2, State.DOWN, HOSTILE))
    evidence = replace(evidence, events=events, results=results, intervals=intervals)
    return assess(park, evidence), park, evidence


def test_what_a_plan_holds_is_only_ever_text(good):
    page = html.render(*hostile_park(good))
    tree = parser.fromstring(page)
    assert len(tree.xpath("//script")) == 2
    assert "<" not in tree.get_element_by_id("data").text
    assert not tree.xpath("//img")
    assert not tree.xpath("//@onerror")
    assert "{{ 7 * 7 }}" in page
    assert page.count("<script>document") == 0


def test_a_hostile_plan_runs_nothing_in_a_browser(good, browse, tmp_path):
    path = html.write(*hostile_park(good), tmp_path / "report.html")
    shown = browse(path)
    title = parser.fromstring(shown.html).findtext(".//title")
    assert title != "owned"
    assert title.startswith("<script>document.title")
    assert not parser.fromstring(shown.html).xpath("//img")


@pytest.mark.parametrize(("lang", "words"), [("zh", "园区评估报告"), ("en", "park assessment report")])
def test_the_browser_opens_it_without_a_word_on_the_console(good, browse, tmp_path, lang, words):
    path = html.write(*good, tmp_path / "report.html", "zh")
    shown = browse(path, f"?lang={lang}")
    tree = parser.fromstring(shown.html)
    assert shown.console == ""
    assert tree.get("data-lang") == lang
    assert words in tree.findtext(".//title")
    every = len(good[0].requirements) + len(good[0].controls)
    assert str(every) in tree.get_element_by_id("filter-count").text_content()
    assert tree.get_element_by_id("filter-text").get("placeholder")
    options = tree.xpath('//select[@id="filter-domain"]/option')
    assert ("工业生产网络" if lang == "zh" else "Production network") in [o.text for o in options]


def test_an_empty_park_has_a_page_too(browse, tmp_path):
    park = replace(
        good_park(), devices=(), links=(), segments=(), zones=(), flows=(), groups=(), rings=(), circuits=(),
        tenants=(), targets=(), expectations=(), figures=(), attestations=(), facts=(), pools=(),
    )  # fmt: skip
    evidence = EvidenceSet(now_s=NOW)
    assessment = assess(park, evidence)
    shown = browse(html.write(assessment, park, evidence, tmp_path / "r.html", "en"))
    assert shown.console == ""
    text = visible(parser.fromstring(shown.html), "en")
    assert "Not monitored yet" in text
    assert "Nothing was pushed yet" in text
    broken = [f.message for r in assessment.requirements for f in r.findings if "Error" in f.message]
    assert not broken


def test_an_interrupted_write_leaves_the_old_page(good, tmp_path, monkeypatch):
    path = html.write(*good, tmp_path / "report.html")
    before = path.read_bytes()
    monkeypatch.setattr(html, "page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        html.write(*good, path)
    assert path.read_bytes() == before


def test_json_says_the_same(good, tmp_path):
    import json

    assessment, park, evidence = good
    path = json_.write(assessment, park, evidence, tmp_path / "report.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["kind"], document["version"]) == ("parkops.report", 1)
    assert document["scores"]["total"]["point"] == assessment.total_point
    assert sum(document["verdicts"].values()) == len(document["requirements"]) == 192
    assert len(document["indicators"]) == 60
    assert document["reach"]["forbidden"] == {"held": 4, "broken": 0, "untried": 0}
    finding = next(f for r in document["requirements"] for f in r["findings"] if f["kind"] == "config")
    assert {"verdict", "message", "evidence", "subject", "check"} <= set(finding)
    assert finding["evidence"][0]["source"]


def test_a_waived_feature_stands_in_the_report_with_its_reason(good, page):
    assessment, park, evidence = good
    place = SourceRef("park.yaml", 8, 3, "backbone.cores")
    first, *rest = park.devices
    device = replace(first, needs=(Need("erps", place, "环网改造中"), Need("ospf", place)))
    waiver = Waiver(f"feature:vrf@{first.name}", "运维部", HOSTILE, "2027-01-01", place)
    park = replace(park, devices=(device, *rest), waivers=(*park.waivers, waiver), _index={})
    text = html.render(assessment, park, evidence)
    rows = parser.fromstring(text).xpath('//section[@id="waived"]//tbody/tr')
    assert [row.xpath("./td")[1].text_content() for row in rows] == ["erps", "vrf"]
    assert "环网改造中" in rows[0].text_content()
    assert HOSTILE in rows[1].text_content()
    found = json_.document(assessment, park, evidence)["waived_features"]
    assert [(item["device"], item["feature"]) for item in found] == [
        (first.name, "erps"),
        (first.name, "vrf"),
    ]
    assert 'id="waived"' not in page
