"""`parkops advise`: the stage, what is wrong, what may go wrong, and what to do first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import click

from parkops.cli.common import Context, json_option
from parkops.cli.history import span

if TYPE_CHECKING:
    from parkops.model import Diagnosis, Risk, WhatIf

Language = Literal["zh", "en"]
FAR = {3: ("园区", "park"), 2: ("企业", "tenant"), 1: ("设备", "device")}
SEVERE = {3: ("高", "high"), 2: ("中", "middle"), 1: ("低", "low")}
MOST = 12  # rows of a table on the screen; --json has all


@click.command()
@click.option(
    "--what-if", "suppositions", multiple=True, metavar="N=VALUE", help="Suppose a value; repeatable."
)
@click.option(
    "--measures", "list_measures", is_flag=True, help="List the measures that prices name, and stop."
)
@click.option("--all", "everything", is_flag=True, help="Print all rows, not the first of each table.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Language.")
@json_option
@click.pass_obj
def advise(
    ctx: Context,
    suppositions: Sequence[str],
    list_measures: bool,
    everything: bool,
    lang: Language,
    as_json: bool,
) -> None:
    """Say at which stage the park is, what is wrong, what may go wrong, and what to do first.

    The path takes the measures that raise the total most under `assessment.budget`, at the plan's prices
    (`assessment.prices`), year by year; without a budget it spreads the effort. A supposition is a value
    (`10=100`), yes or no (`26=yes`), or a score (`14=80p`).

    \b
    Example:
      parkops advise
      parkops advise --what-if 4=6 --what-if 10=100
      parkops advise --measures
    """
    if list_measures:
        _measures(ctx, lang, as_json)
        return
    assessment, evidence = ctx.assessed()
    if suppositions:
        from parkops.assess.advice.whatif import parse, what_if
        from parkops.assess.context import Context as Facts

        supposed = dict(map(parse, suppositions))
        found = what_if(Facts(ctx.park(), evidence), assessment, ctx.basis(), supposed)
        if as_json:
            ctx.print_json("what-if", asdict(found))
        else:
            _print_what_if(ctx, found)
        return
    diagnosis = assessment.diagnosis
    if diagnosis is None:
        raise RuntimeError("an assessment without a diagnosis")
    if as_json:
        ctx.print_json(
            "advice", {"profile": assessment.profile, "weights": assessment.weights, **asdict(diagnosis)}
        )
        return
    _print(ctx, diagnosis, lang, 10_000 if everything else MOST)


def _measures(ctx: Context, lang: Language, as_json: bool) -> None:
    from parkops.assess.advice.measures import measures

    if as_json:
        ctx.print_json("measures", {"measures": [entry.model_dump(mode="json") for entry in measures()]})
        return
    table = ctx.table("id", "measure", "price of one", "indicators")
    for entry in measures():
        numbers = dict.fromkeys(str(raised.indicator) for raised in entry.raises)
        name = entry.name_zh if lang == "zh" else entry.name_en
        unit = "whole" if entry.per == "park" else "unit" if entry.per == "count" else entry.per
        table.add_row(entry.id, name, unit, ", ".join(numbers))
    ctx.console.print(table, markup=False)


def _print(ctx: Context, diagnosis: Diagnosis, lang: Language, most: int) -> None:
    zh = lang == "zh"
    stage = diagnosis.stage
    name = ("未定级" if zh else "no grade") if stage is None else (stage.name_zh if zh else stage.name_en)
    ctx.console.print(f"{name}: {diagnosis.why_zh if zh else diagnosis.why_en}", markup=False)
    _deficiencies(ctx, diagnosis, zh, most)
    _risks(ctx, diagnosis.risks, zh, most)
    _path(ctx, diagnosis, zh)


def _head(ctx: Context, zh: str, en: str, lang_zh: bool, count: int, most: int) -> None:
    more = f", {count - most} more with --all" if count > most else ""
    ctx.console.print(f"\n{zh if lang_zh else en} ({count}{more})", markup=False, style="bold")


def _deficiencies(ctx: Context, diagnosis: Diagnosis, zh: bool, most: int) -> None:
    found = diagnosis.deficiencies
    _head(ctx, "问题", "Deficiencies", zh, len(found), most)
    table = ctx.table(
        *(("影响", "要求", "问题", "对象") if zh else ("reach", "requirement", "what failed", "where"))
    )
    for item in found[:most]:
        more = f" +{len(item.requirements) - 1}" if len(item.requirements) > 1 else ""
        title = item.title_zh if zh else item.title_en
        where = ", ".join(item.subjects[:3]) + (" …" if len(item.subjects) > 3 else "")
        table.add_row(FAR[item.consequence][not zh], item.requirements[0] + more, title, where)
    if found:
        ctx.console.print(table, markup=False)


def _risks(ctx: Context, found: Sequence[Risk], zh: bool, most: int) -> None:
    _head(ctx, "潜在风险", "Latent risks", zh, len(found), most)
    table = ctx.table(*(("程度", "风险", "何时") if zh else ("severity", "risk", "due")))
    for item in found[:most]:
        due = time.strftime("%Y-%m-%d", time.gmtime(item.due_s)) if item.due_s is not None else ""
        table.add_row(SEVERE[item.severity][not zh], item.text_zh if zh else item.text_en, due)
    if found:
        ctx.console.print(table, markup=False)


def _path(ctx: Context, diagnosis: Diagnosis, zh: bool) -> None:
    path = diagnosis.path
    _head(ctx, "演进路径", "Evolution path", zh, len(path.measures), len(path.measures))
    heads = (
        ("年", "措施", "规模", "费用", "得分", "理由")
        if zh
        else ("year", "measure", "size", "cost", "gain", "why")
    )
    wide = ctx.console.width >= 100
    table = ctx.table(*(heads if wide else heads[:-1]))
    for item in path.measures:
        cost = "" if item.cost is None else f"{item.cost:,.0f}"
        size = "" if item.per == "park" else str(item.units)
        cells = [str(item.year), item.name_zh if zh else item.name_en, size, cost, f"+{item.gain:.2f}"]
        table.add_row(*cells, *((item.reason_zh if zh else item.reason_en,) if wide else ()))
    ctx.console.print(table, markup=False)
    years = ctx.table(*(("年", "预算", "费用", "总分至少", "基础设施至少") if zh else
                        ("year", "budget", "cost", "total at least", "infrastructure at least")))  # fmt: skip
    for row in path.years:
        budget = "" if row.budget is None else f"{row.budget:,.0f}"
        scores = (f"{row.total_low:.1f}", f"{row.infrastructure_low:.1f}")
        years.add_row(str(row.year), budget, f"{row.cost:,.0f}", *scores)
    ctx.console.print(years, markup=False)


def _print_what_if(ctx: Context, found: WhatIf) -> None:
    table = ctx.table("score", "before", "after")
    for number, old, new in found.indicators:
        before, after = ("?" if value is None else f"{value:.1f}" for value in (old, new))
        table.add_row(f"indicator {number}", before, after)
    table.add_row("infrastructure", *(span(*item) for item in found.infrastructure))
    table.add_row("total", *(span(*item) for item in found.total))
    table.add_row("weight known", *(f"{100 * share:.1f} %" for share in found.coverage))
    table.add_row("grade", *(stage or "none" for stage in found.stage))
    ctx.console.print(table, markup=False)
