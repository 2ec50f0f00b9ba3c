"""`Park` + platform to `Artifact`s: the same park always gives the same bytes."""

from __future__ import annotations

from collections.abc import Collection

from parkops.model import Artifact, Park
from parkops.platforms import Platforms
from parkops.render.cloud import cloud
from parkops.render.devices import Renderer
from parkops.render.inventory import inventories
from parkops.render.kubernetes import kubernetes
from parkops.render.monitoring import monitoring
from parkops.render.topology import topology


def render(
    park: Park, platforms: Platforms | None = None, devices: Collection[str] | None = None
) -> tuple[Artifact, ...]:
    """Render every artifact of a park, in path order; only those of ``devices`` when these are named.

    Raises RenderError naming the template's line, the variable, the platform and the device.
    """
    renderer = Renderer.of(park, platforms)
    chosen = park.managed if devices is None else [park.device(name) for name in sorted(devices)]
    artifacts = [item for device in chosen for item in renderer.device(device)]
    if devices is None:
        artifacts += park_artifacts(park, renderer)
    return tuple(sorted(artifacts, key=lambda artifact: artifact.path))


def park_artifacts(park: Park, renderer: Renderer) -> list[Artifact]:
    """Render what belongs to the whole park: monitoring, topology, inventories, cloud."""
    header = renderer.shared.header
    return [
        *monitoring(park, renderer),
        topology(park, renderer.platforms, header),
        *inventories(park, renderer.platforms, header),
        *kubernetes(park, header),
        *cloud(park, renderer),
    ]


__all__ = ["Renderer", "park_artifacts", "render"]
