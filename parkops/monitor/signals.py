"""Where traps, log lines, notifications and alerts wait until the monitor's loop takes them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from parkops.model import Park, Signal
from parkops.monitor import alerts

AT_ONCE = 1_000
MOST = 100_000  # waiting; of more, the oldest are dropped, and counted


class Signals:
    """A queue that any thread may fill, and the recorder empties."""

    def __init__(self) -> None:
        self._waiting: deque[Signal] = deque(maxlen=MOST)
        self.received = 0
        self.dropped = 0

    def put(self, signal: Signal) -> None:
        """Leave a signal."""
        self.received += 1
        self.dropped += len(self._waiting) == MOST
        self._waiting.append(signal)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def drain(self, most: int = AT_ONCE) -> Iterator[Signal]:
        """Take what waits, the oldest first; so many at once that probes do not wait for long."""
        while self._waiting and most > 0:
            most -= 1
            yield self._waiting.popleft()

    def take_alerts(self, park: Park, body: bytes) -> int:
        """Leave what an Alertmanager has posted; return how many alerts there were. UsageError if none."""
        devices = {device.management_address: device.name for device in park.managed}
        found = list(alerts.signals(body, time.time(), lambda address: devices.get(address, "")))
        for signal in found:
            self.put(signal)
        return len(found)
