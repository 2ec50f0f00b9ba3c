"""MQTT 3.1.1 (OASIS): publish a unique message to a broker and get it back."""

from __future__ import annotations

import asyncio
import os
import struct
from asyncio import StreamReader, StreamWriter

from parkops.model import Sample, Target
from parkops.monitor.probes import tls
from parkops.monitor.probes.base import Context, DownError, Values
from parkops.monitor.probes.tcp import stream

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK, DISCONNECT = 0x10, 0x20, 0x30, 0x82, 0x90, 0xE0
MAX_PACKET_BYTES = 65_536
KEEP_ALIVE_S = 30
SHARE = 0.9  # of the time: then the message has not come back

REFUSALS = {  # 3.2.2.3, table 3.1
    1: "unacceptable protocol version",
    2: "identifier rejected",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorized",
}


async def mqtt(target: Target, context: Context) -> Sample:
    """Connect, subscribe, publish and receive; ``user`` and ``password`` (a secret reference) log in.

    With ``tls=yes``, which is usual at port 8883, over TLS; ``ca``, ``name`` and ``min_days`` as for tls.
    """
    attempt = context.start(target)
    end_s = asyncio.get_running_loop().time() + SHARE * context.timeout_s
    reference = target.param("password")
    password = context.tools.secret(reference) if reference else ""
    secure = target.param("tls") == "yes"
    values: Values = ()
    reader, writer = await (tls.connect(target, context) if secure else stream(target))
    try:
        if secure:
            values = tls.check_days(writer, target, context)
        await _connect(reader, writer, target.param("user"), password)
        context.step("the broker accepts the connection")
        topic = target.param("topic") or f"parkops/probe/{os.urandom(6).hex()}"
        try:
            async with asyncio.timeout_at(end_s):
                await _round_trip(reader, writer, topic)
        except TimeoutError as error:  # 3.3.5: what may not be published is dropped without a word
            raise DownError(f"a message to {topic} does not come back: may we write and read it?") from error
        sample = attempt.up(values=values)
        context.step(f"a message to {topic} came back")
        writer.write(bytes((DISCONNECT, 0)))
        await writer.drain()
        return sample
    finally:
        writer.close()


async def _connect(reader: StreamReader, writer: StreamWriter, user: str, password: str) -> None:
    flags = 0x02  # clean session
    payload = _text("parkops-" + os.urandom(6).hex())
    if user:
        flags |= 0x80
        payload += _text(user)
    if password:
        flags |= 0x40
        payload += _text(password)
    head = _text("MQTT") + struct.pack("!BBH", 4, flags, KEEP_ALIVE_S)
    writer.write(_packet(CONNECT, head + payload))
    body = await _expect(reader, CONNACK)
    code = body[1] if len(body) > 1 else 255
    if code:
        raise DownError(f"the broker refuses the connection: {REFUSALS.get(code, f'code {code}')}")


async def _round_trip(reader: StreamReader, writer: StreamWriter, topic: str) -> None:
    writer.write(_packet(SUBSCRIBE, struct.pack("!H", 1) + _text(topic) + b"\x00"))
    body = await _expect(reader, SUBACK)
    if body[-1:] != b"\x00":
        raise DownError(f"the broker refuses a subscription to {topic}")
    message = os.urandom(8).hex().encode()
    writer.write(_packet(PUBLISH, _text(topic) + message))
    while not (await _expect(reader, PUBLISH)).endswith(message):
        pass  # somebody else's message on the same topic


async def _expect(reader: StreamReader, kind: int) -> bytes:
    """Return the body of the next packet of a kind; PUBLISH may arrive at any time."""
    while True:
        try:
            found, body = await _read(reader)
        except asyncio.IncompleteReadError as error:
            raise DownError("the broker closed the connection") from error
        if found & 0xF0 == kind & 0xF0:
            return body
        if found & 0xF0 != PUBLISH:
            raise DownError(f"the broker sent packet type {found >> 4}, expected {kind >> 4}")


async def _read(reader: StreamReader) -> tuple[int, bytes]:
    kind = (await reader.readexactly(1))[0]
    length, shift = 0, 0
    while True:  # 2.2.3: remaining length, seven bits a byte
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
        if shift > 21:
            raise DownError("what the broker sends is no MQTT")
    if length > MAX_PACKET_BYTES:
        raise DownError("what the broker sends is no MQTT, or too long")
    return kind, await reader.readexactly(length)


def _packet(kind: int, body: bytes) -> bytes:
    length, size = b"", len(body)
    while True:
        size, byte = divmod(size, 128)
        length += bytes((byte | (0x80 if size else 0),))
        if not size:
            return bytes((kind,)) + length + body


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data
