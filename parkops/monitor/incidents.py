"""Makes events of what is seen and said: opens, groups, mutes, resolves and closes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from parkops.model import Event, EventPolicy, EventStep, Park, Signal, State, Target
from parkops.model.incident import NO_POLICY, POLICY
from parkops.monitor.announce import announce
from parkops.monitor.cause import SIGNAL, Analyst
from parkops.monitor.damping import Damper
from parkops.monitor.facts import Back, Broke, Fact, Lost, Mended
from parkops.monitor.probes import PROBES
from parkops.monitor.stated import Stated
from parkops.monitor.topology import Topology
from parkops.store import Store

SUSPECTED = "suspected is the cable"
MOST_SUSPECTS = 4  # of more, none is worth its name
ROUNDS = 2.5  # of a cause's and a consequence's probes: they may be seen this far apart

ChangeOf = Callable[[str, float, float], str]  # device, since, until (Unix times) -> id of a push, or ""


class Incidents:
    """Applies facts to the store, inside the caller's transaction; the same fact twice does no harm."""

    def __init__(
        self,
        targets: Sequence[Target],
        store: Store,
        park: Park | None = None,
        change_of: ChangeOf | None = None,
    ) -> None:
        self._store, self._change_of = store, change_of
        self.policy: EventPolicy = park.policy if park else NO_POLICY
        self._targets = {target.id: target for target in targets}
        topology = Topology.of(park) if park else Topology({}, {}, {}, frozenset(), {})
        self._stated = Stated(self.policy, park, targets, store.maintenance)
        interval_s = max((target.interval_s for target in targets), default=0.0)
        self.window_s = max(self.policy.correlation_s, ROUNDS * interval_s)
        self._analyst = Analyst(topology, self._targets, self.window_s)
        self._damper = Damper(self.policy.damping)
        self._held: dict[str, float] = {}  # flapping targets that are up, since when
        self._busy_until_s = 0.0  # until then consequences are looked for
        self._ticks = 0
        self._overdue: dict[int, str] = {}

    def apply(self, fact: Fact) -> list[Event]:
        """Take a fact; return the events that it changed."""
        match fact:
            case Lost():
                return self._lost(fact)
            case Back():
                return self._back(fact)
            case Broke():
                return self._broke(fact)
            case Mended():
                event = self._unresolved(fact.target.id, fact.kind)
                return [self._end(event, fact.time_s)] if event else []
            case Signal():
                return self._signal(fact)

    # What opens and ends

    def _lost(self, fact: Lost) -> list[Event]:
        target = fact.target
        flaps = self._damper.outage(target.id, fact.time_s)
        self._held.pop(target.id, None)
        severity = target.param("severity") or PROBES[target.probe].severity
        return [self._open(target, "outage", severity, fact.cause, fact.time_s, "flapping" if flaps else "")]

    def _broke(self, fact: Broke) -> list[Event]:
        event = self._unresolved(fact.target.id, fact.kind)
        if event is None:
            return [self._open(fact.target, fact.kind, fact.severity, fact.cause, fact.time_s)]
        severity = self._stated.severity(fact.target, fact.kind, fact.severity)
        if event.severity == severity:
            return []
        step = EventStep(event.id, fact.time_s, "worse", note=fact.cause)
        self._store.change_event(event.id, "severity", severity, step)
        event = self._store.change_event(event.id, "cause", fact.cause)
        self._announce(event, "worse", fact.time_s)
        return [event]

    def _open(
        self, target: Target, kind: str, severity: str, cause: str, time_s: float, muted: str = ""
    ) -> Event:
        severity = self._stated.severity(target, kind, severity)
        muted = self._stated.planned(target, time_s) or muted
        old = self._store.find_event(target.id, kind)
        if old is not None and old.resolved_s is None:
            return old
        self._busy_until_s = max(self._busy_until_s, time_s + 2 * self.window_s)
        if old is not None and self._comes_back(old, time_s):
            event = self._store.reopen_event(old, time_s, cause)
            if (muted and not event.muted) or event.muted == "flapping" != muted:
                event = self._mute(event, muted, time_s)
            self._announce(event, "reopened", time_s)
            return event
        deadline = self.policy.deadline(severity)
        event = self._store.add_event(
            Event(
                0, target.id, target.device, severity, cause, time_s, kind=kind, muted=muted,
                tenant=self._stated.tenant(target),
                acknowledge_by_s=time_s + deadline.acknowledge_s if deadline else None,
                resolve_by_s=time_s + deadline.resolve_s if deadline else None,
            )
        )  # fmt: skip
        self._announce(event, "opened", time_s)
        return event

    def _comes_back(self, old: Event, time_s: float) -> bool:
        """Tell whether it is the same event again: what a person has closed is not."""
        if old.resolved_s is None or time_s - old.resolved_s > self.policy.hold_s:
            return False
        return old.closed_s is None or old.closed_by == POLICY

    def _back(self, fact: Back) -> list[Event]:
        event = self._unresolved(fact.target.id, "outage")
        if event is None:
            return []  # somebody closed it by hand
        if self._damper.suppressed(fact.target.id, fact.time_s):
            self._held[fact.target.id] = fact.time_s
            return [] if event.muted else [self._mute(event, "flapping", fact.time_s)]
        return [self._end(event, fact.time_s)]

    def _end(self, event: Event, time_s: float, note: str = "") -> Event:
        """Resolve an event with what only its cause kept open; close it where the policy does."""
        told = "; ".join(filter(None, (note, self._unseen(event, time_s))))
        ended = self._store.resolve_event(event.id, time_s, told)
        for child in self._store.consequences(event.id):
            if child.kind == "signal" and child.resolved_s is None:
                self._close(self._store.resolve_event(child.id, time_s, f"ended with event {event.id}"))
        if self._change_of is not None and not ended.change:
            change = self._change_of(event.device, event.opened_s, time_s)
            if change:
                step = EventStep(event.id, time_s, "linked", note=f"push {change} ended before it was well")
                ended = self._store.change_event(event.id, "change", change, step)
        self._announce(ended, "resolved", time_s)
        self._busy_until_s = max(self._busy_until_s, time_s + 2 * self.window_s)
        return self._close(ended)

    def _close(self, event: Event) -> Event:
        if self.policy.close != "automatic":
            return event
        return self._store.close_event(event.id, event.resolved_s, by=POLICY)

    def _unseen(self, event: Event, until_s: float) -> str:
        """Say how much of an outage nobody watched: the target may have been up in between."""
        if event.kind != "outage":
            return ""
        spans = self._store.intervals(event.target, event.opened_s, until_s)
        unknown_s = sum(
            max(0.0, min(span.end_s, until_s) - max(span.start_s, event.opened_s))
            for span in spans
            if span.state is State.UNKNOWN
        )
        return f"not observed for {unknown_s:.0f} s of it" if unknown_s else ""

    def _signal(self, signal: Signal) -> list[Event]:
        """A critical or warning signal opens an event, unless a probe has seen the same already."""
        name = f"{signal.device or signal.origin}{SIGNAL}{signal.name}"
        target = self._stated.saying(name, signal.origin, signal.device)
        event = self._unresolved(target.id, "signal")
        if signal.clears:
            return [self._end(event, signal.time_s)] if event else []
        if event is not None or signal.severity not in ("critical", "warning"):
            return []
        cause = f"{signal.text or signal.name} ({signal.origin})"
        known = self._known(signal)
        if known is not None:
            self._store.add_step(EventStep(known.id, signal.time_s, "note", signal.origin, cause))
        if known is not None or signal.name.partition(":")[2] in self._targets:
            return []  # what a probe watches is its to tell
        return [self._open(target, "signal", signal.severity, cause, signal.time_s)]

    def _known(self, signal: Signal) -> Event | None:
        """Return the event in which probes have seen what a signal says."""
        _, _, place = signal.name.partition(":")
        if place in self._targets:
            return self._unresolved(place, "outage")
        said = Event(0, f"{signal.device}{SIGNAL}{signal.name}", signal.device, "", "", signal.time_s)
        link = self._analyst.link_of(said)
        if not link:
            return None
        for event in self._store.events(open_only=True):
            if event.resolved_s is None and event.kind == "outage" and self._analyst.link_of(event) == link:
                return event
        return None

    def _unresolved(self, target: str, kind: str) -> Event | None:
        event = self._store.find_event(target, kind)
        return event if event is not None and event.resolved_s is None else None

    # Who is told

    def _mute(self, event: Event, why: str, time_s: float) -> Event:
        step = EventStep(event.id, time_s, "muted" if why else "unmuted", note=why or event.muted)
        event = self._store.change_event(event.id, "muted", why, step)
        if why == "flapping":
            self._announce(event, "flapping", time_s)
        return event

    def _announce(self, event: Event, what: str, time_s: float) -> None:
        wait_s = self.policy.correlation_s if what == "opened" else 0.0
        announce(self._store, self.policy, event, what, time_s, wait_s)

    # What time brings

    def tick(self, now_s: float, alive_s: Mapping[str, float]) -> list[Event]:
        """Look at what is open: causes, calm after flapping, deadlines, the end of planned work."""
        events = [event for event in self._store.events(open_only=True) if event.resolved_s is None]
        if not self._ticks:  # what an earlier monitor left is looked at anew
            self._busy_until_s = max(self._busy_until_s, now_s + 2 * self.window_s)
        self._ticks += 1
        changed = self._calmed(now_s)
        if now_s <= self._busy_until_s:
            changed += self._group(events, now_s, alive_s)
        for event in events:
            if event.muted.startswith("maintenance"):
                changed += self._work_over(event, now_s)
            self._watch_deadline(event, now_s)
        return changed

    def _calmed(self, now_s: float) -> list[Event]:
        calm = [key for key in self._held if not self._damper.suppressed(key, now_s)]
        found = []
        for key in calm:
            event = self._unresolved(key, "outage")
            if event is not None:
                found.append(self._end(event, self._held[key], "flapped"))
        for key in calm:
            del self._held[key]
        return found

    def _group(self, events: Sequence[Event], now_s: float, alive_s: Mapping[str, float]) -> list[Event]:
        changed = []
        numbered = {event.id: event for event in events}
        for number, parent in self._analyst.explain(events, alive_s).items():
            event = numbered[number]
            if event.parent == parent or (parent is None and self._just_ended(event.parent, now_s)):
                continue
            if parent is None:
                step = EventStep(
                    number, now_s, "apart", note=f"it is not, or no longer, of event {event.parent}"
                )
            else:
                step = EventStep(number, now_s, "grouped", note=f"a consequence of event {parent}")
            event = self._store.change_event(number, "parent", parent, step)
            if parent is None:
                self._announce(event, "opened", now_s)
            changed.append(event)
        return changed + self._suspect(events, now_s)

    def _suspect(self, events: Sequence[Event], now_s: float) -> list[Event]:
        """Name the cables that flows in trouble share; at the end of the window, when all of it is seen."""
        changed = []
        bad = {event.target for event in events}
        healthy = [name for name, target in self._targets.items() if target.vantage and name not in bad]
        for event in events:
            target = self._targets.get(event.target)
            ripe = self.window_s <= now_s - event.opened_s and SUSPECTED not in event.cause
            if target is None or not target.vantage or event.parent is not None or not ripe:
                continue
            flows = [event, *(other for other in events if other.parent == event.id)]
            cables = self._analyst.suspects(flows, healthy)
            if 0 < len(cables) <= MOST_SUSPECTS:
                cause = f"{event.cause}; {SUSPECTED} {' or '.join(cables)}"
                step = EventStep(event.id, now_s, "suspected", note=", ".join(cables))
                changed.append(self._store.change_event(event.id, "cause", cause, step))
        return changed

    def _just_ended(self, parent: int | None, now_s: float) -> bool:
        """A consequence is given some rounds to end after its cause."""
        if parent is None:
            return True
        ended_s = self._store.event(parent).resolved_s
        return ended_s is not None and now_s - ended_s <= self.window_s

    def _work_over(self, event: Event, now_s: float) -> list[Event]:
        target = self._targets.get(event.target) or self._stated.saying(event.target, "", event.device)
        if self._stated.window(target, now_s) is not None:
            return []
        event = self._mute(event, "", now_s)
        self._announce(event, "opened", now_s)
        return [event]

    def _watch_deadline(self, event: Event, now_s: float) -> None:
        late = event.overdue(now_s) if event.parent is None else ""
        if not late or self._overdue.get(event.id) == late:
            return
        self._overdue[event.id] = late
        if any(step.step == "overdue" and step.note == late for step in self._store.event_steps(event.id)):
            return  # an earlier monitor has told it
        self._store.add_step(EventStep(event.id, now_s, "overdue", note=late))
        self._announce(event, "overdue", now_s)
