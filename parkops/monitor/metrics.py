"""The monitor's figures, and their text for Prometheus (exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from parkops.model import Sample, State, Target

_LABELS = ("target", "device", "probe", "tenant", "zone")
STATES = tuple(State)


class Metrics:
    """Counters and gauges of one monitor; written by its loop, read by the exporter's threads.

    Label text is made once: 10,000 targets are written out in tens of milliseconds, where the general
    collectors of prometheus_client take hundreds.
    """

    def __init__(self) -> None:
        self._labels: list[str] = []
        self._up: list[int | None] = []
        self._rtt_s: list[float | None] = []
        self._lost: list[int] = []
        self._state_s: dict[State, list[float]] = {}
        self._time_s: list[float] = []
        self._state: list[State] = []
        self.opened = self.closed = 0
        self.open_events: dict[str, int] = {"critical": 0, "warning": 0}
        self.lag_s = self.ahead_s = self.last_sample_s = 0.0
        self.rounds = self.samples = self.skipped = self.unwritten = 0

    def watch(self, targets: Sequence[Target]) -> None:
        """Begin with a set of targets; samples name them by their index."""
        count = len(targets)
        self._labels = [_labels(target) for target in targets]
        self._up, self._rtt_s = [None] * count, [None] * count
        self._lost, self._time_s = [0] * count, [0.0] * count
        self._state_s = {state: [0.0] * count for state in STATES}
        self._state = [State.UNKNOWN] * count

    def take(self, index: int, sample: Sample, records: Sequence[Sample]) -> None:
        """Count a sample, and the ``records`` that it led to: what the store keeps, and nothing else."""
        self._up[index] = None if sample.state is State.UNKNOWN else int(sample.state is State.UP)
        self._rtt_s[index] = sample.rtt_s
        self._lost[index] += sample.state is State.DOWN
        self.samples += 1
        self.last_sample_s = sample.time_s
        for record in records:
            if self._time_s[index]:  # a state lasts until the next record
                state_s = self._state_s[self._state[index]]
                state_s[index] += max(0.0, record.time_s - self._time_s[index])
            self._time_s[index], self._state[index] = record.time_s, record.state

    def text(self) -> str:
        """Return everything for a scrape."""
        return "".join(self._families())

    def _families(self) -> Iterator[str]:
        yield _family(
            "parkops_probe_up", "gauge",
            "Whether the last probe succeeded; no sample where the probe could not be carried out.",
            self._series("parkops_probe_up", self._up),
        )  # fmt: skip
        yield _family(
            "parkops_probe_rtt_seconds", "gauge", "Round trip of the last probe that succeeded.",
            self._series("parkops_probe_rtt_seconds", self._rtt_s),
        )  # fmt: skip
        yield _family(
            "parkops_probe_lost_total", "counter", "Probes that failed, confirmed as an outage or not.",
            self._series("parkops_probe_lost_total", self._lost),
        )  # fmt: skip
        yield _family(
            "parkops_target_state_seconds_total", "counter", "Time that a target has spent in a state.",
            self._state_series(),
        )  # fmt: skip
        yield _family(
            "parkops_events_open", "gauge", "Events that are open.",
            (f'parkops_events_open{{severity="{key}"}} {n}\n' for key, n in sorted(self.open_events.items())),
        )  # fmt: skip
        for name, kind, text, value in self._own():
            yield _family(name, kind, text, (f"{name} {value!r}\n",))

    def _own(self) -> tuple[tuple[str, str, str, float], ...]:
        return (
            ("parkops_events_opened_total", "counter", "Events opened since the start.", self.opened),
            ("parkops_events_closed_total", "counter", "Events closed since the start.", self.closed),
            ("parkops_monitor_lag_seconds", "gauge",
             "By how much the latest probes started late, at most, within the last second.", self.lag_s),
            ("parkops_monitor_rounds_total", "counter",
             "Rounds in which every target was probed.", self.rounds),
            ("parkops_monitor_samples_total", "counter", "Probes that have ended.", self.samples),
            ("parkops_monitor_skipped_total", "counter",
             "Probes not started because the target's previous one was still under way.", self.skipped),
            ("parkops_monitor_targets", "gauge", "Targets that are watched.", len(self._labels)),
            ("parkops_monitor_unwritten_samples", "gauge",
             "Samples that wait to be written to the store.", self.unwritten),
            ("parkops_monitor_clock_ahead_seconds", "gauge",
             "Lead of record time over the wall clock, after that was set back.", self.ahead_s),
            ("parkops_monitor_last_sample_timestamp_seconds", "gauge",
             "Unix time of the latest sample.", self.last_sample_s),
        )  # fmt: skip

    def _series(self, name: str, values: Sequence[float | None]) -> Iterator[str]:
        for labels, value in zip(self._labels, values, strict=True):
            if value is not None:
                yield f"{name}{{{labels}}} {value!r}\n"

    def _state_series(self) -> Iterator[str]:
        name = "parkops_target_state_seconds_total"
        for state, seconds in self._state_s.items():
            for labels, value in zip(self._labels, seconds, strict=True):
                yield f'{name}{{{labels},state="{state.value}"}} {value!r}\n'


def _family(name: str, kind: str, text: str, lines: Iterable[str]) -> str:
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n{''.join(lines)}"


def _labels(target: Target) -> str:
    values = (target.id, target.device, target.probe, target.tenant, target.zone)
    return ",".join(f'{name}="{_escape(value)}"' for name, value in zip(_LABELS, values, strict=True))


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
