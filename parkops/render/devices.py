"""One device to its artifacts: its platform's templates, filled from its own slice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from parkops.errors import RenderError
from parkops.model import Artifact, ArtifactKind, Device, Park
from parkops.platforms import COMMENTS, Platform, Platforms, TemplateEntry, find_platforms
from parkops.render.environment import environment, fill
from parkops.render.origin import START, origins, settle
from parkops.render.slices import Shared, device_context

if TYPE_CHECKING:
    from jinja2 import Environment


class Named(Protocol):
    """What one of several files is for; its name is safe in a path."""

    @property
    def name(self) -> str:
        """Return the name."""
        ...


@dataclass(frozen=True, slots=True)
class Renderer:
    """What all devices of a park share while they are rendered."""

    shared: Shared
    platforms: Platforms
    env: Environment

    @classmethod
    def of(cls, park: Park, platforms: Platforms | None = None) -> Renderer:
        """Return the renderer of a park."""
        platforms = platforms or find_platforms()
        return cls(Shared.of(park), platforms, environment(platforms.roots))

    def device(self, device: Device) -> list[Artifact]:
        """Render one device's artifacts.

        Raises RenderError naming the template's line, the variable, the platform and the device.
        """
        platform = self.platforms.get(device.platform)
        return [
            artifact
            for entry, text in self.marked(device)
            for artifact in _artifacts(device, platform, entry, text)
        ]

    def marked(self, device: Device) -> Iterator[tuple[TemplateEntry, str]]:
        """Yield each text with its marks of origin."""
        platform = self.platforms.get(device.platform)
        context = device_context(device, self.shared, platform)
        where = f"{device.name} ({platform.name})"
        for entry in platform.artifacts:
            if wanted(device, entry, platform):
                template = entry.name_below(platform.name)
                if not entry.each:
                    yield entry, fill(self.env, template, context, where=where)
                    continue
                for item in items(entry, context, where):
                    text = fill(self.env, template, {**context, "item": item}, where=where)
                    yield _of_item(entry, item), text


def wanted(device: Device, entry: TemplateEntry, platform: Platform) -> bool:
    """Return whether a device gets an artifact."""
    if entry.host is not None and entry.host != platform.manages_host(device):
        return False
    if entry.roles and device.role.value not in entry.roles:
        return False
    if entry.services and not any(service.kind in entry.services for service in device.services):
        return False
    return not entry.features or any(need.feature in entry.features for need in device.needs)


def items(entry: TemplateEntry, context: dict[str, object], where: str) -> list[Named]:
    """Return what an entry has a file for each of; RenderError when the context has no such list."""
    found = context.get(entry.each)
    if not isinstance(found, list):
        raise RenderError(f"each: {entry.each!r} is no list of the templates' names", where=where)
    return found


def _of_item(entry: TemplateEntry, item: Named) -> TemplateEntry:
    """Return the entry of one file among several, with the item's name in its path."""
    names = {
        "path": entry.path.format(name=item.name),
        "destination": entry.destination.format(name=item.name),
    }
    return entry.model_copy(update={**names, "reload": entry.reload.format(name=item.name)})


def comment_style(platform: Platform, entry: TemplateEntry) -> str:
    """Return how an artifact writes comments, "" when it cannot."""
    if entry.comment is not None:
        return entry.comment
    return COMMENTS.get(entry.language, platform.comment)


def artifact_path(device: Device, entry: TemplateEntry) -> str:
    """Return an artifact's path below the build folder."""
    return f"{device.name}/{entry.path or 'files' + entry.destination}"


def _artifacts(device: Device, platform: Platform, entry: TemplateEntry, text: str) -> Iterator[Artifact]:
    style, path = comment_style(platform, entry), artifact_path(device, entry)
    yield Artifact(
        path,
        settle(text, style),
        entry.kind,
        entry.language,
        device.name,
        entry.destination,
        entry.mode,
        entry.reload,
    )
    if not style and START in text:
        yield Artifact(f"{path}.origin.json", _sidecar(text), ArtifactKind.ORIGIN, "json", device.name)


def _sidecar(text: str) -> str:
    """Return where the blocks of a text come from, for a language that has no comments."""
    blocks = [
        {
            "lines": [item.first, item.last],
            "plan": item.paths,
            "block": item.block,
            "requirements": item.requirements,
        }
        for item in origins(text, "")
    ]
    return json.dumps({"version": 1, "blocks": blocks}, ensure_ascii=False, indent=1) + "\n"
