"""Passive listeners: what devices say by themselves, and what flow records tell of the traffic."""

from parkops.monitor.passive.netconf import Stream
from parkops.monitor.passive.service import Listen, Listeners

__all__ = ["Listen", "Listeners", "Stream"]
