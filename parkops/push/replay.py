"""Read a transaction's story back from the journal: how far each device has come, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from parkops.push.chain import Entry


class Stage(StrEnum):
    """How far a device has come; each is journalled before what it names is done."""

    UNTOUCHED = "untouched"
    PREPARED = "prepared"  # locked, edited in the candidate
    PENDING = "pending"  # the commit was begun: in force, half in force or not, and not confirmed
    CONFIRMING = "confirming"  # the confirm was begun: either way
    CONFIRMED = "confirmed"  # the new configuration, for good
    CANCELLING = "cancelling"  # going back was begun
    OLD = "old"  # back at the snapshot, as read from the device


class Ending(StrEnum):
    """How a transaction ended; OPEN while it runs, or when it was cut off."""

    OPEN = "open"
    COMMITTED = "committed"  # every device runs the new configuration
    UNCHANGED = "unchanged"  # every device ran it already
    REFUSED = "refused"  # nothing was touched
    ROLLED_BACK = "rolled back"  # every device runs what it ran before
    GIVEN_UP = "given up"  # its last lock was broken by name


STAGES = {  # journalled step -> the stage that a device is in from then on
    "prepare": Stage.PREPARED,
    "commit": Stage.PENDING,
    "confirm": Stage.CONFIRMING,
    "confirmed": Stage.CONFIRMED,
    "cancel": Stage.CANCELLING,
    "cancelled": Stage.OLD,
}


@dataclass(slots=True)
class DeviceRecord:
    """One device of a transaction as journalled; texts are digests into the journal."""

    name: str
    driver: str = ""
    stage: Stage = Stage.UNTOUCHED
    wave: int = 0  # from 1; 0 when nothing was to be changed on it
    token: str = ""
    timeout_s: int = 0
    guarantee: str = ""
    message: str = ""  # the last thing that went wrong
    texts: dict[str, str] = field(default_factory=dict)  # "diff", "snapshot", "target"
    sessions: tuple[str, ...] = ()  # NETCONF sessions that have locked it


@dataclass(slots=True)
class TransactionRecord:
    """One transaction as journalled; times are Unix times, None while it is open."""

    id: str
    who: str = ""
    begun_s: float = 0.0
    kind: str = "push"  # push | rollback
    of: str = ""  # the transaction that a rollback takes back
    plan_digest: str = ""
    baseline: str = ""  # digest of what the health gate saw before
    going_back: bool = False
    ending: Ending = Ending.OPEN
    reason: str = ""
    ended_s: float | None = None
    devices: dict[str, DeviceRecord] = field(default_factory=dict)
    resumed: bool = False  # it was cut off, and another process went on

    @property
    def cut_off(self) -> bool:
        """Whether a process of it has died, or may have."""
        return self.resumed or self.ending in (Ending.OPEN, Ending.GIVEN_UP)

    @property
    def changed(self) -> tuple[DeviceRecord, ...]:
        """The devices that it was to change, by wave and name."""
        planned = [device for device in self.devices.values() if device.wave]
        return tuple(sorted(planned, key=lambda device: (device.wave, device.name)))


def replay(entries: Iterable[Entry]) -> tuple[TransactionRecord, ...]:
    """Fold entries into transactions, oldest first."""
    records: dict[str, TransactionRecord] = {}
    for entry in entries:
        if entry.tx:
            record = records.setdefault(entry.tx, TransactionRecord(entry.tx))
            _take_device(record, entry) if entry.device else _take_whole(record, entry)
    return tuple(records.values())


def _take_whole(record: TransactionRecord, entry: Entry) -> None:
    match entry.step:
        case "begin":
            record.who, record.begun_s = entry.who, entry.time_s
            record.kind, record.of = _text(entry.data, "kind"), _text(entry.data, "of")
            record.plan_digest = _text(entry.data, "plan")
            names = entry.data.get("devices")
            record.devices = {name: DeviceRecord(name) for name in (names if isinstance(names, list) else [])}
        case "waves":
            waves = entry.data.get("waves")
            for number, wave in enumerate(waves if isinstance(waves, list) else [], start=1):
                for name in wave:
                    _device(record, name).wave = number
        case "baseline":
            record.baseline = entry.texts.get("baseline", "")
        case "resume":
            record.resumed = True
        case "rollback":
            record.going_back, record.reason = True, entry.detail
        case "end":
            record.ending, record.ended_s = Ending(_text(entry.data, "ending")), entry.time_s
            record.reason = entry.detail or record.reason


def _take_device(record: TransactionRecord, entry: Entry) -> None:
    device = _device(record, entry.device)
    device.stage = STAGES.get(entry.step, device.stage)
    device.texts.update(entry.texts)
    device.driver = _text(entry.data, "driver") or device.driver
    device.guarantee = _text(entry.data, "guarantee") or device.guarantee
    device.token = _text(entry.data, "token") or device.token
    if entry.step == "lock":
        device.sessions += (_text(entry.data, "session"),)
    timeout_s = entry.data.get("timeout_s")
    device.timeout_s = timeout_s if isinstance(timeout_s, int) else device.timeout_s
    if entry.step in ("failed", "doubt"):
        device.message = entry.detail


def _device(record: TransactionRecord, name: str) -> DeviceRecord:
    return record.devices.setdefault(name, DeviceRecord(name))


def _text(data: Mapping[str, object], name: str) -> str:
    return str(data.get(name, ""))
