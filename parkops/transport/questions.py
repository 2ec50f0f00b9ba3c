"""Questions that a service over UDP must answer, whoever asks; runs on nodes: the standard library alone."""

from __future__ import annotations

import os

NTP_REQUEST = b"\x23" + bytes(47)  # RFC 5905, 7.3: version 4, client
# A message of SNMP version 3 that names no engine; the numbers of message and request are left out.
_SNMP_HEAD = bytes.fromhex("303e0201033011")
_SNMP_REST = bytes.fromhex("020300ffe30401040201030410300e0400020100020100040004000400301404000400a00e")
_SNMP_END = bytes.fromhex("0201000201003000")


def _snmp() -> bytes:
    """Ask for the engine's id (RFC 3414, 4): it is told in a report, without a user."""
    number = b"\x02\x04" + (int.from_bytes(os.urandom(4), "big") & 0x7FFFFFFF).to_bytes(4, "big")
    return _SNMP_HEAD + number + _SNMP_REST + number + _SNMP_END


def _coap() -> bytes:
    """Return an empty confirmable message, which is answered with a reset (RFC 7252, 4.3)."""
    return b"\x40\x00" + os.urandom(2)


QUESTIONS = {123: lambda: NTP_REQUEST, 161: _snmp, 5683: _coap}  # by the port that IANA gave the service


def question(port: int) -> bytes | None:
    """Return what must be answered at a port; None where a service may well keep silent."""
    ask = QUESTIONS.get(port)
    return ask() if ask else None
