"""NETCONF notifications (RFC 5277): a session of its own for each device, opened again when it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import TypeAdapter

from parkops.errors import DeviceError, UsageError
from parkops.monitor.passive.intake import Said
from parkops.monitor.passive.names import Known
from parkops.transport.login import Login
from parkops.transport.messages import local, parsed

if TYPE_CHECKING:
    from lxml.etree import _Element

    from parkops.transport.netconf import NetconfSession

ORIGIN = "netconf"
WAIT_S = 1.0  # how soon a stop is noticed
AGAIN_S = 10.0  # after a session could not be opened, or was lost
MOST_DEVICES = 500  # a thread each
TEXT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Stream:
    """A device to subscribe to."""

    device: str
    address: str
    port: int = 830


@cache
def table() -> dict[str, Known]:
    """Return what notifications mean, by their element's local name."""
    text = Path(__file__).with_name("netconf.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Known]).validate_python(yaml.safe_load(text))


def read(message: bytes) -> Said:
    """Return what a notification says; ValueError for what is none."""
    root = parsed(message)
    if local(root) != "notification":
        raise ValueError("no notification")
    event = next((child for child in root if local(child) != "eventTime"), None)
    if event is None:
        raise ValueError("a notification of nothing")
    kind = local(event)
    leaves = {local(leaf): (leaf.text or "").strip() for leaf in event.iter() if not len(leaf)}
    text = ", ".join(f"{name}={value}" for name, value in leaves.items() if value)[:TEXT_LENGTH]
    known = table().get(kind)
    if known is None:
        return Said(f"notification:{kind}"[:120], "info", text)
    name = known.name.format(
        user=leaves.get("username", ""), port=_port(event, leaves), subject=leaves.get("resource", "")
    )
    clears = known.clears or (kind in _STATES and leaves.get(_STATES[kind][0]) in _STATES[kind][1])
    return Said(name.rstrip(":"), known.severity, f"{known.title}: {text}".rstrip(": "), clears)


# Of these one element tells of the beginning and of the end: (leaf, values that end it)
_STATES = {
    "alarm-notification": ("perceived-severity", ("cleared",)),  # RFC 8632
    "link-state-change": ("oper-status", ("up",)),
    "netconf-confirmed-commit": ("confirm-event", ("complete", "cancel", "timeout")),
}


def _port(event: _Element, leaves: dict[str, str]) -> str:
    return leaves.get("if-name") or leaves.get("name") or leaves.get("interface") or ""


class Subscriptions:
    """Listens to devices; ``heard(device, said)`` and ``wrong(device, why)`` are called in their threads."""

    def __init__(
        self,
        streams: Sequence[Stream],
        login: Callable[[], Login],
        heard: Callable[[str, Said], None],
        wrong: Callable[[str, str], None],
        quiet: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._login, self._heard, self._wrong, self._quiet = login, heard, wrong, quiet
        self._stop = threading.Event()
        self.open = 0  # subscriptions that stand
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._listen, args=(s,), name=f"parkops-{s.device}", daemon=True)
            for s in streams[:MOST_DEVICES]
        ]

    def start(self) -> None:
        """Begin to listen."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Close the sessions and wait for their threads, which are within a second of noticing."""
        self._stop.set()
        stop_s = time.monotonic() + 10
        for thread in self._threads:
            thread.join(max(0.0, stop_s - time.monotonic()))

    def _listen(self, stream: Stream) -> None:
        from parkops.transport.netconf import NetconfSession

        told = ""
        while not self._stop.is_set():
            try:
                login = replace(self._login(), connect_timeout_s=10.0, rpc_timeout_s=10.0)
                with NetconfSession(stream.device, stream.address, login, stream.port) as session:
                    told = self._follow(stream, session)
            except (DeviceError, UsageError) as error:
                if error.what != told and not self._stop.is_set():  # the same every ten seconds helps nobody
                    told = error.what
                    self._wrong(stream.device, error.what)
            self._stop.wait(AGAIN_S)

    def _follow(self, stream: Stream, session: NetconfSession) -> str:
        if not any("notification:1.0" in uri for uri in session.capabilities):
            raise UsageError("it offers no notifications (RFC 5277)")
        session.subscribe()
        with self._lock:
            self.open += 1
        try:
            while not self._stop.is_set() and not self._quiet(stream.device):
                message = session.notification(WAIT_S)
                if message is not None:
                    self._take(stream.device, message)
                elif not session.alive:
                    raise UsageError("the session was lost")
            return ""
        finally:
            with self._lock:
                self.open -= 1

    def _take(self, device: str, message: bytes) -> None:
        try:
            self._heard(device, read(message))
        except ValueError as error:
            self._wrong(device, str(error))
