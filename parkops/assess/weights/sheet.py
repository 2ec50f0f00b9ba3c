"""Judgements in YAML, one file for each expert."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from parkops.assess.files import Source, read_yaml, validate
from parkops.assess.weights.ahp import pairs
from parkops.assess.weights.judgements import Expert, Group, Judgement, missing, printed, read_value
from parkops.errors import PlanError, Problem

_PAIR = re.compile(r"(\d+)\s*/\s*(\d+)")
SCALE = "a number or a fraction from 1/9 to 9"
SLACK = 0.01  # of a judgement and its reciprocal: 0.33 is meant as 1/3


class JudgementsFile(BaseModel):
    """A file of one expert's judgements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["parkops.judgements"]
    version: Literal[1]
    expert: str = Field(min_length=1)
    weight: float = Field(default=1, gt=0, le=1000)
    groups: dict[str, dict[str, Any]] = Field(min_length=1)


def read(path: Path, known: Mapping[str, Group]) -> Expert:
    """Return a file's judgements; PlanError with every mistake at its line and column."""
    source = read_yaml(path)
    found = validate(JudgementsFile, source)
    problems: list[Problem] = []
    judged: dict[str, dict[tuple[int, int], Judgement]] = {}
    for key, stated in found.groups.items():
        if key not in known:
            close = get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else ", ".join(known)
            problems.append(source.problem(("groups", key), f"no group {key!r}", hint))
            continue
        judged[key] = _group(source, known[key], stated, problems)
        lacking = missing(known[key], judged[key])
        if lacking and not problems:
            what = f"pairs of {key} are not judged: {', '.join(lacking)}"
            problems.append(source.problem(("groups", key), what, "every pair once"))
    if problems:
        raise PlanError(problems)
    return Expert(found.expert, found.weight, str(path), judged)


def _group(
    source: Source, group: Group, stated: Mapping[str, Any], problems: list[Problem]
) -> dict[tuple[int, int], Judgement]:
    judged: dict[tuple[int, int], Judgement] = {}
    ids = [member.id for member in group.members]
    for name, given in stated.items():
        path = ("groups", group.key, name)
        match = _PAIR.fullmatch(name)
        numbers = [int(part) for part in match.groups()] if match else []
        strange = [number for number in numbers if number not in ids]
        value = read_value(given)
        if not match or strange or numbers[0] == numbers[1]:
            expected = f"two of {', '.join(map(str, ids))}, such as {ids[0]}/{ids[1]}"
            problems.append(source.problem(path, f"{name!r} is no pair of {group.key}", expected))
        elif value is None:
            problems.append(source.problem(path, f"{given!r} is no judgement", SCALE))
        else:
            row, column = (ids.index(number) for number in numbers)
            where = str(source.problem(path, "")).removesuffix(": ")
            straight = row < column
            pair, value = ((row, column), value) if straight else ((column, row), 1 / value)
            other = judged.get(pair)
            if other is not None and abs(other.value / value - 1) > SLACK:
                what = f"{name}: {given} contradicts {ids[pair[0]]}/{ids[pair[1]]}: {printed(other.value)}"
                expected = printed(other.value if straight else 1 / other.value)
                problems.append(source.problem(path, what, f"{expected}, or one of the two"))
            judged.setdefault(pair, Judgement(value, where))
    return judged


def template(known: Mapping[str, Group]) -> str:
    """Return a file to fill in, in which all pairs count alike."""
    lines = [
        "# 每一对指标：左边的比右边的重要多少倍（1 同等，3、5、7，9 极端；1/3 表示右边更重要）。",
        "# For each pair: how many times more the left counts than the right (1 alike, 3, 5, 7, 9 extremely;",
        "# 1/3: the right counts more). Leave out groups that you do not judge: they keep their weights.",
        "kind: parkops.judgements",
        "version: 1",
        "expert: 姓名 (name)",
        "weight: 1   # 专家权重: this expert's weight among the experts",
        "groups:",
    ]
    for group in known.values():
        lines.append(f"  {group.key}:   # {group.title_zh} {group.title_en}")
        for row, column in pairs(len(group.members)):
            left, right = group.members[row], group.members[column]
            lines.append(f"    {left.id}/{right.id}: 1   # {left.name_zh} : {right.name_zh}")
    return "\n".join(lines) + "\n"


__all__ = ["JudgementsFile", "read", "template"]
