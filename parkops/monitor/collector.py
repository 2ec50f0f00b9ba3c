"""The monitor's figures as metrics of prometheus_client: its own few, and all of them for any registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from parkops.model import State, Target

if TYPE_CHECKING:
    from parkops.monitor.metrics import Metrics

_LABELS = ("target", "device", "probe", "tenant", "zone")


class _Own(Collector):
    """What the monitor tells of itself."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Yield it."""
        yield from own_families(self._metrics)


def own_registry(metrics: Metrics) -> CollectorRegistry:
    """Return a registry of this process, its Python, and the monitor's own figures."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_Own(metrics))
    return registry


def expose(registry: CollectorRegistry, openmetrics: bool) -> str:
    """Return a registry as text."""
    from prometheus_client import exposition
    from prometheus_client.openmetrics import exposition as new

    write: Callable[[CollectorRegistry], bytes] = (
        new.generate_latest if openmetrics else exposition.generate_latest
    )
    return write(registry).decode()


def own_families(metrics: Metrics) -> Iterator[Metric]:
    """Yield the figures of the monitor itself."""
    opened = GaugeMetricFamily("parkops_events_open", "Events that are open.", labels=["severity"])
    for severity, count in sorted(metrics.open_events.items()):
        opened.add_metric([severity], count)
    yield opened
    heard = CounterMetricFamily(
        "parkops_messages", "Messages of listeners, by where they came from and what became of them.",
        labels=["origin", "outcome"],
    )  # fmt: skip
    for (origin, outcome), count in sorted(dict(metrics.heard).items()):
        heard.add_metric([origin, outcome], count)
    yield heard
    for name, text, value in _counters(metrics):
        yield CounterMetricFamily(name, text, value=value)
    for name, text, value in _gauges(metrics):
        yield GaugeMetricFamily(name, text, value=value)


def _counters(metrics: Metrics) -> tuple[tuple[str, str, float], ...]:
    vitals = metrics.vitals
    return (
        ("parkops_events_opened", "Events opened since the start.", metrics.opened),
        ("parkops_events_closed", "Events that ended since the start.", metrics.closed),
        (
            "parkops_monitor_rounds",
            "Rounds that are over, each as long as the shortest interval.",
            metrics.rounds,
        ),
        ("parkops_monitor_samples", "Probes that have ended.", metrics.samples),
        ("parkops_monitor_skipped", "Probes left out, because the one before was not over.", metrics.skipped),
        ("parkops_monitor_gaps", "Times that the monitor stood still or did not run.", vitals.gaps),
        ("parkops_monitor_gap_seconds", "How long that was in all.", vitals.gap_s),
        ("parkops_remote_write_sent", "Samples that remote_write has delivered.", metrics.remote_sent),
        ("parkops_remote_write_lost", "Samples that remote_write gave up.", metrics.remote_lost),
    )


def _gauges(metrics: Metrics) -> tuple[tuple[str, str, float], ...]:
    return (
        ("parkops_monitor_lag_seconds",
         "By how much the latest probes started late, at most, within the last second.", metrics.lag_s),
        ("parkops_monitor_targets", "Targets that are watched.", sum(metrics.counts.values())),
        ("parkops_monitor_unwritten_samples", "Samples that wait to be written to the store.",
         metrics.unwritten),
        ("parkops_monitor_clock_ahead_seconds",
         "Lead of record time over the wall clock, after that was set back.", metrics.ahead_s),
        ("parkops_monitor_last_sample_timestamp_seconds", "Unix time of the latest sample.",
         metrics.last_sample_s),
        ("parkops_remote_write_waiting_samples", "Samples that wait for remote_write.",
         metrics.remote_waiting),
    )  # fmt: skip


def target_families(
    targets: Sequence[Target],
    up: Sequence[int | None],
    rtt_s: Sequence[float | None],
    lost: Sequence[int],
    state_s: Mapping[State, Sequence[float]],
    values: Mapping[str, dict[tuple[int, str], float]],
) -> Iterator[Metric]:
    """Yield the figures of targets."""
    from parkops.monitor.metrics import VALUE_HELP, grouped

    names = [[t.id, t.device, t.probe, t.tenant, t.zone] for t in targets]
    up_of = GaugeMetricFamily(
        "parkops_probe_up",
        "Whether the last probe succeeded; no sample where the probe could not be carried out.",
        labels=_LABELS,
    )
    rtt_of = GaugeMetricFamily(
        "parkops_probe_rtt_seconds", "Round trip of the last probe that succeeded.", labels=_LABELS
    )
    lost_of = CounterMetricFamily(
        "parkops_probe_lost", "Probes that failed, confirmed as an outage or not.", labels=_LABELS
    )
    for metric, found in ((up_of, up), (rtt_of, rtt_s), (lost_of, lost)):
        for label, value in zip(names, found, strict=True):
            if value is not None:
                metric.add_metric(label, value)
        yield metric
    spent = CounterMetricFamily(
        "parkops_target_state_seconds", "Time that a target has spent in a state.", labels=(*_LABELS, "state")
    )
    for state, seconds in state_s.items():
        for label, value in zip(names, seconds, strict=True):
            spent.add_metric([*label, state.value], value)
    yield spent
    for name, series in grouped(values).items():
        make = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
        measured = make(name.removesuffix("_total"), VALUE_HELP, labels=(*_LABELS, "item"))
        for (index, detail), number in sorted(series.items()):
            measured.add_metric([*names[index], detail], number)
        yield measured
