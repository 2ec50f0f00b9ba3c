"""Reads a park out of a workbook: the sheets that `parkops show --xlsx` writes, or its empty template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import Any

from parkops.errors import MachineError, UsageError
from parkops.plan.importers.survey import Found, FoundSegment, Survey

# key -> what a head may be called; a head fits when one of its lines is one of these words.
HEADS: dict[str, tuple[str, ...]] = {
    "device": ("device", "设备", "设备名称", "name"),
    "role": ("role", "角色", "设备角色"),
    "platform": ("platform", "平台"),
    "tenant": ("tenant", "企业", "租户"),
    "site": ("site", "场所", "位置"),
    "management": ("management", "管理地址"),
    "model": ("model", "型号", "设备型号"),
    "title": ("title", "说明", "名称"),
    "segment": ("segment", "网段"),
    "zone": ("zone", "安全域"),
    "vlan": ("vlan", "vlan id"),
    "ipv4": ("ipv4", "ipv4 地址", "ipv4 网段"),
    "ipv6": ("ipv6", "ipv6 地址", "ipv6 网段"),
    "peer": ("peer", "对端设备"),
    "port": ("port", "端口"),
}
NEEDED = {"devices": ("device", "role"), "segments": ("segment", "vlan")}
TEMPLATE: dict[str, tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "devices": (
        "设备清单",
        ("device", "role", "tenant", "site", "management", "model", "title"),
        (
            ("core-a", "core", "", "", "172.31.0.2", "CE6881", "核心交换机"),
            ("hx-sw-01", "switch", "huaxing", "p1", "172.31.0.11", "S5735", "一号车间接入"),
            ("hx-plc-01", "plc", "huaxing", "p1", "", "", "可编程控制器"),
        ),
    ),
    "segments": (
        "网段规划",
        ("segment", "vlan", "tenant", "site", "zone", "ipv4", "ipv6", "title"),
        (("control", "110", "huaxing", "p1", "hx-control", "10.16.10.0/24", "fd00:16:0:a::/64", "生产控制"),),
    ),
    "ports": ("端口互联表", ("device", "port", "peer"), (("hx-plc-01", "eth1", "hx-sw-01"),)),
    "addresses": ("地址规划表", ("device", "port", "ipv4"), (("hx-plc-01", "eth1", "10.16.10.21/24"),)),
}
Sheet = list[dict[str, str]]


def template() -> bytes:
    """Return an empty workbook with the heads that `read_xlsx` knows, and a row to see what is meant."""
    from io import BytesIO

    openpyxl = _openpyxl()
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, (title, keys, rows) in TEMPLATE.items():
        sheet = book.create_sheet(f"{title} {name}")
        sheet.append([f"{HEADS[key][1]}\n{key}" if len(HEADS[key]) > 1 else key for key in keys])
        for row in rows:
            sheet.append(list(row))
        sheet.freeze_panes = "A2"
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read_xlsx(path: Path) -> Survey:
    """Return what a workbook says.

    Raises UsageError naming sheet and row of what cannot be read, MachineError where openpyxl is missing.
    """
    sheets = _sheets(path)
    for name, keys in NEEDED.items():
        if name not in sheets:
            known = " and ".join(f"{TEMPLATE[need][0]} {need}" for need in NEEDED)
            raise UsageError(f"there is no sheet {name!r}", where=str(path), hint=f"it wants {known}")
        missing = [key for key in keys if sheets[name] and key not in sheets[name][0]]
        if missing:
            raise UsageError(f"sheet {name} has no column {missing[0]!r}", where=str(path))
    segments = tuple(_segments(sheets["segments"], path))
    addresses = _addresses(sheets.get("addresses", []))
    devices = tuple(_devices(sheets["devices"], segments, addresses, path))
    tenants = {name: name for name in [*(d.tenant for d in devices), *(s.tenant for s in segments)] if name}
    sites = {name: name for name in [*(d.site for d in devices), *(s.site for s in segments)] if name}
    cables = tuple(
        (row["device"], row["peer"])
        for row in sheets.get("ports", [])
        if row.get("device") and row.get("peer")
    )
    return Survey(path.stem, tenants, sites, devices, segments, cables)


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise MachineError("openpyxl is not installed", hint="pip install 'parkops[xlsx]' adds it") from error
    return openpyxl


def _sheets(path: Path) -> dict[str, Sheet]:
    from zipfile import BadZipFile

    try:
        book = _openpyxl().load_workbook(path, read_only=True, data_only=True)
    except FileNotFoundError as error:
        raise UsageError("there is no such file", where=str(path)) from error
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise UsageError("this is no XLSX workbook", where=str(path), hint="save it as .xlsx") from error
    except Exception as error:
        if type(error).__name__ != "InvalidFileException":
            raise
        raise UsageError("this is no XLSX workbook", where=str(path), hint="save it as .xlsx") from error
    found = {}
    for sheet in book.worksheets:
        for name, (title, _, _) in TEMPLATE.items():
            if name in sheet.title.lower() or title in sheet.title:
                found[name] = _rows(sheet.iter_rows(values_only=True))
    return found


def _rows(lines: Iterator[tuple[Any, ...]]) -> Sheet:
    heads = [_key(cell) for cell in next(lines, ())]
    rows = []
    for number, line in enumerate(lines, 2):
        cells = {key: _text(cell) for key, cell in zip(heads, line, strict=False) if key}
        if any(cells.values()):
            rows.append({**cells, "row": str(number)})
    return rows


def _key(cell: Any) -> str:
    lines = [part.strip().lower() for part in _text(cell).splitlines()]
    return next((key for key, words in HEADS.items() if any(line in words for line in lines)), "")


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _segments(rows: Sheet, path: Path) -> Iterator[FoundSegment]:
    for row in rows:
        *place, name = row["segment"].split(".")
        own = bool(place) and place[0] in ("services", "public")
        yield FoundSegment(
            name=name,
            vlan=_number(row, path),
            tenant=row.get("tenant", "") or (place[0] if place and not own else ""),
            site=row.get("site", "") or (place[1] if len(place) > 1 else ""),
            zone=row.get("zone", ""),
            ipv4=_parsed(ip_network, row, "ipv4", path),
            ipv6=_parsed(ip_network, row, "ipv6", path),
            title=row.get("title", ""),
        )


def _number(row: Mapping[str, str], path: Path) -> int:
    text = row.get("vlan", "")
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 4094:
        return int(text)
    raise UsageError(f"{text!r} is no VLAN (1 to 4094)", where=f"{path} segments row {row['row']}")


def _parsed(kind: Callable[[str], object], row: Mapping[str, str], key: str, path: Path) -> str:
    text = row.get(key, "")
    try:
        return str(kind(text)) if text else ""
    except ValueError as error:
        raise UsageError(f"{text!r}: {error}", where=f"{path} row {row['row']}, column {key}") from error


def _addresses(rows: Sheet) -> dict[str, str]:
    return {
        row["device"]: row["ipv4"]
        for row in rows
        if row.get("device") and row.get("ipv4") and row.get("port") not in ("management", "loopback")
    }


def _devices(
    rows: Sheet, segments: tuple[FoundSegment, ...], addresses: Mapping[str, str], path: Path
) -> Iterator[Found]:
    networks = [(ip_network(s.ipv4), s.vlan) for s in segments if s.ipv4]
    for row in rows:
        address = addresses.get(row["device"], "")
        inside = [vlan for network, vlan in networks if address and ip_interface(address).ip in network]
        tenant, _, site = row.get("site", "").rpartition(".")
        yield Found(
            name=row["device"],
            role=row.get("role", ""),
            tenant=row.get("tenant", "") or tenant,
            site=site,
            title=row.get("title", ""),
            platform=row.get("platform", ""),
            model=row.get("model", ""),
            management=_parsed(ip_interface, row, "management", path),
            vlan=inside[0] if inside else 0,
            address=address if inside else "",
        )
