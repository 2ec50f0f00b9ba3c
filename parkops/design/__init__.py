"""`Plan` to `Park`: an ordered list of passes, each filling in one aspect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parkops.design.access import protect_ports
from parkops.design.addressing import assign_addresses
from parkops.design.advise import advise
from parkops.design.allocate import Allocator, Lock
from parkops.design.allowances import allow_infrastructure
from parkops.design.cabling import lay_cables
from parkops.design.conduits import group_conduits
from parkops.design.draft import Draft
from parkops.design.edge import place_workloads
from parkops.design.estate import build_cloud, host_services
from parkops.design.exits import lead_out
from parkops.design.finish import finish
from parkops.design.growth import foresee_growth
from parkops.design.identity import check_cables
from parkops.design.lock import LockFile, lock_text, parse_lock
from parkops.design.objectives import set_objectives
from parkops.design.observability import add_targets
from parkops.design.overlay import build_overlay
from parkops.design.pairs import form_pairs
from parkops.design.plane import add_plane
from parkops.design.policy import set_policy
from parkops.design.production import address_production, cable_production
from parkops.design.qos import add_qos
from parkops.design.quarantine import prepare_quarantine
from parkops.design.reach import add_expectations
from parkops.design.remote_access import add_remote_access
from parkops.design.rings import join_rings
from parkops.design.routing import route
from parkops.design.security import write_rules
from parkops.design.services import add_services
from parkops.design.skeleton import add_devices
from parkops.design.switching import assign_vlans
from parkops.design.tsn import schedule_streams
from parkops.design.vantage import add_flow_targets
from parkops.design.wireless import add_wireless
from parkops.errors import DesignError
from parkops.model import Park
from parkops.model.bulk import in_bulk
from parkops.plan import LoadedPlan
from parkops.plan.marks import Marks
from parkops.platforms import Platforms

PASSES: tuple[Callable[[Draft], None], ...] = (
    add_devices,
    lay_cables,
    form_pairs,
    cable_production,
    check_cables,
    assign_addresses,
    address_production,
    route,
    build_overlay,
    lead_out,
    assign_vlans,
    protect_ports,
    add_wireless,
    add_remote_access,
    add_qos,
    join_rings,
    schedule_streams,
    add_services,
    place_workloads,
    build_cloud,
    host_services,
    add_plane,
    write_rules,
    group_conduits,
    prepare_quarantine,
    allow_infrastructure,
    add_targets,
    add_flow_targets,
    set_objectives,
    set_policy,
    add_expectations,
    foresee_growth,
    advise,
)


@in_bulk
def design(
    loaded: LoadedPlan,
    lock: Mapping[str, Mapping[str, int]],
    lock_marks: Callable[[], Marks] | None = None,
    platforms: Platforms | None = None,
) -> tuple[Park, Lock]:
    """Return the designed park and its allocations; ``lock_marks`` says where the lock's entries stand.

    ``platforms`` are the built-in ones and those of installed packages where none are given.

    Raises DesignError with every pool that is used up and every entry that contradicts the plan.
    """
    draft = Draft.of(loaded, Allocator(lock, lock_marks), platforms)
    for run in PASSES:
        run(draft)
    problems = [*draft.problems, *draft.allocator.problems()]
    if problems:
        raise DesignError(problems)
    return finish(draft), draft.allocator.locked()


__all__ = ["Lock", "LockFile", "design", "lock_text", "parse_lock"]
