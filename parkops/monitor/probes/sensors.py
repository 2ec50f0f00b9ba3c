"""Sensors of the environment in the layout of ENTITY-SENSOR-MIB (RFC 3433), with Cisco's dBm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkops.monitor.probes.agent import Cell, walk, words
from parkops.monitor.probes.base import value
from parkops.monitor.probes.columns import Names, Told
from parkops.monitor.probes.oids import Column

if TYPE_CHECKING:
    from gufo.snmp.aio import SnmpSession

NAMES = "1.3.6.1.2.1.47.1.1.1.1.7"  # entPhysicalName
TYPES = {
    3: "ac_volts", 4: "dc_volts", 5: "current_amperes", 6: "power_watts", 7: "frequency_hertz",
    8: "temperature_celsius", 9: "humidity_percent", 10: "fan_rpm", 11: "air_flow_cmm",
    14: "optical_power_dbm",
}  # fmt: skip
UNITS = 9  # the scale of whole units; each step is a factor of 1000
OK, NONOPERATIONAL = 1, 3


async def sensors(session: SnmpSession, column: Column, names: Names) -> Told:
    """Return all sensors by what they measure; one that does not work is wrong."""
    base = column.sensor_table
    kinds, scales, precisions, readings, states = [await walk(session, f"{base}.{n}") for n in range(1, 6)]
    if kinds and NAMES not in names:
        names[NAMES] = await walk(session, NAMES)
    told, wrong = [], []
    for index, kind in kinds.items():
        name = TYPES.get(_whole(kind))
        of = words(names[NAMES].get(index)) or index
        if name is None:
            continue
        if _whole(states.get(index)) == NONOPERATIONAL:
            wrong.append(f"the sensor {of} does not work")
        elif _whole(states.get(index)) == OK:
            scale = 1000.0 ** (_whole(scales.get(index)) - UNITS)
            reading = _whole(readings.get(index)) * scale / 10 ** _whole(precisions.get(index))
            told.append(value(name, reading, of))
    return told, wrong


def _whole(cell: Cell) -> int:
    return int(cell) if isinstance(cell, int | float) else 0
