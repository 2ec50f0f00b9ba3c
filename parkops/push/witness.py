"""What devices say about who changed them: asked afterwards, or told as it happens (RFC 5277, RFC 6470)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parkops.errors import DeviceError
from parkops.model import Device
from parkops.platforms import load_platform
from parkops.push.drift import Changed, told
from parkops.push.vendor_dialects import dialect
from parkops.push.vendors import driver_name, language
from parkops.transport.cli import CliSession
from parkops.transport.login import Login
from parkops.transport.netconf import NetconfSession

LINES = 5  # of a device's own log of changes
TURN_S = 1.0  # how often a listener looks whether it shall end
BACK_OFF_S = 15.0


def who_changed(device: Device, login: Login, dirs: Sequence[Path] = ()) -> str:
    """Return the last lines of a device's own record of changes, "" where it keeps none or does not say."""
    if driver_name(load_platform(device.platform, dirs), device) != "vendor-cli":
        return ""
    speech = dialect(language(device.platform, dirs))
    if not speech.who:
        return ""
    try:
        with CliSession(device.name, device.management_address, login, speech.talk) as cli:
            lines = [line.rstrip() for line in cli.tell(speech.who).splitlines() if line.strip()]
    except DeviceError:
        return ""  # an older version, or a user who may not see it
    return "\n".join(lines[-LINES:])


@dataclass(slots=True)
class Listeners:
    """Subscriptions to the devices that announce their changes; a line that breaks is taken up again."""

    login: Login
    dirs: tuple[Path, ...] = ()  # folders of the user's own platforms
    heard: queue.SimpleQueue[tuple[str, Changed]] = field(default_factory=queue.SimpleQueue)
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, devices: Sequence[Device]) -> None:
        """Subscribe to each device that speaks NETCONF."""
        for device in devices:
            if driver_name(load_platform(device.platform, self.dirs), device) in (
                "netconf",
                "vendor-netconf",
            ):
                thread = threading.Thread(target=self._listen, args=(device,), daemon=True)
                thread.start()
                self._threads.append(thread)

    def stop(self) -> None:
        """End all subscriptions."""
        self._ended.set()
        for thread in self._threads:
            thread.join(self.login.rpc_timeout_s)

    def _listen(self, device: Device) -> None:
        while not self._ended.is_set():
            try:
                with NetconfSession(device.name, device.management_address, self.login) as session:
                    if not session.has("notification:1.0"):
                        return  # polling has to do
                    session.subscribe()
                    self._hear(device, session)
            except DeviceError:
                self._ended.wait(BACK_OFF_S)

    def _hear(self, device: Device, session: NetconfSession) -> None:
        while not self._ended.is_set():
            message = session.notification(TURN_S)
            change = told(message) if message is not None else None
            if change is not None:
                self.heard.put((device.name, change))
