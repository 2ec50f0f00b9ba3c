"""What a device is: its platform by role and place, and what the plan says about it alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import translate
from typing import Any

from parkops.design.draft import Draft, DraftDevice
from parkops.design.roles import PLATFORMS, UNMANAGED
from parkops.plan.marks import Marks
from parkops.plan.schema import DevicePlan, Plan

Place = tuple[str, ...]
HOST = "host"  # the platform of what parkops does not manage


@dataclass(slots=True)
class Identity:
    """The plan's platform maps and overrides, ready to be asked for each device."""

    plan: Plan
    marks: Marks
    known: frozenset[str]  # platforms
    patterns: tuple[tuple[str, re.Pattern[str]], ...]  # least special first
    used: set[str] = field(default_factory=set)  # keys of the plan's `devices` that fitted
    unknown: dict[Place, str] = field(default_factory=dict)  # where -> platform that there is none of

    @classmethod
    def of(cls, draft: Draft) -> Identity:
        """Return the identity of a plan's devices."""
        wild = sorted(
            (key for key in draft.plan.devices if "*" in key or "?" in key), key=lambda key: (len(key), key)
        )
        patterns = tuple((key, re.compile(translate(key))) for key in wild)
        return cls(draft.plan, draft.marks, frozenset(draft.catalogue.names()), patterns)

    def apply(self, device: DraftDevice) -> DraftDevice:
        """Set a device's platform, then what single entries of `devices` say; the most special one last."""
        where, device.platform = self._platform(device)
        for key in self._keys(device.name):
            self.used.add(key)
            override = self.plan.devices[key]
            _override(device, override)
            if override.platform:
                where = ("devices", key, "platform")
        if device.platform not in self.known:
            self.unknown[where] = device.platform
            device.platform = HOST
        return device

    def _keys(self, name: str) -> list[str]:
        found = [key for key, pattern in self.patterns if pattern.match(name)]
        return [*found, name] if name in self.plan.devices else found

    def _platform(self, device: DraftDevice) -> tuple[Place, str]:
        """Return where the platform of a device is stated, and the platform: site, tenant, park, default."""
        role = device.role.value
        if device.role in UNMANAGED:
            return (), HOST
        for path, platforms in self._maps(device):
            found = platforms.get(role)
            if found:
                return (*path, "platforms", role), found
        return ("platforms",), PLATFORMS[device.role]

    def _maps(self, device: DraftDevice) -> list[tuple[Place, Mapping[Any, str]]]:
        plan = self.plan
        maps: list[tuple[Place, Mapping[Any, str]]] = []
        tenant = plan.tenants.get(device.tenant)
        _, _, site = device.site.partition(".")
        if tenant and site in tenant.sites:
            maps.append((("tenants", device.tenant, "sites", site), tenant.sites[site].platforms))
        elif device.site in ("services", "public"):
            maps.append(((device.site,), getattr(plan, device.site).platforms))
        if tenant:
            maps.append((("tenants", device.tenant), tenant.platforms))
        maps.append(((), plan.platforms))
        return maps

    def finish(self, draft: Draft) -> None:
        """Report platforms that there are none of, and entries of `devices` that no device fits."""
        for place, name in sorted(self.unknown.items()):
            close = get_close_matches(name, sorted(self.known), n=1)
            hint = f"did you mean {close[0]!r}?" if close else "add a folder with --platforms DIR"
            what, expected = f"no platform {name!r}", "a platform such as huawei_vrp or frr"
            draft.problems.append(self.marks.problem(place, what, expected, hint))
        for device in draft.devices.values():
            self._ports(draft, device)
        for key in sorted(set(self.plan.devices) - self.used):
            wild = "*" in key or "?" in key
            close = [] if wild else get_close_matches(key, sorted(draft.devices), n=1)
            draft.problems.append(
                self.marks.key_problem(
                    ("devices", key),
                    f"no device fits {key!r}" if wild else f"no device {key!r}",
                    "a device of this park",
                    f"did you mean {close[0]!r}?" if close else "`parkops design` lists the devices",
                )
            )

    def _ports(self, draft: Draft, device: DraftDevice) -> None:
        """Report port numbers that the device has not, or that are stated twice; they are left out."""
        seen: dict[int, str] = {}
        for peer, number in sorted(device.cables.items()):
            first = seen.setdefault(number, peer)
            if number <= device.ports_max and first == peer:
                continue
            twice = f"port {number} of {device.name} is stated for {first!r} already"
            what = twice if first != peer else f"{device.name} has no port {number}"
            place = _stated(draft, device.name, peer)
            draft.problems.append(self.marks.problem(place, what, f"another one of 1 to {device.ports_max}"))
            del device.cables[peer]


def _override(device: DraftDevice, plan: DevicePlan) -> None:
    device.platform = plan.platform or device.platform
    device.model = plan.model or device.model
    device.title = plan.title or device.title
    device.ports_max = plan.ports or device.ports_max
    device.properties = {**device.properties, **plan.properties}
    device.cables = {**device.cables, **plan.cables}


def check_cables(draft: Draft) -> None:
    """Report port numbers that are stated for cables that there are none of. After all cables."""
    for name, device in sorted(draft.devices.items()):
        for peer in sorted(device.cables):
            path = _stated(draft, name, peer)
            close = get_close_matches(peer, {port.peer_device for port in device.ports.values()}, n=1)
            draft.problems.append(
                draft.marks.key_problem(
                    path,
                    f"no cable leads from {name} to {peer!r}",
                    "a device that it is connected to",
                    f"did you mean {close[0]!r}?" if close else "",
                )
            )


def _stated(draft: Draft, name: str, peer: str) -> Place:
    keys = [key for key, plan in draft.plan.devices.items() if peer in plan.cables]
    return ("devices", name if name in keys else min(keys), "cables", peer)
