"""Weights of indicators from the pairwise judgements of several experts (AHP)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from parkops.assess.catalogues import IndicatorCatalogue
from parkops.assess.weights import book, sheet
from parkops.assess.weights.ahp import (
    LIMIT,
    Matrix,
    contradictions,
    joined_judgements,
    joined_priorities,
    matrix_of,
    priorities,
)
from parkops.assess.weights.judgements import Expert, Group, groups, printed
from parkops.errors import ParkopsError, ProblemsError, UsageError

Method = Literal["aij", "aip"]
WORKBOOKS = (".xlsx", ".xlsm")
DIGITS = 6
NAMED = 3  # contradictions of a matrix that are named


@dataclass(frozen=True, slots=True)
class GroupWeights:
    """The weights of one group, and how consistent the experts were, each and together."""

    group: Group
    weights: tuple[float, ...]  # sum 1
    ratio: float  # of the joined judgements
    experts: tuple[tuple[str, float], ...]  # (name, consistency ratio)


@dataclass(frozen=True, slots=True)
class Weighing:
    """All groups that experts judged."""

    method: Method
    experts: tuple[tuple[str, float], ...]  # (name, share)
    groups: tuple[GroupWeights, ...]


def read_experts(paths: Sequence[Path], catalogue: IndicatorCatalogue) -> tuple[Expert, ...]:
    """Return the judgements of all files; ParkopsError with the mistakes of all of them."""
    known = groups(catalogue)
    experts: list[Expert] = []
    mistakes: list[str] = []
    for path in paths:
        reader = book if path.suffix.lower() in WORKBOOKS else sheet
        try:
            experts.append(reader.read(path, known))
        except (ProblemsError, UsageError) as error:
            mistakes.append(str(error))
    names = [expert.name for expert in experts]
    for expert in experts:
        if names.count(expert.name) > 1:
            mistakes.append(f"{expert.file}: {expert.name} stands in several files: each expert once")
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return tuple(experts)


def weigh(experts: Sequence[Expert], catalogue: IndicatorCatalogue, method: Method = "aij") -> Weighing:
    """Return the weights of every judged group.

    ``aij`` joins judgements before the priorities are told, ``aip`` the experts' priorities. ParkopsError
    (exit 1) names every matrix above the limit of consistency, and the judgements that contradict most. Where
    each expert is consistent, so are their joined judgements (Xu, EJOR 126, 2000): the experts are asked.
    """
    refused: list[str] = []
    found = []
    for group in groups(catalogue).values():
        judging = [expert for expert in experts if group.key in expert.groups]
        if judging:
            found.append(_weigh(group, judging, method, refused))
    if refused:
        raise ParkopsError("\n".join(refused))
    return Weighing(method, tuple((expert.name, expert.share) for expert in experts), tuple(found))


def _weigh(group: Group, experts: Sequence[Expert], method: Method, refused: list[str]) -> GroupWeights:
    matrices = [_matrix(group, expert) for expert in experts]
    own = [priorities(matrix) for matrix in matrices]
    shares = [expert.share for expert in experts]
    for expert, matrix, result in zip(experts, matrices, own, strict=True):
        if not result.consistent:
            refused.append(_refusal(group, expert, matrix, result.ratio))
    together = joined_judgements(matrices, shares)
    joint = priorities(together)
    weights = joint.weights
    if method == "aip":
        weights = joined_priorities([result.weights for result in own], shares)
    told = tuple((expert.name, result.ratio) for expert, result in zip(experts, own, strict=True))
    return GroupWeights(group, weights, joint.ratio, told)


def _matrix(group: Group, expert: Expert) -> Matrix:
    judged = expert.groups[group.key]
    return matrix_of(len(group.members), {pair: item.value for pair, item in judged.items()})


def _refusal(group: Group, expert: Expert, matrix: Matrix, ratio: float) -> str:
    """Say that a matrix contradicts itself, where most, and what would fit."""
    who = f"{expert.file}: {expert.name}: {group.key} ({group.title_en})"
    lines = [f"{who}: consistency ratio {ratio:.3f}, at most {LIMIT}"]
    for item in contradictions(matrix)[:NAMED]:
        left, right = group.members[item.row], group.members[item.column]
        where = expert.groups[group.key][item.row, item.column].where
        lines.append(
            f"  {where}: {left.id}/{right.id} ({left.name_en} : {right.name_en}) is {printed(item.judged)}; "
            f"{printed(item.fits)} would fit the others and give {item.ratio:.3f}"
        )
    return "\n".join(lines)


def document(weighing: Weighing, title: str = "") -> str:
    """Return the file of weights that the plan's `assessment.weights` names, as YAML."""
    lines = ["# Weights of indicators by experts' judgements of pairs (AHP), written by `parkops weights`."]
    lines += ["kind: parkops.weights", "version: 1"]
    if title:
        lines.append(f"title: {_quoted(title)}")
    for level in ("level1", "level2", "indicators"):
        own = [item for item in weighing.groups if item.group.level == level]
        if own:
            lines.append(f"{level}:")
        for item in own:
            lines.append(f"  # {item.group.title_en}: consistency ratio {item.ratio:.4f}")
            for member, weight in zip(item.group.members, rounded(item.weights), strict=True):
                lines.append(f"  {member.id}: {weight:.{DIGITS}f}  # {member.name_zh}")
    lines += ["method:", f"  aggregation: {weighing.method}", f"  consistency_limit: {LIMIT}", "  experts:"]
    lines += [f"  - {{name: {_quoted(name)}, weight: {share:g}}}" for name, share in weighing.experts]
    lines.append("  consistency:")
    for item in weighing.groups:
        own_ratios = ", ".join(f"{_quoted(name)}: {ratio:.4f}" for name, ratio in item.experts)
        lines.append(f"    {item.group.key}: {{joined: {item.ratio:.4f}, {own_ratios}}}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def rounded(weights: Sequence[float]) -> tuple[float, ...]:
    """Round weights so that they still sum to 1: what is left goes to the largest remainders."""
    unit = 10**DIGITS
    floors = [int(weight * unit) for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (floors[i] - weights[i] * unit, i))
    for place in order[: unit - sum(floors)]:
        floors[place] += 1
    return tuple(floor / unit for floor in floors)


__all__ = [
    "GroupWeights",
    "Method",
    "Weighing",
    "book",
    "document",
    "groups",
    "read_experts",
    "rounded",
    "sheet",
    "weigh",
]
