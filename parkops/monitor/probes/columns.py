"""Read one column of the table of SNMP objects, and judge its values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from parkops.monitor.probes.agent import Cell, get, walk, words
from parkops.monitor.probes.base import value
from parkops.monitor.probes.oids import Column

if TYPE_CHECKING:
    from gufo.snmp.aio import SnmpSession

Names = dict[str, dict[str, Cell]]  # column of labels -> index -> name
Told = tuple[list[tuple[str, float]], list[str]]

AGGREGATION = 0x20  # bit 2: the port may be in a group at all
LACP_BITS = 0x08 | 0x04  # collecting and distributing, bits 4 and 5 of a BITS, which counts from the highest


async def read(session: SnmpSession, column: Column, names: Names) -> Told:
    """Return the values of a column by their names, and what is wrong with them."""
    rows = await _rows(session, column)
    if column.fold:
        folded = _fold(column, list(rows.values()))
        return ([value(column.name, folded)] if folded is not None else []), []
    labels = await _labels(session, column.label, names) if column.label else {}
    told, wrong = [], []
    for index, number in rows.items():
        of = words(labels.get(index)) or ("" if index == "" else index)
        if column.good:
            told.append(value(column.name, number in column.good, of))
            if number not in column.good:
                wrong.append(f"{told[-1][0]}: {column.word(int(number))}")
            continue
        told.append(value(column.name, number, of))
        if column.convert == "lacp" and not number:
            wrong.append(f"{of} carries nothing of its link aggregation group")
    return told, wrong


async def _rows(session: SnmpSession, column: Column) -> dict[str, float]:
    raw = await _column(session, column.oid)
    parts = [await _column(session, oid) for oid in column.share_of]
    found = {}
    for index, cell in raw.items():
        number = _number(cell, column)
        if number is None or number in column.skip:
            continue
        if parts:
            whole = sum(part.get(index) or 0 for part in map(_numbers, parts))
            if not whole:
                continue
            number = number / whole
            number = 1 - number if column.complement else number
        found[index] = _convert(number, column)
    return found


async def _column(session: SnmpSession, oid: str) -> dict[str, Cell]:
    if oid.endswith(".0"):
        return {"": await get(session, oid)}
    return await walk(session, oid)


def _numbers(cells: Mapping[str, Cell]) -> dict[str, float]:
    return {index: cell for index, cell in cells.items() if isinstance(cell, int | float)}


def _number(cell: Cell, column: Column) -> float | None:
    if column.convert == "lacp":
        state = cell[0] if isinstance(cell, bytes) and cell else 0
        return state if state & AGGREGATION else None
    if isinstance(cell, bytes):
        text = cell.strip().removesuffix(b"%")
        return float(text) if text.isdigit() else None
    return cell if isinstance(cell, int | float) else None


def _convert(number: float, column: Column) -> float:
    if column.convert == "flag":
        return float(number in column.only)
    if column.convert == "lacp":
        return float(int(number) & LACP_BITS == LACP_BITS)
    if (
        column.convert == "microwatt_or_centidbm"
    ):  # newer agents tell hundredths of a dBm, older ones microwatts
        return number / 100 if number <= 0 else 10 * math.log10(number / 1000)
    return number * column.scale


def _fold(column: Column, numbers: list[float]) -> float | None:
    if column.fold == "count":
        return sum(number in column.only for number in numbers) if numbers else None
    if not numbers:
        return None
    if column.fold == "mean":
        return sum(numbers) / len(numbers)
    return max(numbers) if column.fold == "max" else sum(numbers)


async def _labels(session: SnmpSession, oid: str, names: Names) -> dict[str, Cell]:
    if oid not in names:
        names[oid] = await walk(session, oid)
    return names[oid]
