"""Proofs before anything is pushed: features, redundancy, rules and syntax."""

from __future__ import annotations

from parkops.model import Artifact, Finding, Park
from parkops.platforms import Platforms, find_platforms
from parkops.verify.baseline import check_baseline
from parkops.verify.features import check_features
from parkops.verify.redundancy import check_redundancy
from parkops.verify.rules import check_rules
from parkops.verify.syntax import check_syntax


def verify(
    park: Park, artifacts: tuple[Artifact, ...], platforms: Platforms | None = None
) -> tuple[Finding, ...]:
    """Return every finding about the design and its artifacts; unknown where a parser is missing."""
    known = platforms or find_platforms()
    return (
        *check_features(park, known),
        *check_baseline(park, known),
        *check_redundancy(park),
        *check_rules(park),
        *check_syntax(artifacts),
    )


__all__ = ["verify"]
