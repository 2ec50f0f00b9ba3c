"""Delivers what waits in the store: a thread that tries again until a receiver has taken it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from parkops.errors import ParkopsError
from parkops.model import Event, Park, Receiver
from parkops.monitor import senders
from parkops.monitor.announce import tellable
from parkops.monitor.senders import Message, NotDeliveredError, SilentError
from parkops.monitor.words import headline, lost_with
from parkops.store import Delivery, Store

log = logging.getLogger("parkops.monitor")

LOOK_S = 1.0
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 600.0  # between attempts; each is twice the one before
GIVE_UP_S = 3 * 86_400.0
REFRESH_S = 60.0  # open events are told to an Alertmanager again


class Deliverer:
    """Use as a context manager. Its thread keeps the network of the thread that starts it.

    ``secret`` resolves references. What is not delivered when it stops waits in the store for the next one.
    """

    def __init__(self, park: Park, database: Path | str, secret: Callable[[str], str]) -> None:
        self._park, self._database, self._secret = park, database, secret
        self._receivers = {item.id: item for item in park.policy.receivers}
        self._targets = {target.id: target for target in park.targets}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._refreshed_s = 0.0
        self.delivered = self.failed = 0

    def __enter__(self) -> Deliverer:
        if self._receivers:
            self._thread = threading.Thread(target=self._run, name="parkops-delivery", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with Store.open(self._database) as store:
                    while not self._stop.wait(LOOK_S):
                        self.deliver(store, time.time())
            except ParkopsError as error:
                log.error("%s", error)
                self._stop.wait(LOOK_S)

    def deliver(self, store: Store, now_s: float) -> None:
        """Try what is due, once; what fails is put off, each time for longer.

        Of a receiver that is silent one message is tried: the others wait with it, and hold up nobody.
        """
        silent: dict[str, Delivery] = {}
        for item in store.due_deliveries(now_s):
            if self._stop.is_set():
                return
            if item.receiver in silent:
                tried = silent[item.receiver]
                store.put_off_delivery(item.id, tried.due_s, tried.error, tried=False)
                continue
            failed = self._try(store, item, now_s)
            if failed is not None:
                silent[item.receiver] = failed
        if now_s - self._refreshed_s >= REFRESH_S:
            self._refreshed_s = now_s
            self._refresh(store, now_s)

    def _try(self, store: Store, item: Delivery, now_s: float) -> Delivery | None:
        """Send a message; return it with its next attempt if its receiver is silent."""
        event, receiver = store.event(item.event), self._receivers.get(item.receiver)
        if receiver is None:
            store.settle_delivery(item.id, now_s, "the plan has no such receiver any more")
            return None
        if not tellable(event):
            why = f"a consequence of event {event.parent}" if event.parent is not None else event.muted
            store.settle_delivery(item.id, now_s, why)
            return None
        try:
            self._send(receiver, self._message(store, event, item.what, item.id), now_s)
        except (NotDeliveredError, ParkopsError, ValueError) as error:
            self.failed += 1
            log.warning("%s: %s", receiver.id, error)
            due_s = now_s + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(item.attempts, 10))
            if now_s - item.made_s > GIVE_UP_S:
                store.settle_delivery(item.id, now_s, f"given up: {error}")
            else:
                store.put_off_delivery(item.id, due_s, str(error))
            return replace(item, due_s=due_s, error=str(error)) if isinstance(error, SilentError) else None
        self.delivered += 1
        store.settle_delivery(item.id, now_s)
        return None

    def _send(self, receiver: Receiver, message: Message, now_s: float) -> None:
        match receiver.kind:
            case "alertmanager":
                senders.alertmanager(receiver, [message], now_s)
            case "webhook":
                senders.webhook(receiver, message, self._secret)
            case _:
                senders.mail(receiver, message, self._secret)

    def _message(self, store: Store, event: Event, what: str, number: int) -> Message:
        children = store.consequences(event.id)
        return Message(
            number,
            what,
            event,
            headline(event, self._targets.get(event.target)),
            lost_with(children, self._targets),
            self._park.name,
            len(children),
        )

    def _refresh(self, store: Store, now_s: float) -> None:
        """Tell Alertmanagers what is still open; without, they would take it for resolved."""
        told = [r for r in self._receivers.values() if r.kind == "alertmanager"]
        if not told:
            return
        ready_s = now_s - self._park.policy.correlation_s
        events = [e for e in store.events(open_only=True) if tellable(e) and e.opened_s <= ready_s]
        for receiver in told:
            wanted = [event for event in events if receiver.wants(event.tenant, event.severity)]
            try:
                if wanted:
                    messages = [self._message(store, event, "open", 0) for event in wanted]
                    senders.alertmanager(receiver, messages, now_s)
            except NotDeliveredError as error:
                log.warning("%s: %s", receiver.id, error)
