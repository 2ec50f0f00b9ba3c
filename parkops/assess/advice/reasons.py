"""Say in both languages why a measure is taken."""

from __future__ import annotations

from collections.abc import Collection

from parkops.assess.advice.measures import MeasureEntry
from parkops.model import PlannedMeasure

UNITS = {
    "count": ("个单位", "units"),
    "tenant": ("家企业", "tenants"),
    "endpoint": ("台终端", "endpoints"),
}
PER_MONEY = 10_000.0


def reason(planned: PlannedMeasure, entry: MeasureEntry, unknown: Collection[int]) -> tuple[str, str]:
    """Return the reason: what is done, what it moves and mends, what money buys, what it waits for."""
    zh = [entry.text_zh] if entry.text_zh else []
    en = [entry.text_en] if entry.text_en else []
    zh.append("，".join(f"指标 {n} 由 {old:.1f} 升至 {new:.1f}" for n, old, new in planned.indicators))
    en.append(", ".join(f"indicator {n} from {old:.1f} to {new:.1f}" for n, old, new in planned.indicators))
    guessed = [str(number) for number, _, _ in planned.indicators if number in unknown]
    if guessed:
        zh.append(f"指标 {'、'.join(guessed)} 现值未知，按 0 计")
        en.append(f"indicator {', '.join(guessed)} is unknown and counts as 0")
    worth = f"{planned.gain / planned.cost * PER_MONEY:.3f}" if planned.cost else ""
    zh.append(f"总分下限增加 {planned.gain:.2f} 分" + (f"，每万元 {worth} 分" if worth else ""))
    en.append(
        f"{planned.gain:.2f} points of the total's lower bound"
        + (f", {worth} for each 10,000" if worth else "")
    )
    if planned.per in UNITS:
        zh.append(f"规模 {planned.units} {UNITS[planned.per][0]}")
        en.append(f"size {planned.units} ({UNITS[planned.per][1]})")
    if planned.requirements:
        zh.append(f"同时整改未通过的要求 {'、'.join(planned.requirements)}")
        en.append(f"it also answers failed requirements {', '.join(planned.requirements)}")
    if planned.needs:
        zh.append(f"前提：{'、'.join(planned.needs)}")
        en.append(f"after {', '.join(planned.needs)}")
    return "；".join(zh), "; ".join(en)


__all__ = ["reason"]
