"""Controls of every catalogue in one shape: what is asked, of which zones, and what decides it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from parkops.assess import catalogues
from parkops.assess.catalogues import CheckEntry, MlpsRequirement, Own, OwnControl, Requirement, Scope
from parkops.assess.context import Context
from parkops.model import Finding, RequirementResult, Verdict, Zone

GUIDE, MLPS, VALIDITY = "guide", "mlps", "validity"
WHOLE = Scope()
TOP_LEVEL = 3  # the catalogue ends there; a zone of level 4 is asked what level 3 is


@dataclass(frozen=True, slots=True)
class Control:
    """One thing that is asked for, whatever catalogue it stands in."""

    id: str
    catalogue: str
    title_zh: str
    text: str
    domain: str
    aspect: str
    checks: tuple[CheckEntry, ...]
    text_zh: str = ""
    clauses: tuple[str, ...] = ()
    confidence: str = ""
    levels: tuple[int, ...] = ()
    mapped: tuple[str, ...] = ()
    scope: Scope = WHOLE
    note: str = ""

    @property
    def whole(self) -> bool:
        """True where the park as a whole is asked, not some of its zones."""
        return not self.levels and self.scope == WHOLE

    def result(
        self, verdict: Verdict, findings: tuple[Finding, ...], message: str, kinds: tuple[str, ...]
    ) -> RequirementResult:
        """Return what was decided of it; ``kinds`` are those of the evidence that it asks for."""
        return RequirementResult(
            id=self.id,
            title_zh=self.title_zh,
            text=self.text,
            domain=self.domain,
            aspect=self.aspect,
            verdict=verdict,
            findings=findings,
            kinds=kinds,
            message=message,
            text_zh=self.text_zh,
            catalogue=self.catalogue,
            clauses=self.clauses,
            confidence=self.confidence,
            levels=self.levels,
            mapped=self.mapped,
        )


def of_guide(item: Requirement) -> Control:
    """Return a requirement of the guide as a control."""
    return Control(
        item.id,
        GUIDE,
        item.title_zh,
        item.requirement,
        item.domain,
        item.aspect,
        item.checks,
        item.text_zh,
        (item.source_ref,),
        note=item.note,
    )


def of_mlps(item: MlpsRequirement) -> Control:
    """Return an item of GB/T 22239-2019 as a control."""
    return Control(
        item.id,
        MLPS,
        item.title_zh,
        item.requirement,
        item.category,
        item.control_point,
        item.checks,
        item.text_zh,
        tuple(filter(None, (item.clause_l2, item.clause_l3))),
        item.clause_confidence,
        item.levels,
        item.iec62443_3_3,
        item.scope,
        item.note,
    )


def of_own(catalogue: str, item: OwnControl) -> Control:
    """Return a control of a user's catalogue."""
    return Control(
        item.id,
        catalogue,
        item.title_zh,
        item.requirement,
        item.domain,
        item.aspect,
        item.checks,
        item.text_zh,
        (item.source_ref,) if item.source_ref else (),
        item.confidence,
        item.levels,
        item.mapped,
        item.scope,
        item.note,
    )


@cache
def guide() -> tuple[Control, ...]:
    """Return the requirements of the guide."""
    return tuple(map(of_guide, catalogues.requirements()))


@cache
def mlps() -> tuple[Control, ...]:
    """Return the items of GB/T 22239-2019."""
    return tuple(map(of_mlps, catalogues.mlps()))


@cache
def validity() -> tuple[Control, ...]:
    """Return what parkops itself asks of the plan's dated statements."""
    return of_file(catalogues.validity())


def of_file(own: Own) -> tuple[Control, ...]:
    """Return the controls of a user's catalogue file."""
    return tuple(of_own(own.catalogue.id, item) for item in own.controls)


def built_in() -> tuple[Control, ...]:
    """Return all controls that ship with the product."""
    return (*guide(), *mlps(), *validity())


def asked_zones(context: Context, control: Control) -> frozenset[str] | None:
    """Return the zones that a control counts for; None for the park as a whole."""
    if control.whole:
        return None
    radio = context.once("zones with radio", lambda: _radio(context)) if control.scope.wireless else None
    things = context.once("zones with sensors", lambda: _sensing(context)) if control.scope.sensing else None
    return frozenset(
        zone.id
        for zone in context.park.zones
        if _asks(zone, control)
        and (radio is None or zone.id in radio)
        and (things is None or zone.id in things)
    )


def _asks(zone: Zone, control: Control) -> bool:
    if zone.kind == "external":
        return False
    if control.levels and min(zone.mlps_level, TOP_LEVEL) not in control.levels:
        return False
    if control.scope.kinds and zone.kind not in control.scope.kinds:
        return False
    return zone.industrial or not control.scope.industrial


def _radio(context: Context) -> frozenset[str]:
    """Return the zones with Wi-Fi or another radio in a segment, a network or a group."""
    names = {wlan.segment for device in context.park.devices for wlan in device.wlans}
    names |= {group.segment for group in context.park.groups if group.access != "wired"}
    segments = (s for s in context.park.segments if s.id in names or set(s.access) - {"wired"})
    return frozenset(segment.zone for segment in segments)


def _sensing(context: Context) -> frozenset[str]:
    """Return the zones with sensing nodes: things that measure materials or the environment."""
    things = (g for g in context.park.groups if g.element in ("environment", "materials"))
    found: Iterable[str] = (context.segments[g.segment].zone for g in things if g.segment in context.segments)
    return frozenset(found)


def why_not(control: Control) -> str:
    """Tell what no zone of the park has, where a control counts for none."""
    parts = [f"of MLPS level {' or '.join(map(str, control.levels))}"] if control.levels else []
    parts += [f"of kind {' or '.join(control.scope.kinds)}"] if control.scope.kinds else []
    parts += ["with the industrial-control extension"] if control.scope.industrial else []
    parts += ["with radio access"] if control.scope.wireless else []
    parts += ["with sensing nodes"] if control.scope.sensing else []
    return f"no zone {' and '.join(parts)}"
