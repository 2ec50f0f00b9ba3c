"""What the store keeps of samples beside changes of state: how far they reach, rollups, the raw ring."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from parkops.errors import ParkopsError
from parkops.model import HOUR_S, Retention, Sample, State, Target, Vitals
from parkops.monitor.hours import Hours
from parkops.store import Store

log = logging.getLogger("parkops.monitor")

MINUTE_S = 60.0
CHUNK = 2_000  # samples that are written at once, so that no write takes long
MAX_RAW = 200_000  # samples kept while the store cannot be written
_STATES = {State.UP: 0, State.DOWN: 1, State.UNKNOWN: 2}  # places in parkops.store.raw.STATES


class Ledger:
    """Takes every sample; ``write`` belongs into the recorder's transaction, ``keep_house`` is its own."""

    def __init__(
        self, targets: Sequence[Target], store: Store, now_s: float, retention: Retention | None = None
    ) -> None:
        """Go on with the hour that the store holds."""
        self._store, self._retention = store, retention or Retention()
        self._ids = [target.id for target in targets]
        hour_s = now_s // HOUR_S * HOUR_S
        self._hours = Hours(targets, store.rollups(hour_s, hour_s + HOUR_S))
        self._fresh: dict[int, float] = {}
        self._raw: list[tuple[int, float, int, float | None]] = []
        self._raw_s = self._pruned_s = now_s

    def good(self, index: int, time_s: float, rtt_s: float) -> None:
        """Take an answer of a target that was up and stays so."""
        self._fresh[index] = time_s
        self._hours.good(index, time_s, rtt_s)
        self._raw.append((index, time_s, 0, rtt_s))

    def take(self, index: int, sample: Sample) -> Sample | None:
        """Take any other sample; return the last good one before it that is not written yet."""
        self._hours.take(index, sample)
        self._raw.append((index, sample.time_s, _STATES[sample.state], sample.rtt_s))
        time_s = self._fresh.pop(index, None)
        return None if time_s is None else Sample(self._ids[index], time_s, State.UP)

    @property
    def waiting(self) -> int:
        """How many targets were seen since the last ``write``."""
        return len(self._fresh)

    def write(self) -> None:
        """Tell the store how far states reach; ``written`` follows when that is committed."""
        self._store.extend([(self._ids[index], time_s) for index, time_s in self._fresh.items()])

    def written(self) -> None:
        """Forget what ``write`` wrote."""
        self._fresh.clear()

    def keep_house(self, now_s: float, vitals: Vitals) -> None:
        """Write a part of the rollups, the raw samples, how we do; delete what is old."""
        hours = self._hours.some(1.0 / MINUTE_S)
        try:
            with self._store.transaction():
                self._store.save_rollups(hours)
                self._store.save_vitals(vitals)
                if now_s - self._raw_s >= MINUTE_S or len(self._raw) >= CHUNK:
                    self._write_raw()
                    self._raw_s = now_s
                if now_s - self._pruned_s >= HOUR_S:
                    self.prune(now_s)
                    self._pruned_s = now_s
        except ParkopsError as error:
            log.error("%s", error)
            self._hours.put_back(hours, now_s)
            del self._raw[:-MAX_RAW]

    def _write_raw(self) -> None:
        ids = self._ids
        self._store.save_raw([(ids[index], time_s, state, rtt) for index, time_s, state, rtt in self._raw])
        self._raw.clear()

    def prune(self, now_s: float) -> None:
        """Delete what is older than the retention says."""
        kept = self._retention
        events_before_s = now_s - kept.events_s if kept.events_s is not None else None
        self._store.prune(
            now_s - kept.raw_s, now_s - kept.rollups_s, now_s - kept.intervals_s, events_before_s
        )

    def end(self, vitals: Vitals) -> None:
        """Write everything."""
        try:
            with self._store.transaction():
                self._store.save_vitals(vitals)
                self._store.save_rollups(self._hours.all())
                self._write_raw()
        except ParkopsError as error:
            log.error("%s", error)
