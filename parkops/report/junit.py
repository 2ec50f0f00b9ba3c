"""Write the requirements as JUnit XML, so that a pipeline shows them as tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from lxml import etree

from parkops.model import RequirementResult, Verdict
from parkops.report.bundle import Report
from parkops.report.speech import Speech
from parkops.report.view import results_of
from parkops.report.words import VERDICTS

MOST_LINES = 100  # of a failure: the JSON report holds all
_CONTROL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.junit.xml: a suite for each catalogue and domain; what is not decided is skipped."""
    speech = Speech(report.lang)
    root = etree.Element("testsuites", name=clean(f"parkops {report.assessment.park}"))
    groups: dict[tuple[str, str], list[RequirementResult]] = {}
    for result in results_of(report.assessment):
        groups.setdefault((result.catalogue, result.domain), []).append(result)
    stamp = datetime.fromtimestamp(int(report.assessment.time_s), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for (catalogue, domain), results in groups.items():
        suite = etree.SubElement(root, "testsuite", name=clean(f"{catalogue}.{domain}"), timestamp=stamp)
        for result in results:
            _case(suite, result, speech)
        _count(suite)
    _count(root)
    return {
        "report.junit.xml": etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    }


def _count(node: etree._Element) -> None:
    node.set("tests", str(len(node.findall(".//testcase"))))
    node.set("failures", str(len(node.findall(".//failure"))))
    node.set("errors", "0")
    node.set("skipped", str(len(node.findall(".//skipped"))))
    node.set("time", "0")


def _case(suite: etree._Element, result: RequirementResult, speech: Speech) -> None:
    name = f"{result.id} {speech.title(result)}"
    place = ".".join(("parkops", result.catalogue, result.domain, result.aspect))
    case = etree.SubElement(suite, "testcase", classname=clean(place), name=clean(name), time="0")
    said = speech.message(result.message)
    if result.verdict is Verdict.FAIL:
        failure = etree.SubElement(case, "failure", type="fail", message=clean(said))
        failure.text = clean("\n".join(_lines(result, speech)))
    elif result.verdict is not Verdict.PASS:
        verdict = speech.word(VERDICTS, result.verdict.value)
        etree.SubElement(case, "skipped", message=clean(f"{verdict}: {said}"))


def _lines(result: RequirementResult, speech: Speech) -> list[str]:
    failed = [finding for finding in result.findings if finding.verdict is Verdict.FAIL]
    lines = []
    for finding in failed[:MOST_LINES]:
        about = "" if finding.subject == "park" else f"{speech.subject(finding.subject)}: "
        lines.append(f"{about}{speech.message(finding.message)} ({finding.check})")
        lines += [f"  {item.source}: {speech.evidence(item.text)}" for item in finding.evidence[:3]]
        lines += [f"  > {line}" for line in finding.mend.splitlines()]
    if len(failed) > MOST_LINES:
        lines.append(f"+ {len(failed) - MOST_LINES}")
    return lines


def clean(text: str) -> str:
    """Replace what XML 1.0 cannot hold."""
    return _CONTROL.sub("\ufffd", text)
