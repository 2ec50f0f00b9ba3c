"""`Plan` to `Park`: an ordered list of passes, each filling in one aspect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parkops.design.addressing import assign_addresses
from parkops.design.allocate import Allocator, Lock
from parkops.design.cabling import lay_cables
from parkops.design.draft import Draft
from parkops.design.finish import finish
from parkops.design.lock import LockFile, lock_text, parse_lock
from parkops.design.observability import add_targets
from parkops.design.reach import add_expectations
from parkops.design.security import write_rules
from parkops.design.services import add_services
from parkops.design.skeleton import add_devices
from parkops.design.switching import assign_vlans
from parkops.errors import DesignError
from parkops.model import Park
from parkops.plan import LoadedPlan
from parkops.plan.marks import Marks

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


def design(
    loaded: LoadedPlan,
    lock: Mapping[str, Mapping[str, int]],
    lock_marks: Callable[[], Marks] | None = None,
) -> tuple[Park, Lock]:
    """Return the designed park and its allocations; ``lock_marks`` says where the lock's entries stand.

    Raises DesignError with every pool that is used up and every entry that contradicts the plan.
    """
    draft = Draft.of(loaded, Allocator(lock, lock_marks))
    for run in PASSES:
        run(draft)
    problems = draft.allocator.problems()
    if problems:
        raise DesignError(problems)
    return finish(draft), draft.allocator.locked()


__all__ = ["Lock", "LockFile", "design", "lock_text", "parse_lock"]
