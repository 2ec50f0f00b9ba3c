"""Checks on the plan: wireless networks, where they are and where they lead."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.assess.context import ENFORCEMENT, Context, plan
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Device, Wlan


def wlans(context: Context) -> dict[tuple[str, str], list[tuple[Device, Wlan]]]:
    """Return the wireless networks by name and segment, with the devices that offer them."""
    found: dict[tuple[str, str], list[tuple[Device, Wlan]]] = {}
    for device in context.park.devices:
        for wlan in device.wlans:
            segment = context.segments.get(wlan.segment)
            if context.asked is None or (segment and segment.zone in context.asked):
                found.setdefault((wlan.ssid, wlan.segment), []).append((device, wlan))
    return found


def wireless_share(context: Context, target_percent: float) -> Iterator[Outcome]:
    """Decide whether enough production sites have a planned wireless technology."""
    expected = f"wireless access in at least {target_percent:g} % of the production sites"
    if not context.plants:
        yield not_applicable(expected, "the park has no production site")
        return
    radio = {wlan.segment for device in context.park.devices for wlan in device.wlans}
    covered = {
        site
        for site, segments in context.plants.items()
        if any(set(s.access) - {"wired"} or s.id in radio for s in segments)
    }
    share = 100 * len(covered) / len(context.plants)
    bare = set(context.plants) - covered
    actual = f"{len(covered)} of {len(context.plants)}" + (f"; without: {listed(bare)}" if bare else "")
    cited = [
        plan(s.source, f"{s.id}: {', '.join(s.access)}", s.id) for own in context.plants.values() for s in own
    ]
    mend = "segments.<segment>.access: [wired, wifi6], with a wireless network of the site"
    yield decided(share >= target_percent, expected, actual, cited, "park", mend)


def public_wifi(context: Context) -> Iterator[Outcome]:
    """Decide whether the public network offers Wi-Fi."""
    expected = "a wireless network in a public zone"
    public = {zone.id for zone in context.zones_of_kind("public-service")}
    found = [
        (device, wlan)
        for own in wlans(context).values()
        for device, wlan in own
        if (segment := context.segments.get(wlan.segment))
        and (segment.zone in public or segment.purpose == "guest")
    ]
    cited = [plan(device.source, f"{device.name}: {wlan.ssid}", device.name) for device, wlan in found]
    mend = "public.wireless: {networks: {guest: {ssid: …, segment: …}}, access_points: {ap: {count: …}}}"
    actual = listed(wlan.ssid for _, wlan in found)
    yield decided(bool(found), expected, actual, cited or [plan(context.park.source, "public")], "park", mend)


def public_wifi_apart(context: Context) -> Iterator[Outcome]:
    """Decide whether public wireless networks isolate their clients, in a zone without tenants."""
    expected = "client isolation, in a zone that no tenant and no management shares"
    public = {zone.id for zone in context.zones_of_kind("public-service")}
    asked = 0
    for (ssid, name), own in wlans(context).items():
        segment = context.segments.get(name)
        if segment is None or not (segment.zone in public or segment.purpose == "guest"):
            continue
        asked += 1
        shared = [
            s.id
            for s in context.segments_by_zone.get(segment.zone, ())
            if s.tenant and s.tenant != segment.tenant
        ]
        bare = [device.name for device, wlan in own if not wlan.isolation]
        actual = f"zone {segment.zone}" + (f", shared with {listed(shared)}" if shared else "")
        actual += f", no isolation at {listed(bare)}" if bare else ", clients isolated"
        cited = [plan(device.source, f"{device.name}: {ssid}", device.name) for device, _ in own]
        yield decided(
            not shared and not bare, expected, actual, cited, ssid, "networks.<name>.isolation: true"
        )
    if not asked:
        yield not_applicable(expected, "the park has no public wireless network")


def wlan_gateways(context: Context) -> Iterator[Outcome]:
    """Decide whether what comes by radio passes a device with a policy before it goes anywhere else."""
    expected = "a gateway that enforces a policy behind every wireless segment"
    radio = {name for _, name in wlans(context)}
    radio |= {g.segment for g in context.groups if g.access != "wired"}
    segments = [s for s in context.park.segments if s.id in radio or set(s.access) - {"wired"}]
    segments = [s for s in segments if context.asked is None or s.zone in context.asked]
    walls = {device.name for device in context.every(*ENFORCEMENT)}
    if not segments:
        yield not_applicable(expected, "the park has no wireless segment")
    for segment in segments:
        gateway = segment.gateway_device
        held = gateway in walls or context.fabric(gateway)
        actual = f"gateway {gateway or 'none'}" + ("" if held else ", which filters nothing")
        yield decided(held, expected, actual, [plan(segment.source, segment.id, segment.id)], segment.id)


def wireless_like_wired(context: Context) -> Iterator[Outcome]:
    """Decide whether wireless clients are in the same zone as wired ones of their site."""
    expected = "a zone that wired segments or ports of the tenant share"
    found = wlans(context)
    for (ssid, name), own in found.items():
        segment = context.segments.get(name)
        zone = segment.zone if segment else ""
        wired = [
            s.id
            for s in context.segments_by_zone.get(zone, ())
            if "wired" in s.access and (segment is None or s.tenant == segment.tenant)
        ]
        guest = segment is not None and segment.purpose == "guest"
        actual = f"{name} in {zone or 'no zone'}, wired there: {listed(wired)}" + (
            ", for guests" if guest else ""
        )
        cited = [plan(device.source, f"{device.name}: {ssid}", device.name) for device, _ in own]
        yield decided(bool(wired) or guest, expected, actual, cited, ssid, "segments: access [wired, wifi6]")
    if not found:
        yield not_applicable(expected, "the park has no wireless network")
