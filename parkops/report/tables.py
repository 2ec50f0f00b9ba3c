"""The report as plain tables, for workbooks and CSV files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from parkops.model import Evidence, RequirementResult, Verdict
from parkops.report import audited
from parkops.report.bundle import Report
from parkops.report.sheet import Cell, Column, Table
from parkops.report.sources import Places
from parkops.report.speech import Speech
from parkops.report.view import ORDER, results_of, stamp
from parkops.report.waived import waived_features
from parkops.report.words import ASPECTS, BASES, DOMAINS, KINDS, VERDICTS, Words

REQUIREMENTS = Words("要求", "Requirements")
OTHERS = Words("等级保护与其他目录", "MLPS and other catalogues")


def tables(report: Report) -> tuple[Table, ...]:
    """Return all tables in the language of the report."""
    speech = Speech(report.lang)
    every = results_of(report.assessment)
    guide = [result for result in every if result.catalogue == "guide"]
    others = [result for result in every if result.catalogue != "guide"]
    numbers = _number(every)
    if report.audit:
        return (
            audited.table(report.audit, report.assessment.time_s, speech),
            *((_requirements("requirements", REQUIREMENTS, guide, speech),) if guide else ()),
            *((_requirements("mlps", OTHERS, others, speech),) if others else ()),
            _findings(report, every, numbers, speech),
            _evidence(report, numbers, speech),
        )
    return (
        _summary(report, speech),
        _indicators(report, speech),
        _requirements("requirements", REQUIREMENTS, guide, speech),
        _requirements("mlps", OTHERS, others, speech),
        _findings(report, every, numbers, speech),
        _evidence(report, numbers, speech),
        _waivers(report, every, speech),
    )


def _number(results: Iterable[RequirementResult]) -> dict[Evidence, str]:
    found = dict.fromkeys(item for r in results for finding in r.findings for item in finding.evidence)
    return {item: f"E{number}" for number, item in enumerate(found, 1)}


def _summary(report: Report, speech: Speech) -> Table:
    a = report.assessment
    total, infrastructure = Words("总分", "Total score"), Words("基础设施得分", "Infrastructure score")
    rows: list[tuple[Cell, ...]] = [
        (speech.pick(Words("园区", "Park")), report.park.title or a.park, None, None),
        (speech.pick(Words("运营单位", "Operator")), report.park.operator, None, None),
        (speech.pick(Words("评估时间", "Assessed")), stamp(a.time_s), None, None),
        (speech.pick(Words("规划摘要", "Plan digest")), a.plan_digest, None, None),
        (speech.pick(total), a.total_point, a.total_low, a.total_high),
        (speech.pick(infrastructure), a.infrastructure_point, a.infrastructure_low, a.infrastructure_high),
        (speech.pick(Words("已知权重（%）", "Known weight (%)")), round(100 * a.coverage, 1), None, None),
    ]
    for group in a.groups:
        name = group.name_zh if report.lang == "zh" else group.name_en
        rows.append((f"{'' if group.level == 1 else '    '}{name}", group.point, group.low, group.high))
    for catalogue in dict.fromkeys(result.catalogue for result in results_of(a)):
        counts = Counter(r.verdict for r in results_of(a) if r.catalogue == catalogue)
        rows += [
            (f"{catalogue}: {speech.word(VERDICTS, verdict.value)}", counts[verdict], None, None)
            for verdict in ORDER
        ]
    columns = (
        Column("item", Words("项目", "Item"), 44),
        Column("value", Words("值", "Value"), 40, "number"),
        Column("low", Words("下界", "Lower bound"), 12, "number"),
        Column("high", Words("上界", "Upper bound"), 12, "number"),
    )
    return Table("summary", Words("摘要", "Summary"), columns, tuple(rows))


def _indicators(report: Report, speech: Speech) -> Table:
    columns = (
        Column("id", Words("序号", "No."), 6, "number"),
        Column("name", Words("指标", "Indicator"), 40),
        Column("level1", Words("一级", "Level 1"), 8, "number"),
        Column("level2", Words("二级", "Level 2"), 8, "number"),
        Column("weight", Words("权重", "Weight"), 8, "number"),
        Column("value", Words("值", "Value"), 12, "number"),
        Column("unit", Words("单位", "Unit"), 10),
        Column("score", Words("得分", "Score"), 8, "number"),
        Column("low", Words("下界", "Lower bound"), 8, "number"),
        Column("high", Words("上界", "Upper bound"), 8, "number"),
        Column("basis", Words("依据", "Basis"), 10),
        Column("explanation", Words("说明", "Explanation"), 70),
        Column("sources", Words("证据", "Evidence"), 50),
    )
    rows = tuple(
        (
            item.id,
            item.name_zh if report.lang == "zh" else item.name_en,
            item.level1,
            item.level2,
            item.weight,
            item.value,
            speech.part(item.unit),
            item.score,
            item.low,
            item.high,
            speech.word(BASES, item.basis),
            speech.explanation(item.explanation),
            "\n".join(dict.fromkeys(evidence.source for evidence in item.evidence)),
        )
        for item in report.assessment.indicators
    )
    return Table("indicators", Words("指标", "Indicators"), columns, rows)


def _requirements(name: str, title: Words, results: Iterable[RequirementResult], speech: Speech) -> Table:
    columns = (
        Column("id", Words("编号", "Id"), 20),
        Column("catalogue", Words("目录", "Catalogue"), 10),
        Column("clauses", Words("条款", "Clauses"), 14),
        Column("levels", Words("等级", "Levels"), 8),
        Column("domain", Words("领域", "Domain"), 18),
        Column("aspect", Words("方面", "Aspect"), 12),
        Column("title", Words("名称", "Title"), 36),
        Column("text", Words("要求", "Requirement"), 60),
        Column("verdict", Words("结论", "Verdict"), 14, "verdict"),
        Column("message", Words("理由", "Why"), 70),
        Column("mapped", Words("对应条款", "Mapped clauses"), 16),
        Column("confidence", Words("条款可信度", "Confidence of clause"), 12),
        Column("auditor_verdict", Words("审核结论", "Auditor's verdict"), 16, "remark"),
        Column("auditor_remark", Words("审核意见", "Auditor's remark"), 40),
    )
    rows = tuple(
        (
            result.id,
            result.catalogue,
            "\n".join(result.clauses),
            "/".join(map(str, result.levels)),
            speech.word(DOMAINS, result.domain),
            speech.word(ASPECTS, result.aspect),
            speech.title(result),
            speech.text(result),
            speech.word(VERDICTS, result.verdict.value),
            speech.message(result.message),
            "\n".join(result.mapped),
            result.confidence,
            None,
            None,
        )
        for result in results
    )
    return Table(name, title, columns, rows)


def _findings(
    report: Report,
    results: Iterable[RequirementResult],
    numbers: Mapping[Evidence, str],
    speech: Speech,
) -> Table:
    columns = (
        Column("requirement", Words("要求", "Requirement"), 20),
        Column("catalogue", Words("目录", "Catalogue"), 10),
        Column("verdict", Words("结论", "Verdict"), 14, "verdict"),
        Column("kind", Words("证据类别", "Kind of evidence"), 12),
        Column("subject", Words("对象", "Subject"), 28),
        Column("tenant", Words("企业", "Tenant"), 14),
        Column("message", Words("发现", "Finding"), 80),
        Column("mend", Words("整改", "Mend"), 50),
        Column("check", Words("检查", "Check"), 24),
        Column("evidence", Words("证据编号", "Evidence ids"), 22),
        Column("auditor_remark", Words("审核意见", "Auditor's remark"), 40),
    )
    tenants = {device.name: device.tenant for device in report.park.devices}
    rows = tuple(
        (
            result.id,
            result.catalogue,
            speech.word(VERDICTS, finding.verdict.value),
            speech.word(KINDS, finding.kind),
            speech.subject(finding.subject),
            tenants.get(finding.subject, ""),
            speech.message(finding.message),
            finding.mend,
            finding.check,
            " ".join(dict.fromkeys(numbers[item] for item in finding.evidence)),
            None,
        )
        for verdict in ORDER
        for result in results
        for finding in result.findings
        if finding.verdict is verdict
    )
    return Table("findings", Words("发现", "Findings"), columns, rows)


def _evidence(report: Report, numbers: Mapping[Evidence, str], speech: Speech) -> Table:
    columns = (
        Column("id", Words("编号", "Id"), 8),
        Column("kind", Words("类别", "Kind"), 10),
        Column("subject", Words("对象", "Subject"), 28),
        Column("source", Words("来源", "Source"), 50),
        Column("file", Words("文件", "File"), 44),
        Column("line", Words("行", "Line"), 8, "number"),
        Column("text", Words("内容", "What was seen"), 70),
        Column("time", Words("时间", "Time"), 22),
        Column("max_age_s", Words("有效期（秒）", "Age limit (s)"), 14, "number"),
        Column("digest", Words("摘要", "Digest"), 36),
    )
    places = Places(report.park, report.evidence)
    rows = []
    for item, name in numbers.items():
        place = places.of(item)
        rows.append(
            (
                name,
                speech.word(KINDS, item.kind.value),
                speech.subject(item.subject),
                item.source,
                place.uri if place else "",
                place.line if place else None,
                speech.evidence(item.text),
                stamp(item.time_s),
                item.max_age_s,
                item.digest,
            )
        )
    return Table("evidence", Words("证据", "Evidence"), columns, tuple(rows))


def _waivers(report: Report, results: Iterable[RequirementResult], speech: Speech) -> Table:
    columns = (
        Column("requirement", Words("要求或功能", "Requirement or feature"), 34),
        Column("in_force", Words("是否生效", "In force"), 10),
        Column("owner", Words("责任人", "Owner"), 16),
        Column("reason", Words("理由", "Reason"), 60),
        Column("expires_on", Words("到期", "Expires on"), 14),
        Column("source", Words("规划", "Plan"), 44),
    )
    waived = {result.id for result in results if result.verdict is Verdict.WAIVED}
    yes, no = speech.pick(Words("是", "yes")), speech.pick(Words("否", "no"))
    rows: list[tuple[Cell, ...]] = [
        (
            w.requirement,
            yes if w.requirement in waived else no,
            w.owner,
            w.reason,
            w.expires_on,
            str(w.source),
        )
        for w in report.park.waivers
        if not w.requirement.startswith("feature:")
    ]
    rows += [
        (f"{item.feature}@{item.device}", yes, "", item.reason, "", item.plan)
        for item in waived_features(report.park)
    ]
    return Table("waivers", Words("豁免", "Waivers"), columns, tuple(rows))
