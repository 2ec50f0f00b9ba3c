"""What measurements come to: availability, latency, loss, objectives, utilisation and coverage of a park."""

from parkops.figures.compute import NOTHING, Source, compute
from parkops.figures.groups import KINDS
from parkops.figures.when import when

__all__ = ["KINDS", "NOTHING", "Source", "compute", "when"]
