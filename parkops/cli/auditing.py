"""Reports of `parkops audit`: what configurations alone say, by the writers of all reports."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parkops.assess.audits import Audited
    from parkops.assess.controls import Control
    from parkops.report.bundle import AuditedDevice, Language, Report, Writer

MOST_NAMES = 3  # of what was audited, in a report's title


def chosen_writers(names: Sequence[str]) -> Mapping[str, Writer]:
    """Return the writers of these formats, which may be joined by commas; UsageError for an unknown one."""
    if not names:
        return {}
    from parkops.report import writers

    return writers.choose(name.strip() for text in names for name in text.split(",") if name.strip())


def write(
    found: Sequence[tuple[Audited, str]],
    controls: Sequence[Control],
    writers: Mapping[str, Writer],
    folder: Path,
    *,
    title: str,
    lang: Language,
    dry_run: bool,
) -> list[Path]:
    """Write the reports, all or none; return their paths."""
    if not writers:
        return []
    from parkops.report import writers as all_writers

    report = _report(found, controls, title, lang)
    if dry_run:
        return [folder / name for writer in writers.values() for name in writer(report)]
    return all_writers.write(report, writers, folder)


def _report(
    found: Sequence[tuple[Audited, str]], controls: Sequence[Control], title: str, lang: Language
) -> Report:
    """Return the report of an audit: verdicts and findings, and a park that has nothing else in it."""
    from parkops.assess.audits import assessment
    from parkops.model import EvidenceSet, Park, SourceRef
    from parkops.model.network import Access
    from parkops.report.bundle import Audit, Report

    judged = assessment([item for item, _ in found], controls, title, time.time())
    park = Park(
        name=title,
        title=title,
        operator="",
        plan_file="",
        plan_digest=judged.plan_digest,
        horizon_years=0,
        growth_percent=0.0,
        management_network="",
        management_gateway="",
        access=Access(),
        source=SourceRef("", 1, 1, ""),
    )
    told = len(judged.requirements) + len(judged.controls)
    audit = Audit(tuple(_device(item, note) for item, note in found), told, len(controls))
    return Report(judged, park, EvidenceSet(now_s=judged.time_s), lang, audit=audit)


def _device(item: Audited, note: str) -> AuditedDevice:
    from parkops.report.bundle import AuditedDevice

    verdicts = Counter(result.verdict for result in item.results)
    return AuditedDevice(item.device, item.platform, item.files, note, verdicts)


def title(names: Sequence[str]) -> str:
    """Name a report after what was audited."""
    more = f" +{len(names) - MOST_NAMES}" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def document(item: Audited) -> dict[str, object]:
    """Return a device's verdicts as plain values."""
    return {
        "device": item.device,
        "platform": item.platform,
        "counts": dict(Counter(result.verdict.value for result in item.results)),
        "controls": [
            {
                "id": result.id,
                "catalogue": result.catalogue,
                "title_zh": result.title_zh,
                "verdict": result.verdict.value,
                "findings": [
                    {
                        "fact": finding.check,
                        "verdict": finding.verdict.value,
                        "message": finding.message,
                        "evidence": [{"source": e.source, "text": e.text} for e in finding.evidence],
                        "mend": finding.mend,
                    }
                    for finding in result.findings
                ],
            }
            for result in item.results
        ],
    }
