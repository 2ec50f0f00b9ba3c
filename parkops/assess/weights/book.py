"""Judgements in a workbook: one sheet for each group, its matrix above the diagonal."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from parkops.assess.weights.ahp import pairs
from parkops.assess.weights.judgements import Expert, Group, Judgement, missing, printed, read_value
from parkops.assess.weights.sheet import SCALE, SLACK
from parkops.errors import MachineError, UsageError

FIRST = "expert"


def read(path: Path, known: Mapping[str, Group]) -> Expert:
    """Return a workbook's judgements; UsageError with every mistake at its sheet and cell.

    MachineError where openpyxl is missing.
    """
    openpyxl = _openpyxl()
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except Exception as error:
        raise UsageError(f"no workbook that can be read: {error}", where=str(path)) from error
    mistakes: list[str] = []
    name, share = _expert(path, book, mistakes)
    judged = {}
    for sheet in book.worksheets:
        if sheet.title == FIRST:
            continue
        group = known.get(sheet.title)
        if group is None:
            mistakes.append(f"{path} {sheet.title}: no such group: {', '.join(known)}")
            continue
        found = _matrix(path, sheet, group, mistakes)
        if found:
            judged[group.key] = found
    if not judged and not mistakes:
        mistakes.append(f"{path}: nothing is judged: fill in the cells above a sheet's diagonal")
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return Expert(name, share, str(path), judged)


def _expert(path: Path, book: Any, mistakes: list[str]) -> tuple[str, float]:
    if FIRST not in book.sheetnames:
        return path.stem, 1.0
    sheet = book[FIRST]
    name, share = sheet["B1"].value, sheet["B2"].value
    if not isinstance(name, str) or not name.strip():
        mistakes.append(f"{path} {FIRST}!B1: no name: who judged")
        name = ""
    if share is None:
        share = 1
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1000:
        mistakes.append(f"{path} {FIRST}!B2: {share!r} is no weight: a number above 0")
        share = 1
    return name.strip(), float(share)


def _matrix(path: Path, sheet: Any, group: Group, mistakes: list[str]) -> dict[tuple[int, int], Judgement]:
    """Return what stands above the diagonal; what stands below must be its reciprocal, or nothing."""
    before = len(mistakes)
    judged: dict[tuple[int, int], Judgement] = {}
    ids = [member.id for member in group.members]
    for place, number in enumerate(ids):
        for cell in (sheet.cell(1, place + 2), sheet.cell(place + 2, 1)):
            if str(cell.value or "").split(" ")[0] != str(number):
                at = f"{path} {sheet.title}!{cell.coordinate}"
                mistakes.append(f"{at}: {cell.value!r} is not indicator {number}: the template's order")
    for row, column in pairs(len(ids)):
        upper, lower = sheet.cell(row + 2, column + 2), sheet.cell(column + 2, row + 2)
        where = f"{path} {sheet.title}!{upper.coordinate}"
        value = read_value(upper.value)
        if upper.value is None:
            continue
        if value is None:
            mistakes.append(f"{where}: {upper.value!r} is no judgement: {SCALE}")
            continue
        other = read_value(lower.value)
        if lower.value is not None and (other is None or abs(other * value - 1) > SLACK):
            at = f"{path} {sheet.title}!{lower.coordinate}"
            mistakes.append(
                f"{at}: {lower.value!r} is not the reciprocal of {upper.coordinate} ({printed(value)}): "
                f"{printed(1 / value)}, or nothing"
            )
        judged[row, column] = Judgement(value, where)
    lacking = missing(group, judged)
    if judged and lacking and len(mistakes) == before:
        mistakes.append(
            f"{path} {sheet.title}: pairs are not judged: {', '.join(lacking)}: every pair, or none"
        )
    return judged


def template(known: Mapping[str, Group]) -> bytes:
    """Return a workbook to fill in; below each diagonal stand the reciprocals as formulas."""
    openpyxl = _openpyxl()
    book = openpyxl.Workbook()
    first = book.active
    first.title = FIRST
    for row in (
        ("姓名 name", ""),
        ("权重 weight", 1),
        ("", ""),
        ("", "对角线上方：行比列重要多少倍（1 同等，3 稍重要，5 明显，7 强烈，9 极端；1/3 表示列更重要）"),
        ("", "Above the diagonal: how many times more the row counts than the column (1 alike … 9; 1/3)"),
        ("", "不评判的组留空，沿用原权重。Leave sheets empty that you do not judge."),
    ):
        first.append(row)
    first.column_dimensions["A"].width = 16
    first.column_dimensions["B"].width = 90
    for group in known.values():
        _sheet(openpyxl, book.create_sheet(group.key), group)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(openpyxl: Any, sheet: Any, group: Group) -> None:
    styles = openpyxl.styles
    input_fill = styles.PatternFill("solid", fgColor="FFF9E5")
    sheet["A1"] = f"{group.title_zh} {group.title_en}"
    sheet.column_dimensions["A"].width = 42
    sheet.freeze_panes = "B2"
    for place, member in enumerate(group.members):
        for cell in (sheet.cell(1, place + 2), sheet.cell(place + 2, 1)):
            cell.value = f"{member.id} {member.name_zh}"
            cell.font = styles.Font(bold=True)
            cell.alignment = styles.Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[sheet.cell(1, place + 2).column_letter].width = 14
        sheet.cell(place + 2, place + 2).value = 1
    for row, column in pairs(len(group.members)):
        upper, lower = sheet.cell(row + 2, column + 2), sheet.cell(column + 2, row + 2)
        upper.fill = input_fill
        upper.number_format = "# ?/?"
        lower.value = f'=IF({upper.coordinate}="","",1/{upper.coordinate})'
        lower.number_format = "# ?/?"


def _openpyxl() -> Any:
    try:
        import openpyxl
        import openpyxl.styles
    except ImportError as error:
        raise MachineError("openpyxl is not installed", hint="pip install 'parkops[xlsx]' adds it") from error
    return openpyxl


__all__ = ["read", "template"]
