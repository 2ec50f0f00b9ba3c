"""What was heard over an hour and what passed over a minute: signals and flow records, added up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """Signals of one device and name within one hour; times are Unix times of arrival."""

    device: str  # "" when the sender is no device of the park
    name: str
    origin: str
    severity: str  # of the last
    count: int
    first_s: float
    last_s: float
    text: str = ""  # of the last
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """Flow records of one minute between two places of the park; a place is a zone, or "outside"."""

    minute_s: float  # Unix time at which the minute begins
    src: str
    dst: str
    service: str  # "tcp/443", "icmp"
    flow: str  # Flow.id of the plan that allows it, "" where none does
    records: int
    packets: int  # as counted by the exporters; multiplied by the sampling rate where they sample
    octets: int
