"""RADIUS (RFC 2865): an Access-Request with Message-Authenticator (RFC 3579), and a reply that is signed."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, UnableError
from parkops.monitor.probes.datagram import ask

ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE = 1, 2, 3, 11
USER_NAME, USER_PASSWORD, REPLY_MESSAGE, NAS_IDENTIFIER, MESSAGE_AUTHENTICATOR = 1, 2, 18, 32, 80
ANSWERS = {ACCESS_ACCEPT: "accept", ACCESS_REJECT: "reject", ACCESS_CHALLENGE: "challenge"}
HEAD_BYTES, AUTHENTICATOR_BYTES, MOST_PASSWORD_BYTES = 20, 16, 128
NOBODY = "parkops-probe"  # a user that no server knows: its refusal is an answer, too


async def radius(target: Target, context: Context) -> Sample:
    """Ask whether ``user`` may enter with ``password``; ``key`` is the shared secret (references).

    ``result`` is what must come: accept, reject or challenge; without a user, any signed answer will do. A
    server that does not know us, or has another secret, says nothing at all.
    """
    attempt = context.start(target)
    user = target.param("user")
    key = context.tools.secret(target.param("key")).encode()
    reference = target.param("password")
    password = context.tools.secret(reference).encode() if reference else os.urandom(8).hex().encode()
    request = _request(user or NOBODY, password, key)
    forged: list[DownError] = []

    def read(data: bytes) -> bytes | None:
        try:
            return _check(request, key, data)
        except DownError as error:  # discarded (RFC 2865, 3): the true answer may follow
            forged[:] = [error]
            return None

    try:
        reply = await ask(target, request, read, context.timeout_s)
    except TimeoutError as error:
        if forged:
            raise forged[0] from error
        what = "no answer: it is off, does not know this client, or shares another secret"
        raise DownError(f"{what} ({context.timeout_s:g} s)") from error
    answer, words = ANSWERS.get(reply[0], f"code {reply[0]}"), _message(reply)
    how = "signed" if _place(reply) else "without Message-Authenticator: it can be forged (CVE-2024-3596)"
    context.step(f"Access-Request for {user or NOBODY}: {answer}{words}, {how}")
    wanted = target.param("result") or ("accept" if user else "")
    if wanted and answer != wanted:
        raise DownError(f"answers {answer} for {user or NOBODY}{words}, expected {wanted}")
    return attempt.up()


def _request(user: str, password: bytes, key: bytes) -> bytes:
    authenticator = os.urandom(AUTHENTICATOR_BYTES)
    fields = (
        _field(USER_NAME, user.encode())
        + _field(USER_PASSWORD, _hide(password, key, authenticator))
        + _field(NAS_IDENTIFIER, b"parkops")
    )
    length = HEAD_BYTES + len(fields) + 18
    head = struct.pack("!BBH", ACCESS_REQUEST, os.urandom(1)[0], length) + authenticator
    # RFC 3579, 3.2; first among the attributes, as servers that know CVE-2024-3596 want it
    unsigned = head + _field(MESSAGE_AUTHENTICATOR, bytes(16)) + fields
    signature = hmac.digest(key, unsigned, "md5")
    return head + _field(MESSAGE_AUTHENTICATOR, signature) + fields


def _field(kind: int, data: bytes) -> bytes:
    if len(data) > 253:
        raise UnableError("a user name that is too long for RADIUS")
    return bytes((kind, len(data) + 2)) + data


def _hide(password: bytes, key: bytes, authenticator: bytes) -> bytes:
    """Hide a password (RFC 2865, 5.2)."""
    if len(password) > MOST_PASSWORD_BYTES:
        raise UnableError("a password that is too long for RADIUS")
    padded = password + bytes(-len(password) % 16 or (0 if password else 16))
    hidden, last = b"", authenticator
    for start in range(0, len(padded), 16):
        mask = hashlib.md5(key + last, usedforsecurity=False).digest()
        last = bytes(a ^ b for a, b in zip(padded[start : start + 16], mask, strict=True))
        hidden += last
    return hidden


def _check(request: bytes, key: bytes, data: bytes) -> bytes | None:
    """Return a reply whose Response Authenticator is right (RFC 2865, 3); DownError for a forged one.

    A Message-Authenticator must be right, too, where there is one (RFC 3579, 3.2).
    """
    if len(data) < HEAD_BYTES or data[1] != request[1]:
        return None
    length = struct.unpack_from("!H", data, 2)[0]
    if not HEAD_BYTES <= length <= len(data):
        raise DownError("the answer is no RADIUS packet")
    data = data[:length]
    signed = data[:4] + request[4:HEAD_BYTES] + data[HEAD_BYTES:] + key
    right = hashlib.md5(signed, usedforsecurity=False).digest() == data[4:HEAD_BYTES]
    if at := _place(data):
        zeroed = data[:4] + request[4:HEAD_BYTES] + data[HEAD_BYTES:at] + bytes(16) + data[at + 16 :]
        right = right and hmac.compare_digest(hmac.digest(key, zeroed, "md5"), data[at : at + 16])
    if not right:
        raise DownError("the answer is not signed with our shared secret")
    return data


def _place(packet: bytes) -> int:
    """Return where the Message-Authenticator of a packet stands, 0 for none."""
    at = HEAD_BYTES
    while at + 2 <= len(packet) and (size := packet[at + 1]) >= 2:
        if packet[at] == MESSAGE_AUTHENTICATOR and size == 18 and at + size <= len(packet):
            return at + 2
        at += size
    return 0


def _message(reply: bytes) -> str:
    at = HEAD_BYTES
    while at + 2 <= len(reply) and (size := reply[at + 1]) >= 2:
        if reply[at] == REPLY_MESSAGE:
            text = reply[at + 2 : at + size].decode("utf-8", "replace")
            return f" ({text})" if text.isprintable() and text else ""
        at += size
    return ""
