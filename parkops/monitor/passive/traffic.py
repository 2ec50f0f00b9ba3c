"""Adds flow records up by minute, place and service, and compares them with what the plan allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from parkops.model import Park
from parkops.model.traffic import Traffic
from parkops.monitor.passive.attacks import Attacks
from parkops.monitor.passive.intake import Said
from parkops.monitor.passive.places import INFRASTRUCTURE, NOWHERE, OUTSIDE, Allowed, Map, Place
from parkops.monitor.passive.records import ACK, PROTOCOLS, SYN, TCP, FlowRecord

MINUTE_S = 60.0
MOST_ROWS = 50_000  # of minutes that are not written yet
MOST_COUNTED = 2**56  # packets or octets of one row: senders choose the numbers, databases hold 63 bits
EPHEMERAL = 32_768  # ports of clients begin here (Linux; RFC 6335 says 49152)

Tell = Callable[[str, Said], None]  # device, what is said of it
Key = tuple[float, str, str, str]


@dataclass(slots=True)
class _Sum:
    flow: str = ""
    records: int = 0
    packets: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """A record as client and server see it: who asked whom for what."""

    client: str
    server: str
    src: Place
    dst: Place
    protocol: str
    port: int
    flow: str
    answered: bool  # it is more than a try: packets of an open session were seen

    @property
    def service(self) -> str:
        """The service in the plan's words."""
        return f"{self.protocol}/{self.port}" if self.port else self.protocol


@dataclass(slots=True)
class Ledger:
    """Takes the records of all exporters; ``own`` are the sessions that our vantage nodes try on purpose."""

    map: Map
    allowed: Allowed
    attacks: Attacks
    tell: Tell
    own: frozenset[tuple[str, str, int]] = frozenset()
    dropped_rows: int = 0
    _sums: dict[Key, _Sum] = field(default_factory=dict)

    @classmethod
    def of(cls, park: Park, attacks: Attacks, tell: Tell) -> Ledger:
        """Make one for a park."""
        return cls(Map(park), Allowed(park), attacks, tell, own_tries(park))

    def take(self, time_s: float, exporter: str, records: Iterable[FlowRecord]) -> None:
        """Add records of one exporter (a device's name)."""
        for record in records:
            session = self._session(record)
            if session is None:
                continue
            self._add(time_s, session, record)
            own = (session.client, session.server, session.port) in self.own
            if not session.flow and not own and session.src.segment != session.dst.segment:
                self._unplanned(time_s, exporter, session)
            if session.dst.zone not in (OUTSIDE, NOWHERE):
                named = f"{session.server} {session.service}"
                self.attacks.traffic(time_s, exporter, named, record.packets)

    def _session(self, record: FlowRecord) -> Session | None:
        src, dst = self.map.place(record.src), self.map.place(record.dst)
        protocol = PROTOCOLS.get(record.protocol, f"ip/{record.protocol}")
        if NOWHERE in (src.zone, dst.zone) or (src.zone == dst.zone == OUTSIDE):
            return None
        flow = self.allowed.flow(src, dst, protocol, record.dst_port)
        back = self.allowed.flow(dst, src, protocol, record.src_port)
        turned = bool(back) and not flow
        if not flow and not back:
            turned = _is_answer(record)
        answered = record.protocol != TCP or record.flags < 0 or bool(record.flags & ACK)
        if turned:
            return Session(
                record.dst, record.src, dst, src, protocol, record.src_port, back, answered=answered
            )
        return Session(record.src, record.dst, src, dst, protocol, record.dst_port, flow, answered=answered)

    def _unplanned(self, time_s: float, exporter: str, session: Session) -> None:
        """Traffic that no flow allows: a leak where it went on, else a try."""
        if INFRASTRUCTURE in (session.src.zone, session.dst.zone):
            return  # routing, time, management: the plan's flows do not speak of them
        if not session.answered:
            what = (session.server, session.port)
            self.attacks.scan(time_s, exporter, session.client, what, dropped=False)
            return
        ends = f"{session.client} to {session.server} {session.service}"
        if session.dst.zone == OUTSIDE:
            kept = session.src.segment in self.allowed.local
            why = "whose data stay in the plant" if kept else "no flow of the plan allows it"
            text = f"traffic of {session.src.zone} left the park ({why}): {ends}"
            self.tell(exporter, Said(f"leak:{session.src.zone}", "critical", text))
        else:
            name = f"unplanned:{session.src.zone}>{session.dst.zone}:{session.service}"
            text = f"no flow of the plan allows {ends}"
            self.tell(exporter, Said(name, "warning", text))

    def _add(self, time_s: float, session: Session, record: FlowRecord) -> None:
        minute_s = time_s // MINUTE_S * MINUTE_S
        key = (minute_s, session.src.zone, session.dst.zone, session.service)
        found = self._sums.get(key)
        if found is None:
            if len(self._sums) >= MOST_ROWS:
                self.dropped_rows += 1
                return
            found = self._sums[key] = _Sum()
        found.flow = found.flow or session.flow
        found.records += 1
        found.packets = min(MOST_COUNTED, found.packets + record.packets)
        found.octets = min(MOST_COUNTED, found.octets + record.octets)

    def drain(self) -> list[Traffic]:
        """Return what was added up since the last time; the store adds it to what it has of a minute."""
        sums, self._sums = self._sums, {}
        return [
            Traffic(*key, total.flow, total.records, total.packets, total.octets)
            for key, total in sums.items()
        ]


def _is_answer(record: FlowRecord) -> bool:
    """Guess whether a record that no flow explains is the server's side of it.

    A record that adds a whole session up has all flags of its direction: SYN and ACK stand in both.
    """
    if record.flags >= 0 and record.flags & (SYN | ACK) == SYN:
        return False
    return record.src_port < record.dst_port and record.dst_port >= EPHEMERAL


def own_tries(park: Park) -> frozenset[tuple[str, str, int]]:
    """Return what vantage nodes try: (their address, address, port)."""
    found = set()
    for target in park.targets:
        if target.vantage:
            six = ":" in target.address
            for port in park.device(target.vantage).interfaces:
                if own := port.ipv6 if six else port.ipv4:
                    found.add((own.partition("/")[0], target.address, target.port))
    return frozenset(found)
