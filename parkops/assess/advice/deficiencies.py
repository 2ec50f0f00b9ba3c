"""What failed, by cause and by consequence."""

from __future__ import annotations

from collections.abc import Iterable

from parkops.model import Assessment, Deficiency, Finding, RequirementResult, Verdict

PARK, TENANT, DEVICE = 3, 2, 1
# What a failure touches, by domain; what only records or convenience hang on is a class lower.
WIDE = ("backbone", "security-boundary", "security-public", "park")
GRAVE = ("security", "reliability", "operations", "")
MOST_SUBJECTS = 20


def deficiencies(assessment: Assessment) -> tuple[Deficiency, ...]:
    """Return the failed requirements, those with the same failed check and subjects as one, worst first."""
    groups: dict[tuple[str, tuple[str, ...]], list[RequirementResult]] = {}
    for result in (*assessment.requirements, *assessment.controls):
        if result.verdict is Verdict.FAIL:
            failed = _failed(result)
            subjects = tuple(dict.fromkeys(f.subject for f in failed if f.subject != "park"))
            groups.setdefault((failed[0].check if failed else result.id, subjects), []).append(result)
    found = [_deficiency(results, subjects) for (_, subjects), results in groups.items()]
    return tuple(
        sorted(found, key=lambda item: (-item.consequence, -len(item.requirements), item.requirements))
    )


def _failed(result: RequirementResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.verdict is Verdict.FAIL]


def _deficiency(results: list[RequirementResult], subjects: tuple[str, ...]) -> Deficiency:
    results = sorted(results, key=lambda result: -consequence(result))  # stable: the catalogue's order
    worst = results[0]
    failed = _failed(worst)
    return Deficiency(
        consequence=consequence(worst),
        domain=worst.domain,
        aspect=worst.aspect,
        requirements=tuple(result.id for result in results),
        title_zh=worst.title_zh,
        title_en=worst.text,
        subjects=subjects[:MOST_SUBJECTS],
        message=failed[0].message if failed else worst.message,
        mend=_mend(results),
    )


def _mend(results: Iterable[RequirementResult]) -> str:
    mends = (finding.mend for result in results for finding in _failed(result))
    return next(filter(None, mends), "")


def consequence(result: RequirementResult) -> int:
    """Return how far a failure reaches: 3 the park, 2 a tenant, 1 a device or a record."""
    if result.levels:  # an item of MLPS: by the level that asks for it
        return PARK if min(result.levels) >= 3 else TENANT
    grave = result.aspect in GRAVE
    if result.domain in WIDE:
        return PARK if grave else TENANT
    return TENANT if grave else DEVICE


__all__ = ["consequence", "deficiencies"]
