"""The design as tables, for the terminal, for programs and for spreadsheets."""

from parkops.show.tables import TABLES, Table, table
from parkops.show.xlsx import workbook

__all__ = ["TABLES", "Table", "table", "workbook"]
