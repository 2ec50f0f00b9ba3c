"""The monitor's figures: written by its loop, read by the exporter's threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from parkops.model import Sample, State, Target, Vitals
from parkops.monitor.exposition import Family, family, labels, openmetrics_end, write

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry

STATES = tuple(State)
_LABELS = ("target", "device", "probe", "tenant", "zone")
VALUE_HELP = "A value that the last probe measured."
_TAKEN = frozenset({"parkops_probe_up", "parkops_probe_rtt_seconds", "parkops_probe_lost_total"})
_UNITS = {  # ending of a measured value -> ending of the metric, factor
    "_s": ("_seconds", 1.0),
    "_ms": ("_seconds", 1e-3),
    "_percent": ("_ratio", 1e-2),
    "_c": ("_celsius", 1.0),
    "_mb": ("_bytes", 1e6),
}


class Metrics:
    """Counters and gauges of one monitor, by index of its targets.

    The series of targets are written as text from prepared beginnings, which costs a small part of what
    prometheus_client's general collectors do; ``collect`` gives the same to any registry of that package.
    """

    def __init__(self) -> None:
        self._targets: Sequence[Target] = ()
        self._labels: list[str] = []
        self._up: list[int | None] = []
        self._rtt_s: list[float | None] = []
        self._lost: list[int] = []
        self._state_s: dict[State, list[float]] = {state: [] for state in STATES}
        self._time_s: list[float] = []
        self._state: list[State] = []
        self._values: dict[str, dict[tuple[int, str], float]] = {}
        self._measured: dict[int, tuple[tuple[str, str], ...]] = {}  # what each target's last probe measured
        self._prefixes: dict[str, list[str]] = {}
        self._registry: CollectorRegistry | None = None
        self.opened = self.closed = 0
        self.open_events: dict[str, int] = {"critical": 0, "warning": 0}
        self.lag_s = self.ahead_s = self.last_sample_s = 0.0
        self.rounds = self.samples = self.skipped = self.unwritten = 0
        self.remote_sent = self.remote_lost = self.remote_waiting = 0
        self.vitals = Vitals(0.0, 0.0)
        self.heard: Mapping[tuple[str, str], int] = {}  # messages of listeners by (origin, outcome)

    def watch(self, targets: Sequence[Target]) -> None:
        """Begin with a set of targets; samples name them by their index."""
        count = len(targets)
        self._targets = tuple(targets)
        self._labels = [labels(zip(_LABELS, _named(target), strict=True)) for target in targets]
        self._up, self._rtt_s = [None] * count, [None] * count
        self._lost, self._time_s = [0] * count, [0.0] * count
        self._state_s = {state: [0.0] * count for state in STATES}
        self._state = [State.UNKNOWN] * count
        self._values, self._prefixes, self._measured = {}, {}, {}
        self._up_s = self._state_s[State.UP]

    def good(self, index: int, time_s: float, rtt_s: float) -> None:
        """Count an answer of a target that was up and stays so."""
        self._up[index] = 1
        self._rtt_s[index] = rtt_s
        self.samples += 1
        self.last_sample_s = time_s
        last_s = self._time_s[index]
        if time_s > last_s:
            if last_s:
                self._up_s[index] += time_s - last_s
            self._time_s[index] = time_s
        self._state[index] = State.UP

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
        if sample.values or index in self._measured:
            self._measure(index, sample.values)

    def _measure(self, index: int, values: Sequence[tuple[str, float]]) -> None:
        """Keep what a target's last probe measured; what it did not measure any more ends."""
        keys = []
        for name, value in values:
            kind, _, detail = name.partition("[")
            key = kind, detail.removesuffix("]")
            keys.append(key)
            self._values.setdefault(kind, {})[index, key[1]] = value
        for kind, detail in set(self._measured.pop(index, ())).difference(keys):
            del self._values[kind][index, detail]
        if keys:
            self._measured[index] = tuple(keys)

    @property
    def counts(self) -> Mapping[State, int]:
        """How many targets the last probe found in each state; ``unknown`` has those not probed yet."""
        up, down = self._up.count(1), self._up.count(0)
        return {State.UP: up, State.DOWN: down, State.UNKNOWN: len(self._up) - up - down}

    # Text for a scrape

    def text(self, openmetrics: bool = False) -> str:
        """Return everything for a scrape, in Prometheus's format 0.0.4 or as OpenMetrics 1.0."""
        parts = [write(item, openmetrics) for item in self._families()]
        parts.append(self._own_text(openmetrics))
        return "".join(parts) + (openmetrics_end() if openmetrics else "")

    def _families(self) -> Iterator[Family]:
        yield family(
            "parkops_probe_up", "gauge",
            "Whether the last probe succeeded; no sample where the probe could not be carried out.",
            self._lines("parkops_probe_up", self._up),
        )  # fmt: skip
        yield family(
            "parkops_probe_rtt_seconds", "gauge", "Round trip of the last probe that succeeded.",
            self._lines("parkops_probe_rtt_seconds", self._rtt_s),
        )  # fmt: skip
        yield family(
            "parkops_probe_lost_total", "counter", "Probes that failed, confirmed as an outage or not.",
            self._lines("parkops_probe_lost_total", self._lost),
        )  # fmt: skip
        name = "parkops_target_state_seconds_total"
        lines = [line for state in STATES for line in self._lines(name, self._state_s[state], state.value)]
        yield family(name, "counter", "Time that a target has spent in a state.", lines)
        for name, series in grouped(self._values).items():
            yield self._value_family(name, series)

    def _lines(self, name: str, values: Sequence[float | None], state: str = "") -> list[str]:
        key = f"{name}/{state}"
        prefixes = self._prefixes.get(key)
        if prefixes is None:
            more = f',state="{state}"' if state else ""
            prefixes = self._prefixes[key] = [f"{name}{{{text}{more}}} " for text in self._labels]
        return [
            f"{prefix}{value!r}\n"
            for prefix, value in zip(prefixes, values, strict=True)
            if value is not None
        ]

    def _value_family(self, name: str, series: Mapping[tuple[int, str], float]) -> Family:
        lines = []
        for (index, detail), value in sorted(series.items()):
            more = "," + labels((("item", detail),)) if detail else ""
            lines.append(f"{name}{{{self._labels[index]}{more}}} {value!r}\n")
        return family(name, "counter" if name.endswith("_total") else "gauge", VALUE_HELP, lines)

    def _own_text(self, openmetrics: bool) -> str:
        """Write what prometheus_client knows of this process, and our own few figures."""
        from parkops.monitor.collector import expose

        return expose(self._own_registry(), openmetrics).removesuffix(openmetrics_end())

    def _own_registry(self) -> CollectorRegistry:
        if self._registry is None:
            from parkops.monitor.collector import own_registry

            self._registry = own_registry(self)
        return self._registry

    # prometheus_client's protocol of collectors

    def collect(self) -> Iterator[Metric]:
        """Yield everything as metrics of prometheus_client: ``registry.register(metrics)``."""
        from parkops.monitor.collector import own_families, target_families

        yield from target_families(
            self._targets, self._up, self._rtt_s, self._lost, self._state_s, self._values
        )
        yield from own_families(self)

    def describe(self) -> list[Metric]:
        """Say nothing beforehand: the values that probes measure are not known yet."""
        return []


def _named(target: Target) -> tuple[str, ...]:
    return target.id, target.device, target.probe, target.tenant, target.zone


def grouped(
    values: Mapping[str, dict[tuple[int, str], float]],
) -> dict[str, dict[tuple[int, str], float]]:
    """Return measured values by the metric's name, in base units, by index and what they are of."""
    found: dict[str, dict[tuple[int, str], float]] = {}
    for kind in sorted(values):
        name, factor = value_name(kind)
        series = found.setdefault(name, {})
        series.update({key: value * factor for key, value in values[kind].copy().items()})
    return {name: series for name, series in sorted(found.items()) if series}


def value_name(kind: str) -> tuple[str, float]:
    """Return the metric's name for a measured value, in base units, and the factor that leads there."""
    counter = "_total" if kind.endswith("_total") else ""
    stem, factor = kind.removesuffix("_total"), 1.0
    for ending, (words, ratio) in _UNITS.items():
        if stem.endswith(ending):
            stem, factor = f"{stem.removesuffix(ending)}{words}", ratio
            break
    name = f"parkops_probe_{stem}{counter}"
    return (f"parkops_probe_measured_{stem}{counter}" if name in _TAKEN else name), factor
