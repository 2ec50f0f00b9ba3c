"""DNS (RFC 1035): a question to one server, its response code, and the answer that is expected."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, explain, unable, value
from parkops.monitor.probes.datagram import ask
from parkops.monitor.probes.tcp import stream

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "NAPTR": 35,
}  # fmt: skip
RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET")
IN = 1
QUERY, RECURSION_DESIRED, RESPONSE, TRUNCATED, AUTHORITATIVE = 0, 0x0100, 0x8000, 0x0200, 0x0400
MAX_NAME_BYTES = 255  # RFC 1035, 3.1
MAX_JUMPS = 127  # of a compressed name: one for each label


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answers: a code, and the records of the type that was asked for."""

    rcode: str
    truncated: bool
    answers: tuple[str, ...]
    ttl_s: int


async def dns(target: Target, context: Context) -> Sample:
    """Ask for ``name`` (and ``type``, default A); ``rcode`` (default NOERROR) and ``answer`` must come.

    ``answer`` is one value or several by commas; all of them must be among the records.
    """
    attempt = context.start(target)
    name, kind = target.param("name"), target.param("type", "A")
    question = _question(name, TYPES[kind])
    reply = await ask(target, question, partial(_parse, question, TYPES[kind]), context.timeout_s)
    if reply.truncated:
        context.step("the answer is cut short: asking again over TCP")
        reply = await _over_tcp(target, question, TYPES[kind])
    context.step(f"{name} {kind}: {reply.rcode} {', '.join(reply.answers)}".rstrip())
    values = (value("answers", len(reply.answers)), value("ttl_s", reply.ttl_s))
    wanted = target.param("rcode", "NOERROR")
    if reply.rcode != wanted:
        raise DownError(f"answers {reply.rcode} for {name}, expected {wanted}", values)
    if wanted == "NOERROR" and not reply.answers:
        raise DownError(f"knows no {kind} record of {name}", values)
    missing = [item for item in _expected(target.param("answer"), kind) if item not in reply.answers]
    if missing:
        given = ", ".join(reply.answers) or "nothing"
        raise DownError(f"answers {given} for {name}, expected {', '.join(missing)}", values)
    return attempt.up(values=values)


def _expected(text: str, kind: str) -> list[str]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    if kind in ("A", "AAAA"):
        return [str(ipaddress.ip_address(part)) for part in found]
    return [part if kind == "TXT" else part.lower().rstrip(".") for part in found]


def domain_name(text: str) -> str:
    """Check a name as a parameter; ValueError for one that DNS cannot carry."""
    _labels(text)
    return text


def _labels(name: str) -> bytes:
    try:
        labels = [
            part.encode("idna" if not part.isascii() else "ascii") for part in name.rstrip(".").split(".")
        ]
    except UnicodeError:
        labels = [b""]
    if name == ".":
        return b"\0"
    if any(not 0 < len(label) < 64 for label in labels) or sum(map(len, labels)) + len(labels) > 254:
        raise ValueError(f"{name!r} is no domain name")
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _question(name: str, kind: int) -> bytes:
    head = os.urandom(2) + struct.pack("!HHHHH", RECURSION_DESIRED, 1, 0, 0, 0)
    return head + _labels(name) + struct.pack("!HH", kind, IN)


def _parse(question: bytes, kind: int, data: bytes) -> Reply | None:
    if len(data) < 12 or data[:2] != question[:2]:
        return None
    flags, questions, count = struct.unpack_from("!HHH", data, 2)
    if not flags & RESPONSE:
        return None
    code = flags & 15
    rcode = RCODES[code] if code < len(RCODES) else f"RCODE {code}"
    if flags & TRUNCATED:
        return Reply(rcode, True, (), 0)
    try:
        records = list(_records(data, questions, count))
        found = [(ttl_s, _text(data, at, size, kind)) for was, ttl_s, at, size in records if was == kind]
    except (IndexError, struct.error, ValueError) as error:
        raise DownError("the answer is no DNS message") from error
    return Reply(rcode, False, tuple(text for _, text in found), min((ttl for ttl, _ in found), default=0))


def _records(data: bytes, questions: int, count: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield type, TTL, offset and size of each record of the answer section."""
    at = 12
    for _ in range(questions):
        at = _name(data, at)[1] + 4
    for _ in range(count):
        _, at = _name(data, at)
        kind, _, ttl_s, size = struct.unpack_from("!HHIH", data, at)
        at += 10
        if at + size > len(data):
            raise ValueError("cut short")
        yield kind, ttl_s, at, size
        at += size


def _name(data: bytes, at: int) -> tuple[str, int]:
    """Return a name that may be compressed (4.1.4), and where it ends."""
    labels, end, size, jumps = [], 0, 1, 0
    while length := data[at]:
        pointer = length & 0xC0 == 0xC0
        size, jumps = size + (0 if pointer else 1 + length), jumps + pointer
        if size > MAX_NAME_BYTES or jumps > MAX_JUMPS:
            raise ValueError("a name that never ends")
        if pointer:
            end = end or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
            continue
        labels.append(data[at + 1 : at + 1 + length].decode("ascii", "backslashreplace").lower())
        at += 1 + length
    return ".".join(labels), end or at + 1


def _text(data: bytes, at: int, size: int, kind: int) -> str:
    field = data[at : at + size]
    if kind in (TYPES["A"], TYPES["AAAA"]):
        return str(ipaddress.ip_address(field))
    if kind in (TYPES["NS"], TYPES["CNAME"], TYPES["PTR"], TYPES["SOA"]):
        return _name(data, at)[0]
    if kind == TYPES["MX"]:
        return f"{int.from_bytes(field[:2])} {_name(data, at + 2)[0]}"
    if kind == TYPES["SRV"]:
        return " ".join(map(str, struct.unpack_from("!HHH", field))) + f" {_name(data, at + 6)[0]}"
    if kind == TYPES["TXT"]:
        return _strings(field).decode("utf-8", "replace")
    return field.hex()


def _strings(field: bytes) -> bytes:
    """Return the strings of a TXT record as one (RFC 1035, 3.3.14; RFC 7208, 3.3)."""
    whole, at = b"", 0
    while at < len(field):
        whole, at = whole + field[at + 1 : at + 1 + field[at]], at + 1 + field[at]
    return whole


async def _over_tcp(target: Target, question: bytes, kind: int) -> Reply:
    try:
        reader, writer = await stream(target)
    except OSError as error:
        if unable(error):
            raise
        raise DownError(f"cuts its answer short over UDP, and over TCP: {explain(error)}") from error
    try:
        writer.write(struct.pack("!H", len(question)) + question)
        size = int.from_bytes(await reader.readexactly(2))
        reply = _parse(question, kind, await reader.readexactly(size))
    except asyncio.IncompleteReadError as error:
        raise DownError("cuts its answer short over TCP, too") from error
    finally:
        writer.close()
    if reply is None:
        raise DownError("the answer is no DNS message")
    return reply
