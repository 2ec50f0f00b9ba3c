"""From log lines to what they mean for the park: logins, drops, attacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parkops.monitor.passive import firewall, patterns
from parkops.monitor.passive.attacks import Attacks
from parkops.monitor.passive.intake import Said
from parkops.monitor.passive.patterns import Pattern
from parkops.monitor.passive.places import Map
from parkops.monitor.passive.syslog import Message

LOGIN_FAILED, LOGIN = "login-failed:", "login:"


@dataclass(slots=True)
class Reader:
    """Reads messages of the park's devices; what several of them make together goes to ``attacks``."""

    map: Map
    attacks: Attacks
    own: frozenset[tuple[str, str, int]]
    table: tuple[Pattern, ...]
    now: Callable[[], float]

    def read(self, device: str, message: Message) -> Said | None:
        """Return what a message says; None for what our own probes have caused."""
        logged = firewall.read(message)
        if logged is not None:
            return self._packet(device, logged)
        said = patterns.read(message, self.table)
        source = said.name.removeprefix(LOGIN_FAILED)
        if source != said.name and device:
            self.attacks.login(self.now(), device, source)
        elif said.name.startswith(LOGIN) and device and " from " in message.text:
            address = message.text.partition(" from ")[2].partition(" ")[0]
            self.attacks.logged_in(self.now(), device, address)
        return said

    def _packet(self, device: str, logged: firewall.Logged) -> Said | None:
        if (logged.src, logged.dst, logged.port) in self.own:
            return None
        ends = f"{self._zone(logged.src)}>{self._zone(logged.dst)}"
        service = f"{logged.protocol}/{logged.port}" if logged.port else logged.protocol
        text = f"{logged.rule}: {logged.src} to {logged.dst} {service}"
        if not logged.dropped:
            return Said(f"firewall-pass:{ends}:{service}", "info", text)
        if device:
            what = (logged.dst, logged.protocol, logged.port)
            self.attacks.scan(self.now(), device, logged.src, what, dropped=True)
        return Said(f"firewall-drop:{ends}", "info", text)

    def _zone(self, address: str) -> str:
        try:
            return self.map.place(address).zone or "link"
        except ValueError:
            return "?"
