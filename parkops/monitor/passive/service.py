"""All listeners of a park in a thread of their own: what they hear goes to the store, and to the events."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from parkops.errors import ParkopsError
from parkops.model import Park, Signal
from parkops.model.traffic import Traffic
from parkops.monitor.passive import netconf, patterns, sflow, sockets, syslog, traps, usm
from parkops.monitor.passive.attacks import Attacks
from parkops.monitor.passive.conclude import Reader
from parkops.monitor.passive.intake import Intake, Said, Senders, Sink
from parkops.monitor.passive.netconf import Stream, Subscriptions
from parkops.monitor.passive.netflow import FlowReader, NoTemplateError
from parkops.monitor.passive.records import FlowRecord
from parkops.monitor.passive.syslog import Message
from parkops.monitor.passive.traffic import Ledger
from parkops.monitor.passive.traps import TrapReader
from parkops.store import Store
from parkops.transport.login import Login

log = logging.getLogger("parkops.monitor")

WRITE_S = 1.0
TICK_S = 5.0
KEEP_S = 90 * 86_400.0
KEEP_ATTACKS_S = 2 * 366 * 86_400.0  # an assessment counts a year of them
MOST_WAITING = 50_000  # signals that are kept while the store cannot be written
SYSLOG, TRAP, FLOW = "syslog", "snmp-trap", "flow"
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen; None is not to. Syslog takes datagrams and streams on the same port."""

    syslog: Address | None = None
    syslog_tls: Address | None = None
    traps: Address | None = None
    flows: Address | None = None  # sFlow, NetFlow v9 and IPFIX tell themselves apart
    netconf: tuple[Stream, ...] = ()
    tls: ssl.SSLContext | None = None

    @property
    def anything(self) -> bool:
        """Whether there is anything to listen to."""
        return bool(self.syslog or self.syslog_tls or self.traps or self.flows or self.netconf)


@dataclass(slots=True)
class Ears:
    """What messages are read with: bytes and a sender's address in, signals out. Not for several threads."""

    intake: Intake
    attacks: Attacks
    reader: Reader
    ledger: Ledger
    traps: TrapReader
    names: frozenset[str]  # of devices
    relays: frozenset[str]  # devices that hand on what others have sent them
    flows: FlowReader = field(default_factory=FlowReader)

    @classmethod
    def of(cls, park: Park, sink: Sink, users: dict[str, usm.User], now: Callable[[], float]) -> Ears:
        """Make them for a park."""
        intake = Intake(Senders.of(park), sink, now=now)

        def tell(device: str, said: Said) -> None:
            intake.own(FLOW if said.name.startswith(("leak", "unplanned")) else SYSLOG, device, said)

        attacks = Attacks(tell)
        ledger = Ledger.of(park, attacks, tell)
        reader = Reader(ledger.map, attacks, ledger.own, patterns.builtin(), now)
        names = frozenset(device.name for device in park.devices)
        servers = park.plane.of("syslog") if park.plane else ()
        relays = {park.fact("management.syslog"), *(server.device for server in servers)} & names
        return cls(intake, attacks, reader, ledger, TrapReader(users), names, frozenset(relays))

    def syslog(self, data: bytes, address: str) -> None:
        """Take one log message."""
        if self.intake.admit(SYSLOG, address):
            try:
                message = syslog.parse(data)
            except ValueError as error:
                self.intake.malformed(SYSLOG, address, str(error))
                return
            device = self._origin(address, message)
            said = self.reader.read(device, message)
            if said is not None and device:
                self.intake.own(SYSLOG, device, said)
            elif said is not None:
                self.intake.say(SYSLOG, address, said)

    def _origin(self, address: str, message: Message) -> str:
        """Return the device that a message is of: of a collector's, the one that it names."""
        device = self.intake.senders.device(address)
        relayed = device in self.relays or (not device and address in ("127.0.0.1", "::1"))
        return message.host if relayed and message.host in self.names else device

    def trap(self, data: bytes, address: str) -> bytes | None:
        """Take one SNMP notification; return the answer that it wants."""
        if not self.intake.admit(TRAP, address):
            return None
        try:
            found = self.traps.read(data)
        except ValueError as error:
            self.intake.malformed(TRAP, address, str(error))
            return None
        if found.oid:
            self.intake.say(TRAP, address, traps.said(found))
        return found.reply

    def flow(self, data: bytes, address: str) -> None:
        """Take one datagram of flow records."""
        if not self.intake.admit(FLOW, address):
            return
        device = self.intake.senders.device(address)
        if not device:
            self.intake.say(FLOW, address, Said("flow-records"))
            return  # whoever can send a datagram must not be able to write the park's accounts
        try:
            records = self._records(data, address)
        except NoTemplateError:
            self.intake.counts[FLOW, "early"] += 1
            return
        except ValueError as error:
            self.intake.malformed(FLOW, address, str(error))
            return
        self.ledger.take(self.intake.now(), device, records)

    def _records(self, data: bytes, address: str) -> list[FlowRecord]:
        return sflow.read(data) if data[:2] == b"\0\0" else self.flows.read(address, data)


class Listeners:
    """Binds when it is made; ``start`` begins to read. The thread keeps the network it is started in.

    ``sink`` hears what may become an event: whatever is more than a note, and what ends it.
    """

    def __init__(
        self,
        park: Park,
        database: Path | str,
        listen: Listen,
        sink: Sink,
        users: dict[str, usm.User] | None = None,
        login: Callable[[], Login] | None = None,
        quiet: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._database, self._listen, self._sink = database, listen, sink
        self._waiting: list[Signal] = []
        self._traffic: list[Traffic] = []
        self._store: Store | None = None
        self._lock = threading.Lock()
        self.unwritten = 0
        self.ears = Ears.of(park, self._take, users or {}, time.time)
        self.counts = self.ears.intake.counts
        self._sockets = _bind(listen)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._subscriptions = (
            Subscriptions(listen.netconf, login, self._notified, self._silent, quiet) if login else None
        )

    def port(self, name: str) -> int:
        """Return the port of a listener: syslog, syslog-tcp, syslog-tls, traps, flows."""
        return int(self._sockets[name].getsockname()[1])

    @property
    def subscriptions(self) -> int:
        """How many devices send their notifications now."""
        return self._subscriptions.open if self._subscriptions else 0

    def start(self) -> None:
        """Begin to read."""
        self._thread = threading.Thread(target=self._run, name="parkops-listeners", daemon=True)
        self._thread.start()
        self._ready.wait(10)
        if self._subscriptions is not None:
            self._subscriptions.start()

    def stop(self) -> None:
        """Stop reading; what was heard is in the store when this returns."""
        if self._subscriptions is not None:
            self._subscriptions.stop()
        if self._loop is not None and self._done is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._done.set)
        if self._thread is not None:
            self._thread.join(20)
            self._thread = None
        for sock in self._sockets.values():
            sock.close()

    def __enter__(self) -> Listeners:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _take(self, signal: Signal) -> None:
        with self._lock:
            self._waiting.append(signal)
            if len(self._waiting) > MOST_WAITING:
                del self._waiting[0]
                self.unwritten += 1
        if signal.clears or signal.severity != "info":
            self._sink(signal)

    def _notified(self, device: str, said: Said) -> None:
        self._in_loop(lambda: self.ears.intake.own(netconf.ORIGIN, device, said))

    def _silent(self, device: str, why: str) -> None:
        said = Said("no-notifications", "info", why)
        self._in_loop(lambda: self.ears.intake.own(netconf.ORIGIN, device, said))

    def _in_loop(self, act: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop ends just now
                self._loop.call_soon_threadsafe(act)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        ears = self.ears
        streams = sockets.Streams(
            _guarded(ears, SYSLOG, ears.syslog),
            lambda address, why: ears.intake.malformed(SYSLOG, address, why),
        )
        for name, sock in self._sockets.items():
            if name in ("syslog-tcp", "syslog-tls"):
                await streams.serve(sock, self._listen.tls if name == "syslog-tls" else None)
            else:
                take = {
                    "syslog": _guarded(ears, SYSLOG, ears.syslog),
                    "traps": _guarded(ears, TRAP, ears.trap),
                    "flows": _guarded(ears, FLOW, ears.flow),
                }[name]
                await self._loop.create_datagram_endpoint(_protocol(take), sock=sock)
        self._ready.set()
        await self._keep_house()

    async def _keep_house(self) -> None:
        assert self._done is not None
        tick_s = prune_s = 0.0
        try:
            while not self._done.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._done.wait(), WRITE_S)
                now_s = time.time()
                if now_s - tick_s >= TICK_S:
                    tick_s = now_s
                    self.ears.attacks.tick(now_s)
                self._write()
                if self._store is not None and now_s - prune_s >= 3600:
                    prune_s = now_s
                    self._prune(self._store, now_s)
        finally:
            self._drop_store()

    def _write(self) -> None:
        """Write what waits, all or nothing; while the store refuses, keep it, and open the store anew."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        self._traffic += self.ears.ledger.drain()
        self.unwritten += max(0, len(self._traffic) - MOST_WAITING)
        del self._traffic[:-MOST_WAITING]
        try:
            if self._store is None:
                self._store = Store.open(self._database)
            with self._store.transaction():
                self._store.save_signals(waiting)
                self._store.save_traffic(self._traffic)
            self._traffic.clear()
        except ParkopsError as error:
            log.error("%s", error)
            self._drop_store()
            with self._lock:
                self._waiting = (waiting + self._waiting)[-MOST_WAITING:]
        except Exception:  # it would fail again: what comes next must be heard and written
            log.exception("what no store takes is dropped")
            self.unwritten += len(waiting) + len(self._traffic)
            self._traffic.clear()
            self._drop_store()

    def _drop_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _prune(self, store: Store, now_s: float) -> None:
        try:
            store.prune_heard(now_s - KEEP_S, "attack-", now_s - KEEP_ATTACKS_S)
        except ParkopsError as error:
            log.error("%s", error)


def _guarded(ears: Ears, origin: str, take: Callable[[bytes, str], bytes | None]) -> sockets.Datagram:
    """Return a boundary around a reader: whatever a message does to it, the next one is read."""

    def act(data: bytes, address: str) -> bytes | None:
        try:
            return take(data, address)
        except Exception as error:
            log.exception("a message of %s that the reader of %s stumbles over", address, origin)
            ears.intake.malformed(origin, address, f"{type(error).__name__}: {error}")
            return None

    return act


def _protocol(take: sockets.Datagram) -> Callable[[], sockets.Datagrams]:
    return lambda: sockets.Datagrams(take)


def _bind(listen: Listen) -> dict[str, socket.socket]:
    wanted = (
        ("syslog", listen.syslog, socket.SOCK_DGRAM),
        ("syslog-tcp", listen.syslog, socket.SOCK_STREAM),
        ("syslog-tls", listen.syslog_tls, socket.SOCK_STREAM),
        ("traps", listen.traps, socket.SOCK_DGRAM),
        ("flows", listen.flows, socket.SOCK_DGRAM),
    )
    found: dict[str, socket.socket] = {}
    try:
        for name, address, kind in wanted:
            if address is not None:
                host, port = address
                if name == "syslog-tcp" and not port:
                    port = int(found["syslog"].getsockname()[1])
                found[name] = sockets.bind(host, port, kind)
    except BaseException:
        for sock in found.values():
            sock.close()
        raise
    return found
