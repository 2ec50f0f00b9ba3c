"""Say at which stage a park is, what is wrong, what may go wrong, and what to do first."""

from __future__ import annotations

from parkops.assess.advice.deficiencies import deficiencies
from parkops.assess.advice.path import evolution_path
from parkops.assess.advice.risks import risks
from parkops.assess.basis import Basis
from parkops.assess.context import Context
from parkops.model import Assessment, Diagnosis, Stage


def diagnose(context: Context, assessment: Assessment, basis: Basis) -> Diagnosis:
    """Return the diagnosis of an assessed park."""
    stage, following = stage_of(assessment, basis)
    zh, en = _why(assessment, basis, stage, following)
    return Diagnosis(
        stage=stage,
        next_stage=following,
        why_zh=zh,
        why_en=en,
        deficiencies=deficiencies(assessment),
        risks=risks(context, assessment),
        path=evolution_path(context, assessment, basis),
    )


def stage_of(assessment: Assessment, basis: Basis) -> tuple[Stage | None, Stage | None]:
    """Return the stage, and the one after it; without a grade, the one after what is certain."""
    stages = basis.stages
    stage = next((item for item in stages if item.id == assessment.grade), None)
    known = assessment.grade or assessment.grade_low
    place = next(number for number, item in enumerate(stages) if item.id == known)
    return stage, stages[place + 1] if place + 1 < len(stages) else None


def _why(
    assessment: Assessment, basis: Basis, stage: Stage | None, following: Stage | None
) -> tuple[str, str]:
    names = {item.id: item for item in basis.stages}
    low, high = names[assessment.grade_low], names[assessment.grade_high]
    if stage is None:
        known, floor = f"{assessment.coverage:.0%}", f"{assessment.grade_floor:.0%}"
        total_low, total_high = f"{assessment.total_low:.1f}", f"{assessment.total_high:.1f}"
        zh = f"只有 {known} 的权重有数据，低于定级下限 {floor}，暂不定级；"
        zh += f"总分在 {total_low} 与 {total_high} 之间（{low.name_zh}至{high.name_zh}）"
        en = f"{known} of the weight is known, less than the {floor} that a grade needs; "
        en += f"the total lies between {total_low} and {total_high} ({low.name_en} to {high.name_en})"
        return zh, en
    point = assessment.total_point or 0.0
    zh = f"总分 {point:.1f}（{assessment.total_low:.1f} 至 {assessment.total_high:.1f}），{stage.name_zh}"
    en = f"{point:.1f} ({assessment.total_low:.1f} to {assessment.total_high:.1f}): {stage.name_en}"
    if following:
        zh += f"；距{following.name_zh}还差 {following.low - point:.1f} 分"
        en += f"; {following.low - point:.1f} points short of {following.name_en}"
    if low.id != high.id:
        zh += f"；尚缺数据，可能在{low.name_zh}与{high.name_zh}之间"
        en += f"; what is unknown leaves it between {low.name_en} and {high.name_en}"
    return zh, en


__all__ = ["diagnose", "stage_of"]
