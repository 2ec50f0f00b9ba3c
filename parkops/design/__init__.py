"""`Plan` to `Park`: an ordered list of passes, each filling in one aspect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parkops.design.addressing import assign_addresses
from parkops.design.allocate import Allocator, Lock
from parkops.design.cabling import lay_cables
from parkops.design.draft import Draft
from parkops.design.finish import finish
from parkops.design.observability import add_expectations, add_targets
from parkops.design.security import write_rules
from parkops.design.services import add_services
from parkops.design.skeleton import add_devices
from parkops.design.switching import assign_vlans
from parkops.model import Park
from parkops.plan import LoadedPlan

PASSES: tuple[Callable[[Draft], None], ...] = (
    add_devices,
    lay_cables,
    assign_addresses,
    assign_vlans,
    add_services,
    write_rules,
    add_targets,
    add_expectations,
)


def design(loaded: LoadedPlan, lock: Mapping[str, Mapping[str, int]]) -> tuple[Park, Lock]:
    """Return the designed park and its allocations.

    Raises DesignError when a pool is used up or the lock contradicts the plan.
    """
    draft = Draft.of(loaded, Allocator(lock))
    for run in PASSES:
        run(draft)
    return finish(draft), draft.allocator.locked()


__all__ = ["Lock", "design"]
