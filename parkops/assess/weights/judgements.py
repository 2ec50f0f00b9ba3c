"""One expert's judgements: which pairs were compared, with what, and where that stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from parkops.assess.basis import groups_of
from parkops.assess.catalogues import IndicatorCatalogue
from parkops.assess.weights.ahp import pairs

LEAST, MOST = Fraction(1, 9), Fraction(9)


@dataclass(frozen=True, slots=True)
class Member:
    """One of the indicators that are compared."""

    id: int
    name_zh: str
    name_en: str

    def __str__(self) -> str:
        return f"{self.id} {self.name_en}"


@dataclass(frozen=True, slots=True)
class Group:
    """Indicators below one parent, whose weights sum to 1; keys: "level1", "level2.1", "indicators.7"."""

    key: str
    level: str  # level1 | level2 | indicators
    parent: int
    title_zh: str
    title_en: str
    members: tuple[Member, ...]

    def index(self, number: int) -> int:
        """Return a member's place; ValueError when it is none."""
        return [member.id for member in self.members].index(number)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How many times more one member counts than another (1/9 to 9)."""

    value: float
    where: str  # "file:line:col", "file sheet!cell"


@dataclass(frozen=True, slots=True)
class Expert:
    """All judgements of one person, by group and by pair (row < column)."""

    name: str
    share: float  # weight among the experts
    file: str
    groups: Mapping[str, Mapping[tuple[int, int], Judgement]]


def groups(catalogue: IndicatorCatalogue) -> dict[str, Group]:
    """Return the groups that have something to compare, in catalogue order."""
    names: dict[str, dict[int, Member]] = {}
    for level in ("level1", "level2", "indicators"):
        items = getattr(catalogue, level)
        names[level] = {item.id: Member(item.id, item.name_zh, item.name_en) for item in items}
    parents = {"level1": {0: Member(0, "一级指标", "First level")}}
    parents |= {"level2": names["level1"], "indicators": names["level2"]}
    found = {}
    for (level, parent), ids in groups_of(catalogue).items():
        if len(ids) > 1:
            key = f"{level}.{parent}" if parent else level
            above = parents[level][parent]
            members = tuple(names[level][number] for number in ids)
            found[key] = Group(key, level, parent, above.name_zh, above.name_en, members)
    return found


def read_value(value: object) -> float | None:
    """Return a judgement: a number or a fraction such as 1/3, from 1/9 to 9; None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Fraction(str(value).strip().replace(" ", ""))
    except (ValueError, ZeroDivisionError):
        return None
    slack = Fraction(1, 1000)  # 0.111 is meant as 1/9
    return float(min(max(number, LEAST), MOST)) if LEAST - slack <= number <= MOST else None


def printed(value: float) -> str:
    """Print a judgement as an expert writes it: 3, 1/3, 2.45."""
    if value >= 1:
        return f"{value:.3g}"
    return f"1/{1 / value:.3g}"


def missing(group: Group, judged: Mapping[tuple[int, int], Judgement]) -> list[str]:
    """Return the pairs that were not judged."""
    ids = [member.id for member in group.members]
    return [f"{ids[a]}/{ids[b]}" for a, b in pairs(len(ids)) if (a, b) not in judged]


__all__ = ["Expert", "Group", "Judgement", "Member", "groups", "missing", "printed", "read_value"]
