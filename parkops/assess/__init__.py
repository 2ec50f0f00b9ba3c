"""Judge a park: evidence in, findings and scores out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from parkops.assess.advice import diagnose
from parkops.assess.basis import Basis, basis_of
from parkops.assess.checks import CHECKS
from parkops.assess.context import Context
from parkops.assess.controls import GUIDE, Control, built_in
from parkops.assess.grade import graded
from parkops.assess.indicators import score_indicators
from parkops.assess.outcome import Check
from parkops.assess.runner import judge
from parkops.assess.scores import scores
from parkops.model import Assessment, EvidenceSet, Park
from parkops.model.bulk import bulk


def assess(
    park: Park,
    evidence: EvidenceSet,
    checks: Mapping[str, Check] = CHECKS,
    own: Sequence[Control] = (),
    basis: Basis | None = None,
    platform_dirs: Sequence[Path] = (),
) -> Assessment:
    """Return the park's verdicts and scores at ``evidence.now_s``; the same input gives the same output.

    ``own`` are the controls of the user's catalogues; ``basis`` is what the scores are told by, as
    ``basis_of`` reads it beside the plan; ``platform_dirs`` hold the user's platforms with their audits.
    """
    basis = basis or basis_of(park.assessment)
    context = Context(park, evidence)
    indicators = score_indicators(context, basis.catalogue, basis.thresholds)
    whole_park = Context(park, evidence, indicators, platform_dirs=tuple(platform_dirs))
    with bulk():
        results = judge(whole_park, (*built_in(), *own), checks)
    found = Assessment(
        park=park.name,
        title=park.title,
        plan_digest=park.plan_digest,
        time_s=evidence.now_s,
        requirements=tuple(result for result in results if result.catalogue == GUIDE),
        **scores(indicators, basis.catalogue),
        controls=tuple(result for result in results if result.catalogue != GUIDE),
        profile=basis.profile,
        weights=basis.weights,
        grade_floor=basis.grades.coverage_floor,
    )
    found = graded(found, basis)
    return replace(found, diagnosis=diagnose(context, found, basis))


__all__ = ["Basis", "assess", "basis_of"]
