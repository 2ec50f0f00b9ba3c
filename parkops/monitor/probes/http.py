"""HTTP (RFC 9112), also over TLS: a GET, its status, and a text that the body must hold."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from parkops.model import Sample, Target
from parkops.monitor.probes import tls
from parkops.monitor.probes.base import Context, DownError, Values, value
from parkops.monitor.probes.tcp import stream

MAX_BODY_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    body: bytes


async def http(target: Target, context: Context) -> Sample:
    """Get ``path`` (default /); it must answer ``status`` (default 200) and contain ``body``."""
    attempt = context.start(target)
    answer = await get(target, target.port, target.param("path", "/"), target.param("host"), context)
    return attempt.up(values=_judge(target, answer))


async def https(target: Target, context: Context) -> Sample:
    """Do the same over TLS, with what the tls probe checks of the certificate."""
    attempt = context.start(target)
    reader, writer = await tls.connect(target, context)
    try:
        days = tls.check_days(writer, target, context)
        host = target.param("host") or target.param("name")
        answer = await fetch(reader, writer, target, target.param("path", "/"), host)
        context.step(f"HTTP status {answer.status}, {len(answer.body)} bytes")
    finally:
        writer.close()
    return attempt.up(values=days + _judge(target, answer))


def _judge(target: Target, answer: Answer) -> Values:
    values = (value("http_status", answer.status), value("body_bytes", len(answer.body)))
    status = int(target.param("status", "200"))
    if answer.status != status:
        raise DownError(f"HTTP status {answer.status}, expected {status}", values)
    if target.param("body").encode() not in answer.body:
        raise DownError(f"the answer does not contain {target.param('body')!r}", values)
    return values


async def get(target: Target, port: int, path: str, host: str = "", context: Context | None = None) -> Answer:
    """Return the answer to a GET; DownError when it is not HTTP."""
    reader, writer = await stream(replace(target, port=port) if port != target.port else target)
    try:
        answer = await fetch(reader, writer, target, path, host, port)
    finally:
        writer.close()
    if context is not None:
        context.step(f"GET {path}: HTTP status {answer.status}, {len(answer.body)} bytes")
    return answer


async def fetch(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: Target,
    path: str,
    host: str,
    port: int = 0,
) -> Answer:
    """Send a GET over a connection and return its answer; DownError when it is not HTTP."""
    name = host or (f"[{target.address}]" if ":" in target.address else target.address)
    lines = (
        f"GET {path} HTTP/1.0",
        f"Host: {name}:{port or target.port}",
        "User-Agent: parkops",
        "Accept: */*",
    )
    try:
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())  # 1.0: no chunks, one answer, then the end
        status = _status(await reader.readline())
        length = MAX_BODY_BYTES
        while line := (await reader.readline()).strip():
            field, _, number = line.partition(b":")
            if field.lower() == b"content-length":  # some servers keep the connection open all the same
                length = min(length, int(number))
        return Answer(status, await _body(reader, length))
    except ValueError as error:  # a line longer than the reader's limit, or a length that is none
        raise DownError("the answer is not HTTP") from error


async def _body(reader: asyncio.StreamReader, length: int) -> bytes:
    body = bytearray()
    while len(body) < length and (data := await reader.read(65_536)):
        body += data
    return bytes(body)


def _status(line: bytes) -> int:
    parts = line.split(None, 2)
    if not line:
        raise DownError("closed the connection without an answer")
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        raise DownError("the answer is not HTTP")
    return int(parts[1])
