"""What outlives a run: state intervals, events, reachability, push results, running configurations."""

from parkops.store.deliveries import Delivery
from parkops.store.store import Store

__all__ = ["Delivery", "Store"]
