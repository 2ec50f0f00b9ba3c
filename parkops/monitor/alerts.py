"""Reads what an Alertmanager posts (webhook, version 4), as signals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from parkops.errors import UsageError
from parkops.model import Signal
from parkops.monitor.senders import ORIGIN

ALERT = "alert"  # Signal.origin
PLACES = ("target", "interface", "service", "objective", "pair", "ring", "mountpoint", "instance")
SEVERITIES = {"critical": "critical", "page": "critical", "error": "critical", "info": "info", "none": "info"}


def signals(body: bytes, now_s: float, device_of: Callable[[str], str]) -> Iterator[Signal]:
    """Yield a signal for each alert; UsageError where the body is no such message.

    ``device_of`` finds the device of an address. Alerts that this program itself has told are left out.
    """
    try:
        document = json.loads(body)
        alerts = document["alerts"]
        if str(document.get("version")) != "4" or not isinstance(alerts, list):
            raise ValueError("expected version 4 with a list of alerts")
        for alert in alerts:
            labels = {str(key): str(value) for key, value in alert["labels"].items()}
            if labels.get("origin") != ORIGIN:
                yield _signal(labels, alert, now_s, device_of)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = "point an Alertmanager's webhook_configs here"
        raise UsageError(f"no message of an Alertmanager: {error}", hint=hint) from error


def _signal(
    labels: dict[str, str], alert: dict[str, Any], now_s: float, device_of: Callable[[str], str]
) -> Signal:
    name = labels["alertname"]
    place = next((labels[key] for key in PLACES if labels.get(key)), "")
    notes = alert.get("annotations") or {}
    device = labels.get("device") or device_of(labels.get("instance", "").rpartition(":")[0].strip("[]"))
    return Signal(
        now_s,
        ALERT,
        device,
        f"{name}:{place}" if place else name,
        SEVERITIES.get(labels.get("severity", ""), "warning"),
        " ".join(str(notes.get("summary") or notes.get("description") or name).split()),  # one line
        alert.get("status") == "resolved",
    )
