"""SNMP notifications: traps of v1, v2c and v3, informs of v2c and v3 with their answers (RFC 3416, 3414)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from parkops.monitor.passive import ber, names, usm
from parkops.monitor.passive.ber import BerError, Item
from parkops.monitor.passive.intake import Said
from parkops.monitor.passive.names import Oid, Variable

V1, V2C, V3 = 0, 1, 3
TRAP_V1, RESPONSE, INFORM, TRAP, REPORT, GET = 0xA4, 0xA2, 0xA6, 0xA7, 0xA8, 0xA0
SNMP_TRAP_OID, SYS_UP_TIME = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), (1, 3, 6, 1, 2, 1, 1, 3, 0)
GENERIC: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 5)
UNKNOWN_ENGINE, NOT_IN_TIME = ((1, 3, 6, 1, 6, 3, 15, 1, 1, number, 0) for number in (4, 2))
AUTH, PRIVACY, REPORTABLE = 1, 2, 4
WINDOW_S = 150  # RFC 3414, 2.2.3
MOST_BOOTS = 2**31 - 1  # an engine that has come so far proves no times any more
MOST_ENGINES = 10_000
TEXT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification; ``reply`` is what an inform waits for. ``oid`` is empty when only a reply is due."""

    oid: Oid = ()
    variables: tuple[Variable, ...] = ()
    reply: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands around the PDU of a v3 message."""

    number: int
    flags: int
    engine: bytes
    boots: int
    time_s: int
    user: str
    code: bytes
    code_at: int
    salt: bytes


@dataclass(slots=True)
class TrapReader:
    """Reads datagrams; it is an SNMP engine of its own, which informs are addressed to.

    ``users`` by name. v1 and v2c are not authenticated: what they say counts as coming from their sender's
    address, whatever community they name.
    """

    users: dict[str, usm.User]
    engine: bytes = b"\x80\x00\x00\x00\x04parkops"  # RFC 3411: enterprise 0, text
    now: Callable[[], float] = time.monotonic
    boots: int = field(default_factory=lambda: int(time.time() / 60) & 0x7FFFFFFF)
    _begin_s: float = 0.0
    _times: dict[bytes, tuple[int, int, float]] = field(default_factory=dict)  # boots, time, heard

    def __post_init__(self) -> None:
        self._begin_s = self.now()

    def read(self, data: bytes) -> Notification:
        """Read one datagram; BerError or UsmError (both ValueError) say why it does not count."""
        message, end = ber.read(data)
        if end != len(data):
            raise BerError("something follows the message")
        parts = message.items()
        if len(parts) < 3:
            raise BerError("expected version, community and PDU")
        version = parts[0].integer()
        if version == V3:
            return self._read_v3(data, parts)
        if version not in (V1, V2C):
            raise BerError(f"SNMP version number {version}")
        community = parts[1].octets()
        if version == V1:
            return _trap_v1(parts[2])
        found, answer = _notification(parts[2])
        reply = None
        if answer is not None:
            reply = ber.sequence(ber.integer(V2C), ber.write(ber.OCTETS, community), answer)
        return Notification(found.oid, found.variables, reply)

    def _read_v3(self, data: bytes, parts: list[Item]) -> Notification:
        if len(parts) != 4:
            raise BerError("expected four parts of a v3 message")
        header = _header(parts)
        own = header.engine == self.engine
        if header.flags & REPORTABLE and not own:
            return Notification(reply=self._report(header, UNKNOWN_ENGINE, None))
        user = self.users.get(header.user)
        if user is None:
            raise usm.UsmError(f"no user {header.user[:40]!r}")
        if user.auth and not header.flags & AUTH:
            raise usm.UsmError(f"user {user.name!r} without authentication")
        if user.privacy and not header.flags & PRIVACY:
            raise usm.UsmError(f"user {user.name!r} without encryption")
        if header.flags & AUTH:
            if not user.auth:
                raise usm.UsmError(f"user {user.name!r} has no key")
            usm.check(user, header.engine, data, header.code, header.code_at)
            if not self._in_time(header, own=own):
                if own and header.flags & REPORTABLE:
                    return Notification(reply=self._report(header, NOT_IN_TIME, user))
                raise usm.UsmError("an old message, sent again")
        engine, context, pdu = _context(self._scoped(header, user, parts[3]))
        found, answer = _notification(pdu)
        reply = None
        if answer is not None:
            reply = self._message(header, ber.sequence(engine, context, answer), user)
        return Notification(found.oid, found.variables, reply)

    def _scoped(self, header: _Header, user: usm.User, part: Item) -> Item:
        if not header.flags & PRIVACY:
            return part
        if not user.privacy or not header.flags & AUTH:
            raise usm.UsmError(f"user {user.name!r} does not encrypt")
        plain = usm.decrypt(user, header.engine, header.boots, header.time_s, header.salt, part.octets())
        try:
            return ber.read(plain)[0]
        except BerError:
            raise usm.UsmError("it cannot be decrypted: another privacy key or protocol") from None

    @property
    def _time_s(self) -> int:
        return int(self.now() - self._begin_s)

    def _in_time(self, header: _Header, *, own: bool) -> bool:
        """Refuse what is old (RFC 3414, 3.2, step 7): the newest, too, once its window has passed."""
        if own:
            return header.boots == self.boots and abs(header.time_s - self._time_s) <= WINDOW_S
        now_s = self.now()
        boots, time_s, heard_s = self._times.get(header.engine, (-1, 0, now_s))
        if header.boots == MOST_BOOTS:
            return False
        if (header.boots, header.time_s) > (boots, time_s):
            if header.engine in self._times or len(self._times) < MOST_ENGINES:
                self._times[header.engine] = (header.boots, header.time_s, now_s)
            return True
        return header.boots == boots and header.time_s + WINDOW_S >= time_s + now_s - heard_s

    def _report(self, header: _Header, counter: Oid, user: usm.User | None) -> bytes:
        value = ber.sequence(ber.oid(counter), ber.integer(1, ber.COUNTER))
        pdu = ber.sequence(ber.integer(0), ber.integer(0), ber.integer(0), ber.sequence(value), tag=REPORT)
        scoped = ber.sequence(ber.write(ber.OCTETS, self.engine), ber.write(ber.OCTETS, b""), pdu)
        return self._message(header, scoped, user, encrypt=False)

    def _message(
        self, header: _Header, scoped: bytes, user: usm.User | None, *, encrypt: bool = True
    ) -> bytes:
        """Return a v3 message of this engine; authenticated, and encrypted, as the question was."""
        flags, salt, boots, time_s = 0, b"", self.boots, self._time_s
        if user is not None and header.flags & AUTH:
            flags |= AUTH
            if encrypt and header.flags & PRIVACY:
                flags |= PRIVACY
                salt, secret = usm.encrypt(user, self.engine, boots, time_s, scoped)
                scoped = ber.write(ber.OCTETS, secret)
        length = usm.code_length(user) if user is not None and flags & AUTH else 0
        whole = self._written(header, flags, (boots, time_s), salt, bytes(length), scoped)
        if user is None or not length:
            return whole
        code = usm.code(user, self.engine, whole)
        return self._written(header, flags, (boots, time_s), salt, code, scoped)

    def _written(
        self, header: _Header, flags: int, at: tuple[int, int], salt: bytes, code: bytes, scoped: bytes
    ) -> bytes:
        name = header.user.encode("utf-8", "surrogateescape")
        security = ber.sequence(
            ber.write(ber.OCTETS, self.engine), ber.integer(at[0]), ber.integer(at[1]),
            ber.write(ber.OCTETS, name), ber.write(ber.OCTETS, code), ber.write(ber.OCTETS, salt),
        )  # fmt: skip
        about = ber.sequence(
            ber.integer(header.number),
            ber.integer(65_507),
            ber.write(ber.OCTETS, bytes((flags,))),
            ber.integer(3),
        )
        return ber.sequence(ber.integer(V3), about, ber.write(ber.OCTETS, security), scoped)


def _header(parts: list[Item]) -> _Header:
    about = parts[1].items()
    security = ber.read(parts[2].octets(), at=parts[2].at)[0].items()
    if len(about) != 4 or len(security) != 6 or len(about[2].octets()) != 1:
        raise BerError("a v3 header of other parts")
    if about[3].integer() != 3:
        raise BerError("another security model than the user-based one")
    engine, boots, time_s, user, code, salt = security
    if not (0 <= boots.integer() < 2**31 and 0 <= time_s.integer() < 2**31 and about[0].integer() >= 0):
        raise BerError("a number out of its range")
    return _Header(
        about[0].integer(), about[2].octets()[0], engine.octets(), boots.integer(), time_s.integer(),
        user.octets().decode("utf-8", "surrogateescape"), code.octets(), code.at, salt.octets(),
    )  # fmt: skip


def _context(scoped: Item) -> tuple[bytes, bytes, Item]:
    """Return a scoped PDU's parts: engine and name of the context as they are written, and the PDU."""
    parts = scoped.items()
    if len(parts) < 3:  # padding of DES may follow
        raise usm.UsmError("it cannot be decrypted, or is no scoped PDU")
    engine, context = (ber.write(ber.OCTETS, part.octets()) for part in parts[:2])
    return engine, context, parts[2]


def _notification(pdu: Item) -> tuple[Notification, bytes | None]:
    """Return what a PDU says, and the response that an inform wants."""
    if pdu.tag not in (TRAP, INFORM):
        raise BerError("neither a trap nor an inform")
    parts = pdu.items()
    if len(parts) != 4:
        raise BerError("expected four parts of a PDU")
    variables = tuple(_variables(parts[3].items()))
    raw = dict(variables)
    if SNMP_TRAP_OID not in raw:
        raise BerError("a notification without snmpTrapOID")
    told = tuple(
        Variable(oid, _shown(item)) for oid, item in variables if oid not in (SNMP_TRAP_OID, SYS_UP_TIME)
    )
    answer = None
    if pdu.tag == INFORM:
        request = ber.integer(parts[0].integer())
        answer = ber.sequence(
            request, ber.integer(0), ber.integer(0), ber.write(ber.SEQUENCE, parts[3].content), tag=RESPONSE
        )
    return Notification(raw[SNMP_TRAP_OID].oid(), told), answer


def _trap_v1(pdu: Item) -> Notification:
    """Read a trap of SNMPv1; its OID is that which RFC 3584, 3.1 gives it."""
    if pdu.tag != TRAP_V1:
        raise BerError("no trap")
    parts = pdu.items()
    if len(parts) != 6:
        raise BerError("expected six parts of a trap")
    generic, specific = parts[2].integer(), parts[3].integer()
    if generic < 0 or specific < 0:
        raise BerError("a number out of its range")
    oid = (*GENERIC, generic + 1) if generic < 6 else (*parts[0].oid(), 0, specific)
    return Notification(
        oid, tuple(Variable(name, _shown(item)) for name, item in _variables(parts[5].items()))
    )


def _variables(items: Iterable[Item]) -> Iterable[tuple[Oid, Item]]:
    for item in items:
        pair = item.items()
        if len(pair) != 2:
            raise BerError("a variable without a value")
        yield pair[0].oid(), pair[1]


def _shown(item: Item) -> str:
    if item.tag in (ber.OCTETS, ber.OPAQUE):
        text = item.content.decode("utf-8", "replace")
        return text if text.isprintable() else item.content.hex(":")
    if item.tag == ber.OID:
        return ".".join(map(str, item.oid()))
    if item.tag == ber.ADDRESS:
        return ".".join(map(str, item.content))
    return str(item.integer()) if item.content and item.tag != ber.NULL else ""


def said(found: Notification) -> Said:
    """Return what a notification says, by the table; an unknown one under its OID."""
    dotted = ".".join(map(str, found.oid))
    known = names.known(found.oid)
    listed = ", ".join(f"{'.'.join(map(str, v.oid[-3:]))}={v.text}" for v in found.variables)[:TEXT_LENGTH]
    if known is None:
        return Said(f"notification:{dotted}", "info", listed)
    index = ".".join(map(str, found.variables[0].oid[-4:])) if found.variables else ""
    name = known.name.format(port=names.port_of(found.variables), index=index).rstrip(":")
    return Said(name, known.severity, f"{known.title}: {listed}".rstrip(": "), known.clears)
