"""Pass: flows between two zones are taken together as a conduit, with the devices that filter it."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import Conduit

Ends = tuple[str, str]


def group_conduits(draft: Draft) -> None:
    """Group the flows by the zones that they join; the plan's conduits give names and levels. After rules."""
    plan, zones = draft.plan, draft.plan.zones
    named: dict[Ends, str] = {_ends(*conduit.zones): name for name, conduit in plan.conduits.items()}
    enforcers: dict[str, set[str]] = {}
    for name, device in draft.devices.items():
        for rule in device.rules:
            if rule.out_interface:
                enforcers.setdefault(rule.flow, set()).add(name)
    flows: dict[Ends, list[str]] = {ends: [] for ends in named}
    for flow in draft.flows:
        ends = _ends(_zone(draft, flow.src), _zone(draft, flow.dst))
        if ends[0] != ends[1]:
            flows.setdefault(ends, []).append(flow.id)
    for ends, found in sorted(flows.items()):
        name = named.get(ends, "--".join(ends))
        stated = plan.conduits.get(name)
        levels = [zones[zone].security_level or 0 for zone in ends if zone in zones]
        draft.conduits.append(
            Conduit(
                name,
                stated.title if stated else "",
                ends,
                tuple(sorted(found)),
                tuple(sorted({device for flow in found for device in enforcers.get(flow, ())})),
                (stated.security_level if stated else None) or max(levels, default=0),
                draft.marks.ref("conduits", name) if stated else draft.marks.ref("flows"),
            )
        )


def _ends(a: str, b: str) -> Ends:
    return (a, b) if a <= b else (b, a)


def _zone(draft: Draft, place: str) -> str:
    return draft.segments[place].zone if place in draft.segments else place
