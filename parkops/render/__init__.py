"""`Park` + platform to `Artifact`s: the same park always gives the same bytes."""

from __future__ import annotations

from parkops.model import Artifact, ArtifactKind, Device, Park
from parkops.platforms import Platform, TemplateEntry, load_platform
from parkops.render.slices import Shared, device_context
from parkops.render.text import fill
from parkops.render.topology import inventory, topology


def render(park: Park) -> tuple[Artifact, ...]:
    """Render every artifact of a park, in path order.

    Raises RenderError naming the template line, the variable and the device.
    """
    shared = Shared.of(park)
    artifacts = [item for device in park.managed for item in render_device(device, shared)]
    artifacts += _monitoring(shared)
    artifacts += [topology(park), inventory(park)]
    return tuple(sorted(artifacts, key=lambda artifact: artifact.path))


def render_device(device: Device, shared: Shared) -> list[Artifact]:
    """Render one device's artifacts from its own slice."""
    platform = load_platform(device.platform)
    context = device_context(device, shared)
    return [
        _artifact(device, platform, entry, context) for entry in platform.artifacts if _wanted(device, entry)
    ]


def _wanted(device: Device, entry: TemplateEntry) -> bool:
    if entry.roles and device.role.value not in entry.roles:
        return False
    return not entry.services or any(service.kind in entry.services for service in device.services)


def _artifact(
    device: Device, platform: Platform, entry: TemplateEntry, context: dict[str, object]
) -> Artifact:
    text = fill(f"{platform.name}/{entry.template}", context, where=device.name)
    path = entry.path or f"files{entry.destination}"
    return Artifact(
        f"{device.name}/{path}",
        text,
        entry.kind,
        entry.language,
        device.name,
        entry.destination,
        entry.mode,
        entry.reload,
    )


def _monitoring(shared: Shared) -> list[Artifact]:
    context = shared.context()
    return [
        Artifact(
            f"monitoring/{name}",
            fill(f"monitoring/{name}.j2", context, where="monitoring"),
            ArtifactKind.MONITORING,
            language,
        )
        for name, language in (("prometheus.yml", "prometheus"), ("rules.yml", "prometheus-rules"))
    ]


__all__ = ["Shared", "render", "render_device"]
