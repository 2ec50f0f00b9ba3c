"""The Chinese of the report: nearly all of it there, whole or not at all, and never a mangled name."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from assess_cases import FAILING
from assess_park import NOW, good_evidence, good_park
from lxml import html as parser

from parkops.assess import assess, catalogues
from parkops.assess.checks import CHECKS
from parkops.assess.context import Context
from parkops.model import EvidenceSet
from parkops.pipeline import Workspace, load_park
from parkops.report import chinese, html
from parkops.report.phrases import PhraseTable, compile_phrase

ROOT = Path(__file__).parents[2]
PHRASES = ROOT / "parkops" / "report" / "phrases.zh.yaml"
LEAST_SHARE = 0.97
CJK = re.compile(r"[\u4e00-\u9fff]")
WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


@pytest.fixture(scope="module")
def worlds():
    """Return parks with evidence: hand-made, as seen and unseen, and the park of the demo."""
    park = good_park()
    demo = load_park(Workspace(ROOT / "inventories" / "demo"))
    return (park, good_evidence(park)), (park, EvidenceSet(now_s=NOW)), (demo, EvidenceSet(now_s=NOW))


@pytest.fixture(scope="module")
def assessments(worlds):
    return [assess(*world) for world in worlds]


@pytest.fixture(scope="module")
def outcomes(worlds):
    """Return what the failing cases of all checks say."""
    changed = [(case, *case.change(*worlds[0])) for case in FAILING]
    return [
        outcome
        for case, park, evidence in changed
        for outcome in CHECKS[case.check](Context(park, evidence), **case.params)
    ]


def findings(assessments):
    return [f for a in assessments for r in a.requirements for f in r.findings]


def names(worlds):
    """Return what the plans name: a part that is only that has nothing to translate."""
    parks = [park for park, _ in worlds]
    devices = [device for park in parks for device in park.devices]
    return {device.name for device in devices} | {device.property("upstream") for device in devices}


def lacking(found, plain):
    """Return the parts without Chinese; lists of names are none."""
    return sorted(text for text in found if chinese.phrase(text) is None and set(text.split(", ")) - plain)


def enough(found, missing):
    share = 1 - len(missing) / len(found)
    assert share >= LEAST_SHARE, f"{share:.1%} have Chinese; these lack it:\n" + "\n".join(missing)


def test_messages_of_the_failing_cases_are_chinese(worlds, outcomes):
    found = {text for outcome in outcomes for text in (outcome.expected, outcome.actual)}
    assert len(found) > 250
    enough(found, lacking(found, names(worlds)))


def test_messages_of_whole_assessments_are_chinese(worlds, assessments):
    found = {text for finding in findings(assessments) for text in chinese.parts(finding.message)}
    assert len(found) > 500
    enough(found, lacking(found, names(worlds)))


def test_reasons_of_verdicts_are_chinese(assessments):
    said = {result.message for a in assessments for result in a.requirements}
    missing = sorted(text for text in said if not CJK.search(chinese.message(text).zh))
    assert not missing
    assert not [text for text in said if "Expected:" in chinese.message(text).zh]


def test_explanations_of_indicators_are_chinese(assessments):
    said = {indicator.explanation for a in assessments for indicator in a.indicators}
    assert not sorted(text for text in said if WORDS.search(_bare(chinese.explanation(text).zh)))


def _bare(text):
    return re.sub(r"OPC UA|Wi-Fi", "", text)


def test_every_requirement_has_chinese_text(assessments):
    missing = [r.id for r in catalogues.requirements() if not CJK.search(r.text_zh)]
    assert not missing
    unlike = [r.id for r in catalogues.requirements() if not r.text_zh.endswith("。") or len(r.text_zh) < 8]
    assert not unlike
    assert all(r.text_zh for r in assessments[0].requirements)


def test_what_a_check_says_of_a_configuration_is_chinese_and_its_lines_stay(assessments):
    cited = {item.text for finding in findings(assessments) for item in finding.evidence}
    ours = [text for text in cited if text.startswith(("no ", "nothing ", "pool ")) and WORDS.search(text)]
    assert len(ours) > 10
    assert not [text for text in ours if not CJK.search(chinese.evidence(text).zh)]
    line = 'ip saddr { 10.1.1.0/24 } tcp dport { 80 } accept comment "none: up, down (running)"'
    assert chinese.evidence(f"{line} (running)").zh == f"{line}（运行配置）"
    assert chinese.evidence(line).zh == line


HOSTILE = (
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {n} {x:text} %s %(a)s {0}",
    r".*(a+)+$ [^\w] \1 (?P<x>y) |",
    "Expected: a. Actual: b.",
    "line\nbreak\r\n\ttab \x00 \u202e",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_neither_lost_nor_mangled(text):
    # in a slot, as a part without a phrase, and in the places that the frame has for it
    assert chinese.message(f"Expected: two. Actual: {text}!.").zh == f"应为：two。实为：{text}!。"
    assert text in chinese.message(f"Expected: x y z. Actual: missing: {text}.").zh
    assert text in chinese.message(f"waived by {text} until 2027-01-01: {text}; without it: {text}").zh
    assert text in chinese.explanation(f"3 stated by {text} on 2026-01-01: {text}; no value").zh
    assert text in chinese.evidence(f"{text} (running)").zh
    for say in (chinese.message, chinese.part, chinese.evidence, chinese.explanation):
        assert say(text).en == text


def test_a_part_is_translated_whole_or_not_at_all():
    assert chinese.phrase("single points: fw-1; and what nobody wrote a phrase for") is not None
    assert chinese.phrase("at least one seaside network") is None
    assert chinese.phrase("at least many exits") is None
    assert chinese.phrase("unknown: the moon was in the way") is None
    assert chinese.phrase("a new sentence of a check of another package") is None
    assert (
        chinese.message("Expected: at least 2 exits. Actual: the moon.").zh
        == "应为：出口不少于 2 个。实为：the moon。"
    )


@pytest.mark.parametrize(
    ("english", "zh"),
    [
        ("Expected: a. Actual: b.", "应为：a。实为：b。"),
        ("fw-1: Expected: a. Actual: b. And 3 more.", "fw-1：应为：a。实为：b。另有 3 条。"),
        ("passed: plan, config", "通过：规划、配置"),
        ("not yet evidenced: state (passed so far: plan)", "尚无证据：设备状态（已通过：规划）"),
        (
            "waived by 李四 until 2027-01-01: 待采购; without it: not yet evidenced: plan",
            "由 李四 豁免至 2027-01-01：待采购；若不豁免：尚无证据：规划",
        ),
        ("event 3: Expected: a. Actual: none.", "事件 3：应为：a。实为：无。"),
        ("", ""),
    ],
)
def test_frames(english, zh):
    assert chinese.message(english) == (zh, english)


def test_the_longest_phrase_wins():
    table = PhraseTable({"no {x}": "短", "no rule for {x}": "长", "no rule for core": "全"}, {})
    assert [table.translate(t) for t in ("no y", "no rule for y", "no rule for core")] == ["短", "长", "全"]


@pytest.mark.parametrize(
    ("english", "zh"), [("{a}{b} x", "{a}"), ("{a} x", "{b}"), ("{a} {a}", "{a}"), ("{a:number}", "{a}")]
)
def test_a_phrase_that_cannot_work_is_refused(english, zh):
    with pytest.raises(ValueError, match="slot"):
        compile_phrase(english, zh)


def test_no_phrase_stands_twice_in_the_table():
    keys = re.findall(
        r'^  ("(?:[^"\\]|\\.)*"|[^#\s].*?): ', PHRASES.read_text(encoding="utf-8"), re.MULTILINE
    )
    data = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
    assert len(keys) == sum(len(section) for section in data.values())
    assert not data["criteria"].keys() & data["messages"].keys()


def test_every_criterion_that_no_check_decides_has_chinese():
    entries = [entry for r in catalogues.requirements() for entry in r.checks]
    shown = {e.criterion.rstrip(".") for e in entries if not e.check or e.kind.value == "attest"}
    known = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))["criteria"].keys()
    assert not shown - known
    assert not known - shown


def test_cost_is_linear_in_the_length():
    def spent_s(count):
        text = "unknown: " * count + "0 of " * count + "; " * count
        started_s = time.process_time()
        for say in (chinese.message, chinese.part, chinese.evidence, chinese.explanation):
            assert say(text).en == text
        return time.process_time() - started_s

    spent_s(10)
    assert spent_s(64_000) < 40 * max(spent_s(4_000), 0.005)


def test_a_browser_shows_no_english_frame_in_the_chinese_view(worlds, assessments, browse, tmp_path):
    page = html.render(assessments[0], *worlds[0], "zh")
    read = (
        "<script>for (const d of document.querySelectorAll('details')) {"
        "  d.open = true; d.dispatchEvent(new Event('toggle')); }"
        "const seen = document.body.innerText; document.body.innerHTML = '<pre id=seen></pre>';"
        "document.getElementById('seen').textContent = seen;</script>"
    )
    page = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("</body>", read + "</body>")
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    seen = {
        lang: parser.fromstring(browse(path, f"?lang={lang}").html).get_element_by_id("seen").text
        for lang in ("zh", "en")
    }
    assert "Expected:" in seen["en"]
    for word in ("Expected:", "Actual:", "not yet evidenced", "no figure stated", "The park network"):
        assert word not in seen["zh"], word
    assert "应为：" in seen["zh"]
    assert "园区网络应规划齐" in seen["zh"]
    assert "应为：" not in seen["en"]
