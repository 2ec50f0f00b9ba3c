"""Watches the park: probes and their schedule, state intervals and events, figures for Prometheus."""

from parkops.monitor.delivery import Deliverer
from parkops.monitor.discovery import pages
from parkops.monitor.exporter import Exporter, Pages
from parkops.monitor.metrics import Metrics
from parkops.monitor.remote import RemoteWriter
from parkops.monitor.run import MonitorThread, run, running_pid
from parkops.monitor.signals import Signals
from parkops.monitor.watch import Hooks, Summary, prepare, watch

__all__ = [
    "Deliverer",
    "Exporter",
    "Hooks",
    "Metrics",
    "MonitorThread",
    "Pages",
    "RemoteWriter",
    "Signals",
    "Summary",
    "pages",
    "prepare",
    "run",
    "running_pid",
    "watch",
]
