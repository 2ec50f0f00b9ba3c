"""Pass: the wireless networks that access points and their controllers offer."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.design.numbers import base
from parkops.design.roles import BACKBONE
from parkops.model import Portal, PortMode, Wlan
from parkops.plan.names import PlannedSite
from parkops.plan.schema import PortalPlan, WlanPlan
from parkops.plan.wireless import bands


def add_wireless(draft: Draft) -> None:
    """Give the access points and controllers of each site its wireless networks."""
    for site in draft.sites:
        if site.plan.wireless:
            _site(draft, site)


def _site(draft: Draft, site: PlannedSite) -> None:
    wireless = site.plan.wireless
    assert wireless is not None
    plans = sorted(wireless.networks.items())
    found = [_wlan(draft, site, name, plan) for name, plan in plans]
    controllers = [draft.devices[name] for name in site.controllers()]
    points = [draft.devices[name] for name, _, _ in site.access_points()]
    addresses = ",".join(base(item.management_ipv4) for item in controllers)
    for device in (*controllers, *points):
        device.wlans = list(found)
        for wlan in found:
            assert wlan.source is not None
            device.need("wlan", wlan.source)
            if wlan.security.startswith("wpa3"):
                device.need("wpa3", wlan.source)
            if wlan.security.endswith("enterprise"):
                device.need("aaa", wlan.source)
    for device in points:
        if addresses:
            device.properties["controllers"] = addresses
    for wlan, (_, plan) in zip(found, plans, strict=True):
        if plan.portal:
            _hold(draft, wlan, _portal(draft, plan.portal))


def _portal(draft: Draft, plan: PortalPlan) -> Portal:
    """Return a portal with the address of its server: a node's first, or the one that the plan states."""
    server = draft.devices.get(plan.server)
    inside = next((base(port.ipv4) for port in server.ports.values() if port.ipv4), "") if server else ""
    return Portal(plan.url, inside or str(plan.address or ""), plan.key or "")


def _hold(draft: Draft, wlan: Wlan, portal: Portal) -> None:
    """Let the gateways of an open network's segment lead its clients to the portal first."""
    segment, source = draft.segments[wlan.segment], wlan.source
    assert source is not None
    routers = [device for device in draft.devices.values() if device.role in BACKBONE]
    anycast = [
        (device, port)
        for device in (routers if segment.anycast else ())
        for port in device.ports.values()
        if port.mode is PortMode.VLAN and port.segment == segment.id
    ]
    for device, port in anycast or draft.gateways(segment.id):
        port.portal = portal
        device.need("captive-portal", source)
        if not portal.served:
            device.need("local-portal", source)


def _wlan(draft: Draft, site: PlannedSite, name: str, plan: WlanPlan) -> Wlan:
    segment = draft.segments[site.segment(plan.segment)]
    return Wlan(
        plan.ssid,
        segment.id,
        segment.vlan,
        plan.security,
        bands(plan),
        plan.standard,
        plan.isolation,
        plan.fast_roaming,
        plan.key or "",
        plan.limit_mbps,
        draft.marks.ref(*site.path, "wireless", "networks", name),
        plan.portal.url if plan.portal else "",
    )
