"""Write the report's tables as CSV files (RFC 4180, UTF-8 with a byte-order mark for spreadsheets)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from parkops.report.bundle import Report
from parkops.report.sheet import Cell, Table
from parkops.report.tables import tables

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def files(report: Report) -> Mapping[str, bytes]:
    """Return report-<table>.csv for each table; heads are stable English keys."""
    return {f"report-{table.name}.csv": _csv(table) for table in tables(report)}


def _csv(table: Table) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.key for column in table.columns])
    writer.writerows([[_cell(cell) for cell in row] for row in table.rows])
    return text.getvalue().encode("utf-8-sig")


def _cell(cell: Cell) -> Cell:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return "'" + cell
    return "" if cell is None else cell
