"""Events, planned work and what is to be told of both, behind typed reads and writes."""

from __future__ import annotations

from parkops.model import Event, EventStep, Window
from parkops.store import deliveries, events
from parkops.store.base import BaseStore, unix_s
from parkops.store.deliveries import Delivery


class EventStore(BaseStore):
    """Events from detection to closing, maintenance, and the queue of deliveries."""

    # Events

    def open_event(self, target: str, device: str, severity: str, cause: str, opened_s: float) -> Event:
        """Open an outage; a target that has one open keeps that one."""
        return self.add_event(Event(0, target, device, severity, cause, opened_s))

    def add_event(self, event: Event) -> Event:
        """Open an event and return it with its id; what is open of its target and kind stays the one."""
        with self.transaction():
            return events.insert(self._connection, event)

    def acknowledge(self, event_id: int, by: str, note: str = "", time_s: float | None = None) -> Event:
        """Record who has taken an event and its consequences; UsageError when it is unknown or closed."""
        with self.transaction():
            return events.acknowledge(self._connection, event_id, by, note, unix_s(time_s))

    def work_on(self, event_id: int, by: str, note: str = "", time_s: float | None = None) -> Event:
        """Record who works on an event; UsageError when it is unknown or closed."""
        with self.transaction():
            return events.work(self._connection, event_id, by, note, unix_s(time_s))

    def resolve_event(
        self, event_id: int, time_s: float | None = None, note: str = "", by: str = ""
    ) -> Event:
        """Record when what was wrong ended; UsageError when the event is unknown, resolved or closed."""
        with self.transaction():
            return events.resolve(self._connection, event_id, by, note, unix_s(time_s))

    def close_event(self, event_id: int, time_s: float | None = None, note: str = "", by: str = "") -> Event:
        """Close an event; UsageError when it is unknown or closed."""
        with self.transaction():
            return events.close(self._connection, event_id, unix_s(time_s), note, by)

    def reopen_event(self, event: Event, time_s: float, cause: str) -> Event:
        """Go on with an event that came back."""
        with self.transaction():
            return events.reopen(self._connection, event, time_s, cause)

    def note_event(self, event_id: int, note: str, by: str = "", time_s: float | None = None) -> Event:
        """Add a note, to a closed event too; UsageError when it is unknown."""
        with self.transaction():
            events.get(self._connection, event_id)
            events.add_step(self._connection, EventStep(event_id, unix_s(time_s), "note", by, note))
            return events.append_note(self._connection, event_id, note)

    def change_event(self, event_id: int, column: str, value: object, step: EventStep | None = None) -> Event:
        """Set an event's cause, severity, parent, change or muted, with a step for its history."""
        with self.transaction():
            if step is not None:
                events.add_step(self._connection, step)
            return events.change(self._connection, event_id, column, value)

    def add_step(self, step: EventStep) -> None:
        """Add to an event's history."""
        with self.transaction():
            events.add_step(self._connection, step)

    def events(self, open_only: bool = False) -> tuple[Event, ...]:
        """Return events in the order in which they opened; open is what is not closed."""
        return events.read(self._connection, open_only)

    def event(self, event_id: int) -> Event:
        """Return an event; UsageError when there is none of that number."""
        return events.get(self._connection, event_id)

    def consequences(self, event_id: int) -> tuple[Event, ...]:
        """Return what is not closed of an event's consequences."""
        return events.family(self._connection, event_id)[1:]

    def find_event(self, target: str, kind: str = "outage") -> Event | None:
        """Return the event of a target and kind that is not resolved, else the latest one."""
        return events.find(self._connection, target, kind)

    def event_steps(self, event_id: int | None = None) -> tuple[EventStep, ...]:
        """Return the history of an event, or of all events."""
        return events.steps(self._connection, event_id)

    # Planned work, deliveries

    def add_maintenance(self, window: Window) -> Window:
        """Keep a span of planned work; return it with its number."""
        with self.transaction():
            return deliveries.add_window(self._connection, window)

    def end_maintenance(self, number: int, time_s: float | None = None) -> Window:
        """End planned work now; UsageError when there is none of that number, or it is over."""
        with self.transaction():
            return deliveries.end_window(self._connection, number, unix_s(time_s))

    def maintenance(self) -> tuple[Window, ...]:
        """Return planned work that people added; what recurs stands in the plan (``Park.policy``)."""
        return deliveries.windows(self._connection)

    def queue_delivery(self, item: Delivery) -> None:
        """Keep a message until it is delivered."""
        with self.transaction():
            deliveries.put(self._connection, item)

    def due_deliveries(self, time_s: float | None = None, limit: int = 200) -> tuple[Delivery, ...]:
        """Return messages that are due at a Unix time, all that wait for None."""
        return deliveries.due(self._connection, time_s, limit)

    def deliveries_of(self, event_id: int) -> tuple[Delivery, ...]:
        """Return all messages about an event."""
        return deliveries.of_event(self._connection, event_id)

    def settle_delivery(self, number: int, time_s: float | None = None, error: str = "") -> None:
        """Take a message off the queue; with an error, it was given up."""
        with self.transaction():
            deliveries.settle(self._connection, number, unix_s(time_s), error)

    def put_off_delivery(self, number: int, due_s: float, error: str, *, tried: bool = True) -> None:
        """Try a message again at a Unix time; ``tried`` counts as an attempt."""
        with self.transaction():
            deliveries.put_off(self._connection, number, due_s, error, tried)
