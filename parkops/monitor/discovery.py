"""What the exporter serves: figures, targets for Prometheus to find, whether the monitor is well."""

from __future__ import annotations

import json
import time
from urllib.parse import urlsplit

from parkops.model import Park
from parkops.monitor.exporter import Pages
from parkops.monitor.metrics import Metrics

SILENT_S = 30.0  # without a sample for so long, and for three intervals, the monitor is not well


def pages(park: Park, metrics: Metrics, url: str) -> Pages:
    """Return the pages of a park's exporter that listens at ``url``."""
    begun_s = time.time()
    listens = urlsplit(url)
    everywhere = listens.hostname in ("0.0.0.0", "::")  # noqa: S104 - nothing is bound here
    limit_s = max(SILENT_S, 3 * max((target.interval_s for target in park.targets), default=0.0))

    def fault() -> str:
        silent_s = time.time() - max(begun_s, metrics.last_sample_s)
        if park.targets and silent_s > limit_s:
            return f"no probe has ended for {silent_s:.0f} s"
        return f"{metrics.unwritten} samples wait for the store" if metrics.unwritten else ""

    def found(host: str) -> str:
        return discovery(park, host if everywhere and host else listens.netloc)

    return Pages(metrics.text, found, fault)


def discovery(park: Park, own: str) -> str:
    """Return the exporters of a park, this one first, in the form of Prometheus's http_sd."""
    groups = [{"targets": [own], "labels": {"job": "parkops"}}]
    for device in park.managed:
        for service in device.services:
            if service.kind == "node_exporter":
                labels = {"device": device.name, "role": device.role.value, "tenant": device.tenant}
                address = f"{device.management_address}:{service.port}"
                groups.append({"targets": [address], "labels": {"job": "node", **labels}})
    return json.dumps(groups, ensure_ascii=False)
