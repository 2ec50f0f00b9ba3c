"""The devices of an audit of configurations as a table."""

from __future__ import annotations

from parkops.report.bundle import Audit
from parkops.report.sheet import Cell, Column, Table
from parkops.report.speech import Speech
from parkops.report.view import ORDER, stamp
from parkops.report.words import VERDICTS, Words


def table(audit: Audit, time_s: float, speech: Speech) -> Table:
    """Return a row for each device: its files, and how many controls have which verdict on it."""
    columns = (
        Column("device", Words("设备", "Device"), 28),
        Column("platform", Words("平台", "Platform"), 18),
        Column("files", Words("配置文件", "Files"), 50),
        Column("note", Words("备注", "Note"), 40),
        Column("audited", Words("核查时间", "Audited"), 22),
        *(Column(verdict.value, VERDICTS[verdict.value], 12, "number") for verdict in ORDER),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            item.device,
            item.platform,
            "\n".join(item.files),
            speech.part(item.note),
            stamp(time_s),
            *(item.verdicts.get(verdict, 0) for verdict in ORDER),
        )
        for item in audit.devices
    )
    return Table("devices", Words("被核查设备", "Audited devices"), columns, rows)
