"""How the monitor is set up: where it listens, and how long it keeps what it saw."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400.0
Socket = tuple[str, int]  # address, port


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the monitor takes what devices say by themselves; files are relative to the park's folder."""

    syslog: Socket | None = None  # UDP and TCP
    syslog_tls: Socket | None = None
    certificate: str = ""
    key: str = ""
    authority: str = ""  # of the senders' certificates; "" asks for none
    traps: Socket | None = None
    flows: Socket | None = None
    netconf: bool = False  # subscribe to the notifications of NETCONF devices

    @property
    def sockets(self) -> tuple[tuple[str, Socket], ...]:
        """What is bound, by its name."""
        named = (
            ("syslog", self.syslog),
            ("syslog_tls", self.syslog_tls),
            ("traps", self.traps),
            ("flows", self.flows),
        )
        return tuple((name, socket) for name, socket in named if socket is not None)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the store keeps what; intervals are few, so they are kept for years."""

    raw_s: float = 6 * 3600.0
    rollups_s: float = 400 * DAY_S
    intervals_s: float = 5 * 365 * DAY_S
    events_s: float | None = None  # from their closing; None: for good


NOWHERE = Listening()
USUAL = Retention()
