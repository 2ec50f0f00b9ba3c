"""Writes tables as a workbook, a sheet each, as network engineers exchange them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO

from parkops.errors import MachineError
from parkops.show.tables import Table, display_width

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # not in XML 1.0 (2.2)
NARROWEST, WIDEST = 8, 60  # columns, in characters
MOST_MEASURED = 500  # rows that a column's width is taken from
LONGEST_CELL = 32_767


def workbook(title: str, tables: Sequence[Table]) -> bytes:
    """Return an XLSX workbook: heads in both languages, filters, frozen heads; text cells only.

    The same tables give the same bytes. Raises MachineError where XlsxWriter is missing.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise MachineError(
            "XlsxWriter is not installed", hint="pip install 'parkops[xlsx]' adds it"
        ) from error
    from datetime import datetime

    buffer = BytesIO()
    # Text stays text: a cell that begins with "=" is no formula, and an address is no link.
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": title, "created": datetime(2020, 1, 1)})  # no clock: same bytes
        head = book.add_format({"bold": True, "bg_color": "#E8EDF2", "bottom": 1, "text_wrap": True})
        number = book.add_format({"num_format": "0"})
        for table in tables:
            _sheet(book.add_worksheet(f"{table.title_zh} {table.name}"), table, head, number)
    return buffer.getvalue()


def _sheet(sheet, table: Table, head, number) -> None:  # type: ignore[no-untyped-def]  # xlsxwriter has no types
    sheet.freeze_panes(1, 1)
    for index, column in enumerate(table.columns):
        sheet.write_string(0, index, f"{column.zh}\n{column.en}", head)
        cells = [row[index] for row in table.rows[:MOST_MEASURED]]
        width = max([display_width(column.zh), display_width(column.en), *map(display_width, cells)])
        sheet.set_column(index, index, min(max(width + 2, NARROWEST), WIDEST))
    for line, row in enumerate(table.rows, 1):
        for index, cell in enumerate(row):
            if cell.isascii() and cell.isdigit() and len(cell) < 16:
                sheet.write_number(line, index, int(cell), number)
            elif cell:
                sheet.write_string(line, index, UNPRINTABLE.sub("�", cell)[:LONGEST_CELL])
    sheet.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)
