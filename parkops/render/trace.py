"""Joins configuration lines, plan lines and requirements: which of them belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass

from parkops.model import Device, Park, SourceRef
from parkops.render.devices import Renderer, artifact_path, comment_style
from parkops.render.origin import Origin, origins, settle


@dataclass(frozen=True, slots=True)
class Traced:
    """A block of a device's artifact and what asked for it."""

    device: str
    path: str  # of the artifact, below the build folder
    origin: Origin
    lines: tuple[str, ...]


def trace_device(device: Device, renderer: Renderer) -> Iterator[Traced]:
    """Yield every block of a device's artifacts that has an origin, outer blocks before inner ones."""
    platform = renderer.platforms.get(device.platform)
    for entry, text in renderer.marked(device):
        style = comment_style(platform, entry)
        lines = settle(text, style).split("\n")
        for item in origins(text, style):
            yield Traced(
                device.name, artifact_path(device, entry), item, tuple(lines[item.first - 1 : item.last])
            )


def at_line(blocks: Iterable[Traced], line: int) -> list[Traced]:
    """Return the blocks that cover a line, the innermost first."""
    found = [item for item in blocks if item.origin.first <= line <= item.origin.last]
    return sorted(found, key=lambda item: (item.origin.last - item.origin.first, -item.origin.first))


def below_path(blocks: Iterable[Traced], path: str) -> Iterator[Traced]:
    """Yield the blocks that a plan path, or one below it, asked for."""
    for item in blocks:
        if any(own == path or own.startswith(f"{path}.") for own in item.origin.paths):
            yield item


def for_requirement(blocks: Iterable[Traced], requirement: str) -> Iterator[Traced]:
    """Yield the blocks that serve a requirement."""
    return (item for item in blocks if requirement in item.origin.requirements)


def sources(park: Park) -> dict[str, SourceRef]:
    """Return where each plan path stands that the design refers to."""
    found: dict[str, SourceRef] = {}
    seen: set[int] = set()
    waiting: list[object] = [park]
    while waiting:
        value = waiting.pop()
        if isinstance(value, SourceRef):
            found.setdefault(value.path, value)
        elif isinstance(value, tuple):
            waiting += [item for item in value if isinstance(item, tuple) or is_dataclass(item)]
        elif is_dataclass(value) and id(value) not in seen:
            seen.add(id(value))
            waiting += [getattr(value, field.name) for field in fields(value) if field.compare]
    return found
