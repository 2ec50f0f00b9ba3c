"""Pass: objects that cut a tenant or a segment off, prepared on the devices that filter, but off."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice
from parkops.model import Quarantine, Role, Segment

STAGES = ("log", "limit", "quarantine", "block")
FIREWALLS = (Role.PARK_FIREWALL, Role.BOUNDARY)


def prepare_quarantine(draft: Draft) -> None:
    """Prepare a quarantine of each tenant on its boundary and on the park firewall; of segments if asked."""
    security = draft.plan.security
    if not security.quarantine:
        return
    by_tenant: dict[str, list[Segment]] = {}
    for _, segment in sorted(draft.segments.items()):
        by_tenant.setdefault(segment.tenant, []).append(segment)
    stages = security.graded_response or STAGES
    for _, device in sorted(draft.devices.items()):
        if device.role not in FIREWALLS:
            continue
        device.need("quarantine", draft.marks.ref("security", "quarantine"))
        tenants = [device.tenant] if device.tenant else sorted(filter(None, by_tenant))
        for tenant in tenants:
            _tenant(draft, device, tenant, by_tenant.get(tenant, []), stages)
        if security.quarantine_segments:
            _segments(draft, device, stages)


def _add(draft: Draft, device: DraftDevice, quarantine: Quarantine) -> None:
    device.quarantines.append(quarantine)
    draft.quarantines.append(quarantine)


def _tenant(
    draft: Draft, device: DraftDevice, tenant: str, segments: list[Segment], stages: tuple[str, ...]
) -> None:
    """Cut a tenant off where its traffic enters the backbone, and again where it leaves for the park."""
    prefixes = tuple(prefix for segment in segments for prefix in (segment.ipv4, segment.ipv6) if prefix)
    _add(
        draft,
        device,
        Quarantine(
            f"{device.name}/{tenant}",
            tenant,
            "tenant",
            f"quarantine-{tenant}",
            tuple(draft.uplinks(device)),
            prefixes,
            stages=stages,
            source=draft.marks.ref("security", "quarantine"),
        ),
    )


def _segments(draft: Draft, device: DraftDevice, stages: tuple[str, ...]) -> None:
    for port in device.ports_by_number():
        segment = draft.segments.get(port.segment)
        if segment is not None:
            _add(
                draft,
                device,
                Quarantine(
                    f"{device.name}/{segment.id}",
                    segment.tenant,
                    "segment",
                    f"quarantine-{segment.id}",
                    (port.name,),
                    tuple(filter(None, (segment.ipv4, segment.ipv6))),
                    stages=stages,
                    source=draft.marks.ref("security", "quarantine_segments"),
                ),
            )
