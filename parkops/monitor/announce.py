"""Decides who is told of an event, and leaves it in the store to be delivered."""

from __future__ import annotations

from parkops.model import Event, EventPolicy
from parkops.store import Delivery, Store

# opened, reopened, worse, flapping, acknowledged, overdue, resolved, closed
WHILE_FLAPPING = ("flapping", "resolved", "closed", "overdue")


def announce(
    store: Store, policy: EventPolicy, event: Event, what: str, time_s: float, wait_s: float = 0.0
) -> None:
    """Queue a message for each receiver that wants the event, to be sent after ``wait_s``.

    Consequences and planned work are told to nobody; whether an event is one may turn out while it waits.
    """
    if not tellable(event) or (event.muted and what not in WHILE_FLAPPING):
        return
    for receiver in policy.receivers:
        if receiver.wants(event.tenant, event.severity):
            store.queue_delivery(Delivery(0, event.id, receiver.id, what, time_s, time_s + wait_s))


def tellable(event: Event) -> bool:
    """Tell whether anybody is to hear of an event."""
    return event.parent is None and not event.muted.startswith("maintenance")
