"""What works, but not well: loss and latency beyond objectives, measured values beyond thresholds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from parkops.model import THRESHOLDS, Event, EventPolicy, Latency, Sample, State, Target, Threshold
from parkops.monitor.facts import Broke, Mended

WINDOW = 64  # probes that loss is counted over
LEAST_LOST = 3  # fewer are chance
LEAST_SEEN = 20
CLEAN = 48  # good probes in a row end a loss
LOSS_PERCENT = 3.0  # where no objective says otherwise
LATENCIES = 20  # round trips that are looked at
LEAST_SLOW = 5  # of them: one slow answer is no slow line
_CLEAN_BITS, _WINDOW_BITS = (1 << CLEAN) - 1, (1 << WINDOW) - 1


def thresholds(policy: EventPolicy) -> dict[str, Threshold]:
    """Return the thresholds by value, with the plan's limits."""
    found = dict(THRESHOLDS)
    for value, warning, critical in policy.thresholds:
        if value in found:
            found[value] = replace(found[value], warning=warning, critical=critical)
    return found


class Performance:
    """Looks at every sample; a target's losses cost it one integer, its round trips a short queue."""

    def __init__(
        self, targets: Sequence[Target], policy: EventPolicy, objectives: Mapping[str, Latency]
    ) -> None:
        self._targets, self._thresholds = targets, thresholds(policy)
        self._objectives = [objectives.get(target.id) for target in targets]
        self._lost, self._seen = [0] * len(targets), [0] * len(targets)
        self._rtts = {
            index: deque[float](maxlen=LATENCIES)
            for index, objective in enumerate(self._objectives)
            if objective and objective.latency_ms
        }
        self._broken: dict[tuple[int, str], str] = {}  # target, kind -> severity
        self._doubtful: set[tuple[int, str]] = set()

    def go_on(self, events: Iterable[Event]) -> None:
        """Take over what is open, so that it can end."""
        index = {target.id: number for number, target in enumerate(self._targets)}
        for event in events:
            if event.kind not in ("outage", "signal") and event.target in index:
                self._broken[index[event.target], event.kind] = event.severity

    def good(self, index: int) -> bool:
        """Take a good answer where there is nothing to say; False when ``take`` must look."""
        if self._lost[index] or index in self._rtts or self._broken:
            return False
        if self._seen[index] < WINDOW:
            self._seen[index] += 1
        return True

    def take(self, index: int, sample: Sample, down: bool) -> list[Broke | Mended]:
        """Take a target's next sample; ``down`` while an outage goes on, which explains what is lost."""
        if sample.state is State.UNKNOWN:
            return []
        found: list[Broke | Mended] = []
        target = self._targets[index]
        if down:
            while self._lost[index] & 1:  # the outage's own first losses
                self._lost[index] >>= 1
                self._seen[index] -= 1
        elif target.param("expect") != "blocked":
            bad = sample.state is State.DOWN
            self._lost[index] = (self._lost[index] << 1 | bad) & _WINDOW_BITS
            self._seen[index] = min(WINDOW, self._seen[index] + 1)
            if self._lost[index] or (index, "loss") in self._broken:
                found += self._loss(index, sample)
        if index in self._rtts and sample.rtt_s is not None:
            self._rtts[index].append(sample.rtt_s)
            found += self._latency(index, sample)
        if sample.values:
            found += self._values(index, sample)
        return found

    def _loss(self, index: int, sample: Sample) -> Iterator[Broke | Mended]:
        lost, seen, objective = self._lost[index].bit_count(), self._seen[index], self._objectives[index]
        stated = objective is not None and objective.loss_percent > 0
        limit = objective.loss_percent if objective and stated else LOSS_PERCENT
        if (index, "loss") in self._broken:
            if seen >= CLEAN and not self._lost[index] & _CLEAN_BITS:
                yield self._mended(index, "loss", sample)
        elif seen >= LEAST_SEEN and lost >= LEAST_LOST and 100 * lost / seen > limit:
            said = f"the objective is at most {limit:g} %" if stated else "there should be none"
            cause = f"loss of {100 * lost / seen:.0f} %: {lost} of the last {seen} probes; {said}"
            yield from self._broke(index, "loss", "warning", cause, sample)

    def _latency(self, index: int, sample: Sample) -> Iterator[Broke | Mended]:
        rtts, objective = self._rtts[index], self._objectives[index]
        if objective is None or len(rtts) < LATENCIES // 2:
            return
        limit_s = objective.latency_ms / 1000
        if (index, "latency") in self._broken:
            if max(list(rtts)[-LATENCIES // 2 :]) <= limit_s:
                yield self._mended(index, "latency", sample)
            return
        ranked = sorted(rtts)
        p95_s = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
        if p95_s > limit_s and sum(rtt > limit_s for rtt in rtts) >= LEAST_SLOW:
            cause = (
                f"latency of {1000 * p95_s:.0f} ms (95 % of the last {len(rtts)} probes) is above the"
                f" objective {objective.objective} of {objective.latency_ms:g} ms"
            )
            yield from self._broke(index, "latency", "warning", cause, sample)

    def _values(self, index: int, sample: Sample) -> Iterator[Broke | Mended]:
        for name, value in sample.values:
            threshold = self._thresholds.get(name.partition("[")[0])
            if threshold is None:
                continue
            kind = f"value:{name}"
            judged = threshold.judge(value)
            if judged is None:
                self._doubtful.discard((index, kind))
                if (index, kind) in self._broken:
                    yield self._mended(index, kind, sample)
            elif (index, kind) not in self._broken and (index, kind) not in self._doubtful:
                self._doubtful.add((index, kind))  # once may be a slip of the measurement
            else:
                cause = threshold.cause.format(value=value, limit=judged[1])
                place = name.partition("[")[2].rstrip("]")
                yield from self._broke(
                    index, kind, judged[0], f"{place}: {cause}" if place else cause, sample
                )

    def _broke(
        self, index: int, kind: str, severity: str, cause: str, sample: Sample
    ) -> Iterator[Broke | Mended]:
        if self._broken.get((index, kind)) in (severity, "critical"):
            return
        self._broken[index, kind] = severity
        yield Broke(self._targets[index], kind, severity, cause, sample.time_s)

    def _mended(self, index: int, kind: str, sample: Sample) -> Mended:
        del self._broken[index, kind]
        return Mended(self._targets[index], kind, sample.time_s)
