"""What the plan says of an event: its severity, and the work that was planned."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from parkops.model import EventPolicy, Park, Target
from parkops.model.incident import Window


class Stated:
    """The plan's policy, with the planned work that people add meanwhile."""

    def __init__(
        self,
        policy: EventPolicy,
        park: Park | None,
        targets: Iterable[Target],
        added: Callable[[], Iterable[Window]],
    ) -> None:
        """Keep the policy, and what devices are; ``added`` is asked whenever it matters."""
        devices = park.devices if park else ()
        self._policy, self._added = policy, added
        self._roles = {device.name: device.role.value for device in devices}
        self._tenants = {device.name: device.tenant for device in devices}
        self._zones = {target.device: target.zone for target in targets if target.is_device}

    def tenant(self, target: Target) -> str:
        """Return whose event it is, "" for the park's."""
        return target.tenant or self._tenants.get(target.device, "")

    def saying(self, name: str, origin: str, device: str) -> Target:
        """Return what a device says by itself as a target, with the device's tenant and zone."""
        tenant, zone = self._tenants.get(device, ""), self._zones.get(device, "")
        return Target(name, origin, device, "", tenant=tenant, zone=zone)

    def severity(self, target: Target, kind: str, severity: str) -> str:
        """Return the severity of an event, ``severity`` where the plan says nothing of it."""
        role = self._roles.get(target.device, "")
        is_so = {
            "probe": target.probe, "kind": kind.partition(":")[0], "role": role, "zone": target.zone,
            "tenant": target.tenant, "device": target.device,
        }  # fmt: skip
        for subject, wanted in self._policy.severities:
            key, _, name = subject.partition(":")
            if is_so.get(key) == name:
                return wanted
        return severity

    def planned(self, target: Target, time_s: float) -> str:
        """Return why nobody is to hear of an event, "" where no work is planned."""
        window = self.window(target, time_s)
        return f"maintenance: {window.reason}" if window else ""

    def window(self, target: Target, time_s: float) -> Window | None:
        """Return the planned work on a target at a time."""
        role = self._roles.get(target.device, "")
        for window in (*self._policy.maintenance, *self._added()):
            if window.covers(target, role) and window.holds(time_s):
                return window
        return None
