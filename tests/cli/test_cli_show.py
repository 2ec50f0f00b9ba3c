"""`parkops show`: tables for people, for programs and for spreadsheets."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

import openpyxl
import pytest

from parkops.model import Park, Workspace
from parkops.pipeline import design_park
from parkops.show import TABLES, table, workbook

DEMO = Path(__file__).parents[2] / "inventories" / "demo"


@pytest.fixture(scope="module")
def park() -> Park:
    return design_park(Workspace(DEMO))[0]


@pytest.fixture
def show(parkops, monkeypatch: pytest.MonkeyPatch):
    def call(*arguments: str | Path, columns: int = 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        return parkops("-p", DEMO, "show", *arguments)

    return call


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_a_table_fits_its_columns(park: Park, name: str) -> None:
    found = table(park, name)
    assert all(len(row) == len(found.columns) for row in found.rows)
    assert len({column.key for column in found.columns}) == len(found.columns)


def test_both_ends_of_a_cable_stand_in_the_port_table(park: Park) -> None:
    ends = {(row[0], row[1], row[3], row[4]) for row in table(park, "ports").rows}
    for link in park.links:
        assert (link.a_device, link.a_interface, link.b_device, link.b_interface) in ends
        assert (link.b_device, link.b_interface, link.a_device, link.a_interface) in ends


def test_a_tenants_tables_name_no_other_tenants_devices(park: Park) -> None:
    own = frozenset(device.name for device in park.devices if device.tenant == "yuntai")
    assert {row[0] for row in table(park, "addresses", own).rows} <= own
    assert {row[2] for row in table(park, "segments", own).rows} == {"yuntai"}


@pytest.mark.parametrize("name", ["devices", "ports", "segments", "rules"])
@pytest.mark.parametrize("columns", [80, 120])
def test_a_table_fits_the_terminal_and_says_what_it_leaves_out(show, name: str, columns: int) -> None:
    from parkops.show.tables import display_width

    lines = show(name, columns=columns).out.splitlines()
    assert max(display_width(line) for line in lines) <= columns
    if name == "rules" and columns == 80:
        assert lines[-1] == "no room for: sources, destinations (--csv has all)"


def test_csv_has_all_columns_and_all_rows(show, park: Park) -> None:
    rows = list(csv.reader(StringIO(show("addresses", "--csv").out)))
    found = table(park, "addresses")
    assert rows[0] == [column.key for column in found.columns]
    assert [tuple(row) for row in rows[1:]] == list(found.rows)


def test_json_is_versioned(show) -> None:
    document = json.loads(show("ports", "--device", "core-1", "--json").out)
    assert (document["kind"], document["version"]) == ("parkops.show.ports", 1)
    assert {row["device"] for row in document["ports"]} == {"core-1"}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("adresses",), "did you mean 'addresses'?"),
        (("--tenant", "huaxin"), "did you mean 'huaxing'?"),
        (("--device", "core-3"), "did you mean 'core-"),
        (("--role", "bondary"), "did you mean 'boundary'?"),
    ],
)
def test_a_misspelt_name_gets_a_hint(show, arguments: tuple[str, ...], hint: str) -> None:
    said = show(*arguments)
    assert said.code == 2
    assert hint in said.err


def test_the_workbook_reads_back_with_a_sheet_per_table(park: Park) -> None:
    data = workbook(park.title, [table(park, name) for name in TABLES])
    assert data == workbook(park.title, [table(park, name) for name in TABLES])
    book = openpyxl.load_workbook(BytesIO(data))
    assert [name.split()[-1] for name in book.sheetnames] == [*TABLES]
    sheet = book["端口互联表 ports"]
    assert sheet.freeze_panes == "B2"
    assert sheet.max_row == len(table(park, "ports").rows) + 1
    assert sheet["A1"].value == "设备\ndevice"


def test_a_text_that_looks_like_a_formula_stays_text(park: Park) -> None:
    first, *rest = park.devices
    changed = replace(park, devices=(replace(first, title='=HYPERLINK("http://x")'), *rest))
    book = openpyxl.load_workbook(BytesIO(workbook("x", [table(changed, "devices")])))
    cells = [cell for row in book.active.iter_rows() for cell in row if str(cell.value).startswith("=")]
    assert [cell.data_type for cell in cells] == ["s"]


def test_files_are_written_and_a_bad_path_is_told(show, tmp_path: Path) -> None:
    assert show("topology", "--svg", tmp_path / "a" / "park.svg").code == 0
    assert (tmp_path / "a" / "park.svg").read_text(encoding="utf-8").startswith("<svg ")
    said = show("--xlsx", tmp_path)
    assert said.code == 2
    assert str(tmp_path) in said.err
