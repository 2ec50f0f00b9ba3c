"""Write the report as a workbook for auditors: filters, frozen heads, colours, a column for their verdict."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from parkops.errors import MachineError
from parkops.report.bundle import Report
from parkops.report.sheet import Cell, Column, Table
from parkops.report.speech import Speech
from parkops.report.tables import tables
from parkops.report.words import VERDICTS, Words

MOST_ROWS = 1_048_575  # of a sheet, below its head
MOST_LETTERS = 32_767  # of a cell
FONT = "Noto Sans CJK SC"
COLOURS = {  # of a verdict: letters, ground
    "pass": ("#14603A", "#E2F3E9"),
    "fail": ("#8F1E18", "#FBE4E2"),
    "unknown": ("#4A525B", "#ECEFF2"),
    "waived": ("#6F4700", "#FDF0D5"),
    "not-applicable": ("#5C6970", "#F5F7F8"),
}
AUDITOR = (
    Words("同意", "agreed"),
    Words("不同意", "not agreed"),
    Words("需补充证据", "more evidence needed"),
    Words("已现场核实", "seen on site"),
)


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.xlsx.

    Raises MachineError when XlsxWriter is not installed.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise MachineError("a workbook needs XlsxWriter", hint="pip install 'parkops[xlsx]'") from error
    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(data, options) as book:
        made = datetime.fromtimestamp(int(report.assessment.time_s), UTC).replace(tzinfo=None)
        book.set_properties({"title": report.park.title, "author": "parkops", "created": made})
        sheets = _Sheets(book, Speech(report.lang))
        for table in tables(report):
            sheets.add(table)
    return {"report.xlsx": data.getvalue()}


class _Sheets:
    """Adds tables to a workbook in one style."""

    def __init__(self, book: Any, speech: Speech) -> None:
        self._book, self._speech = book, speech
        base = {"font_name": FONT, "font_size": 10, "valign": "top"}
        self._text = book.add_format({**base, "text_wrap": True})
        self._number = book.add_format({**base, "num_format": "0.##"})
        self._head = book.add_format(
            {**base, "bold": True, "bg_color": "#0B5C7D", "font_color": "#FFFFFF", "text_wrap": True}
        )
        self._open = book.add_format({**base, "text_wrap": True, "bg_color": "#FFFBE6", "locked": False})
        self._colours = {
            verdict: book.add_format({"font_color": ink, "bg_color": ground, "bold": True})
            for verdict, (ink, ground) in COLOURS.items()
        }

    def add(self, table: Table) -> None:
        """Add one sheet."""
        sheet = self._book.add_worksheet(self._speech.pick(table.title)[:31])
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer("&L&A&R&P / &N")
        rows = table.rows[:MOST_ROWS]
        for index, column in enumerate(table.columns):
            sheet.set_column(index, index, column.width, self._style(column))
            sheet.write_string(0, index, self._speech.pick(column.head), self._head)
            if rows:
                self._mark(sheet, column, index, len(rows))
        for number, row in enumerate(rows, 1):
            for index, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
                self._write(sheet, number, index, column, cell)
        sheet.autofilter(0, 0, max(len(rows), 1), len(table.columns) - 1)

    def _style(self, column: Column) -> Any:
        if column.key.startswith("auditor_"):
            return self._open
        return self._number if column.kind == "number" else self._text

    def _write(self, sheet: Any, row: int, index: int, column: Column, cell: Cell) -> None:
        style = self._style(column)
        if cell is None or cell == "":
            if style is self._open:
                sheet.write_blank(row, index, None, style)
        elif isinstance(cell, str):
            text = cell if len(cell) <= MOST_LETTERS else cell[: MOST_LETTERS - 1] + "…"
            sheet.write_string(row, index, text, self._text if style is self._number else style)
        else:
            sheet.write_number(row, index, cell, style)

    def _mark(self, sheet: Any, column: Column, index: int, rows: int) -> None:
        if column.kind == "verdict":
            for verdict, style in self._colours.items():
                rule = {
                    "type": "cell",
                    "criteria": "==",
                    "value": f'"{self._speech.word(VERDICTS, verdict)}"',
                    "format": style,
                }
                sheet.conditional_format(1, index, rows, index, rule)
        elif column.kind == "remark":
            source = [self._speech.pick(choice) for choice in AUDITOR]
            sheet.data_validation(1, index, rows, index, {"validate": "list", "source": source})
