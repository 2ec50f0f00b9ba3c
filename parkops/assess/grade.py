"""Give a park its grade, or say why there is none."""

from __future__ import annotations

from dataclasses import replace

from parkops.assess.basis import Basis
from parkops.model import Assessment


def graded(assessment: Assessment, basis: Basis) -> Assessment:
    """Return the assessment with the grade of its point, and the grades of its bounds.

    While less of the weight is known than the floor of the grades asks for, there is no grade: the bounds'
    grades tell between which it lies.
    """
    low = basis.stage_of(assessment.total_low).id
    high = basis.stage_of(assessment.total_high).id
    point = assessment.total_point
    enough = assessment.coverage >= basis.grades.coverage_floor and point is not None
    grade = basis.stage_of(point).id if enough and point is not None else ""
    return replace(assessment, grade=grade, grade_low=low, grade_high=high)


__all__ = ["graded"]
