"""Modbus/TCP (Modbus Application Protocol 1.1b3): read coils or registers of a unit."""

from __future__ import annotations

import asyncio
import os
import struct

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, Values, value
from parkops.monitor.probes.tcp import stream

FUNCTIONS = {"coils": 1, "discrete": 2, "holding": 3, "input": 4}
BITS = ("coils", "discrete")
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge, still busy",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "the device behind the gateway does not respond",
}
ERROR = 0x80


async def modbus(target: Target, context: Context) -> Sample:
    """Read ``count`` values of a ``table`` from ``register`` on, of a ``unit``; an exception is a failure.

    ``min`` and ``max`` bound every value that is read.
    """
    attempt = context.start(target)
    table = target.param("table", "holding")
    first, count = int(target.param("register", "0")), int(target.param("count", "1"))
    request = struct.pack("!BHH", FUNCTIONS[table], first, count)
    answer = await _ask(target, context, request)
    values = _values(answer, table, first, count)
    context.step(f"read {table} {first}: {', '.join(f'{number:g}' for _, number in values[:8])}")
    for (low, high), (name, number) in ((_bounds(target), item) for item in values):
        if not low <= number <= high:
            raise DownError(f"{name} is {number:g}, expected {low:g} to {high:g}", values)
    return attempt.up(values=values)


def _bounds(target: Target) -> tuple[float, float]:
    return float(target.param("min", "-inf")), float(target.param("max", "inf"))


async def _ask(target: Target, context: Context, request: bytes) -> bytes:
    """Return the data of the answer to a request; DownError for an exception, or what is no Modbus."""
    reader, writer = await stream(target)
    context.step("connected")
    try:
        token, unit = os.urandom(2), int(target.param("unit", "1"))
        writer.write(token + struct.pack("!HHB", 0, len(request) + 1, unit) + request)
        head = await reader.readexactly(7)
        protocol, length = struct.unpack_from("!HH", head, 2)
        if protocol or not 2 < length < 256 or head[:2] != token:
            raise DownError("the answer is no Modbus/TCP")
        body = await reader.readexactly(length - 1)
    except asyncio.IncompleteReadError as error:
        raise DownError("closed the connection without an answer") from error
    finally:
        writer.close()
    if body[0] == request[0] | ERROR:
        raise DownError(f"unit {unit} refuses: {EXCEPTIONS.get(body[1], f'exception {body[1]}')}")
    if body[0] != request[0] or body[1] != len(body) - 2:
        raise DownError("the answer does not fit the request")
    return body[2:]


def _values(data: bytes, table: str, first: int, count: int) -> Values:
    if table in BITS:
        if len(data) * 8 < count:
            raise DownError("the answer holds fewer values than were asked for")
        found = [data[index // 8] >> index % 8 & 1 for index in range(count)]
    else:
        if len(data) != 2 * count:
            raise DownError("the answer holds fewer values than were asked for")
        found = list(struct.unpack(f"!{count}H", data))
    return tuple(value("register", number, f"{table}:{first + at}") for at, number in enumerate(found))
