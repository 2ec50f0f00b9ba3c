"""Where boxes stand: the backbone on top, below it a column per owner, columns in bands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parkops.picture.view import SWITCHES, Edge, Node, View

BOX_W, BOX_H, GAP_X, GAP_Y, PAD = 132.0, 46.0, 14.0, 40.0, 18.0
HEAD_H, TITLE_H = 42.0, 44.0
WIDE = 6  # boxes side by side in a column
BAND_W = 2300.0  # columns wrap beyond this
BACKBONE = 3  # the lowest layer that is drawn across all columns


@dataclass(frozen=True, slots=True)
class Placed:
    """A box at (x, y), its upper left corner."""

    node: Node
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line as SVG path data."""

    edge: Edge
    path: str


@dataclass(frozen=True, slots=True)
class Frame:
    """An owner's column."""

    title: str
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Stub:
    """What a box hangs on, in words above it, where lines would cross the whole picture."""

    x: float
    y: float
    uppers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole picture, in pixels."""

    view: View
    width: float
    height: float
    boxes: tuple[Placed, ...]
    lines: tuple[Line, ...]
    frames: tuple[Frame, ...]
    stubs: tuple[Stub, ...] = ()


Spots = dict[str, tuple[float, float]]


def lay_out(view: View) -> Layout:
    """Return where everything stands; the same view is always laid out alike."""
    above = _above(view)
    columns = _columns(view, above)
    bands = _bands(columns)
    width = max([_backbone_width(view), *(_band_width(band) for band in bands)]) + 2 * PAD
    spots: Spots = {}
    top = _place_backbone(view, above, spots, width)
    frames = []
    for band in bands:
        x = (width - _band_width(band)) / 2
        tallest = max(column.h for column in band)
        for column in band:
            frames.append(Frame(column.title, x, top, column.w, tallest))
            spots.update({name: (x + dx, top + dy) for name, (dx, dy) in column.spots.items()})
            x += column.w + PAD
        top += tallest + PAD * 1.5
    boxes = tuple(Placed(node, *spots[node.id]) for node in view.nodes)
    uplinks = _uplinks(view) if len(bands) > 1 else {}
    far = {edge for edges in uplinks.values() for edge in edges}
    lines = tuple(Line(edge, _path(spots[edge.a], spots[edge.b])) for edge in view.edges if edge not in far)
    stubs = tuple(
        Stub(spots[name][0], spots[name][1], tuple(sorted({edge.a for edge in edges})))
        for name, edges in uplinks.items()
    )
    return Layout(view, width, top, boxes, lines, tuple(frames), stubs)


def _uplinks(view: View) -> dict[str, list[Edge]]:
    """Return the cables from the backbone into the owners' columns, by the box that they end at."""
    layers = {node.id: node.layer for node in view.nodes}
    found: dict[str, list[Edge]] = {}
    for edge in view.edges:
        if layers[edge.a] <= BACKBONE < layers[edge.b]:
            found.setdefault(edge.b, []).append(edge)
    return found


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    w: float
    h: float
    spots: Spots


def _above(view: View) -> dict[str, list[str]]:
    layers = {node.id: node.layer for node in view.nodes}
    found: dict[str, list[str]] = {}
    for edge in view.edges:
        if layers[edge.a] < layers[edge.b]:
            found.setdefault(edge.b, []).append(edge.a)
    return found


def _rows(nodes: Sequence[Node]) -> list[list[Node]]:
    return [[n for n in nodes if n.layer == layer] for layer in sorted({node.layer for node in nodes})]


def _columns(view: View, above: Mapping[str, list[str]]) -> list[_Column]:
    middle = (len(view.owners) + 1) // 2  # the park's own stands among its tenants
    owners = [*view.owners[1:middle], *view.owners[:1], *view.owners[middle:]]
    return [
        _column(title, own, above)
        for owner, title in owners
        if (own := [node for node in view.nodes if node.owner == owner and node.layer > BACKBONE])
    ]


def _column(title: str, own: Sequence[Node], above: Mapping[str, list[str]]) -> _Column:
    """Place an owner's boxes by layer, each near what it hangs on; long rows take several lines."""
    rows = _rows(own)
    wide = max(2, *(min(len(row), WIDE) for row in rows))
    spots: Spots = {}
    y = HEAD_H
    for row in rows:
        ordered = sorted(row, key=lambda node: _order(node, above, spots))
        for start in range(0, len(ordered), wide):
            part = ordered[start : start + wide]
            shift = PAD / 2 + (wide - len(part)) * (BOX_W + GAP_X) / 2
            for index, node in enumerate(part):
                spots[node.id] = (shift + index * (BOX_W + GAP_X), y)
            y += BOX_H + 10
        y += GAP_Y - 10
    return _Column(title, wide * (BOX_W + GAP_X) - GAP_X + PAD, y - GAP_Y + PAD, spots)


def _order(node: Node, above: Mapping[str, list[str]], spots: Spots) -> tuple[float, str, list[str]]:
    """Switches stand by site, so that a ring's lie side by side; the rest below what it hangs on."""
    return (0.0 if node.layer == SWITCHES else _middle(node, above, spots), node.site, _counted(node.id))


def _counted(name: str) -> list[str]:
    """Return a name's sort key, in which 2 comes before 10."""
    return [part.zfill(6) for part in re.split(r"([0-9]+)", name)]


def _middle(node: Node, above: Mapping[str, list[str]], spots: Spots) -> float:
    known = [spots[name][0] for name in above.get(node.id, ()) if name in spots]
    return sum(known) / len(known) if known else 0.0


def _bands(columns: Sequence[_Column]) -> list[list[_Column]]:
    bands: list[list[_Column]] = []
    for column in columns:
        if not bands or _band_width([*bands[-1], column]) > BAND_W:
            bands.append([])
        bands[-1].append(column)
    return bands


def _band_width(band: Sequence[_Column]) -> float:
    return sum(column.w for column in band) + PAD * (len(band) - 1)


def _backbone_rows(view: View) -> list[list[Node]]:
    return _rows([node for node in view.nodes if node.layer <= BACKBONE])


def _backbone_width(view: View) -> float:
    widest = max((min(len(row), 2 * WIDE) for row in _backbone_rows(view)), default=0)
    return max(widest * (BOX_W + GAP_X), 4 * BOX_W)


def _place_backbone(view: View, above: Mapping[str, list[str]], spots: Spots, width: float) -> float:
    y = TITLE_H
    for row in _backbone_rows(view):
        ordered = sorted(row, key=lambda node: (_middle(node, above, spots), _counted(node.id)))
        for start in range(0, len(ordered), 2 * WIDE):
            part = ordered[start : start + 2 * WIDE]
            step = min(2.0 * (BOX_W + GAP_X), max(BOX_W + GAP_X, (width - 2 * PAD) / len(part)))
            left = (width - (len(part) - 1) * step - BOX_W) / 2
            for index, node in enumerate(part):
                spots[node.id] = (left + index * step, y)
            y += BOX_H + 10
        y += GAP_Y
    return y


def _path(a: tuple[float, float], b: tuple[float, float]) -> str:
    """Return a straight line between rows; in a row a short line, or an arc below the boxes between."""
    (ax, ay), (bx, by) = sorted((a, b), key=lambda spot: (spot[1], spot[0]))
    if ay != by:
        return f"M{ax + BOX_W / 2:.1f} {ay + BOX_H:.1f}L{bx + BOX_W / 2:.1f} {by:.1f}"
    if bx - ax <= BOX_W + 2 * GAP_X:
        return f"M{ax + BOX_W:.1f} {ay + BOX_H / 2:.1f}L{bx:.1f} {by + BOX_H / 2:.1f}"
    low, middle = ay + BOX_H, (ax + bx + BOX_W) / 2
    return f"M{ax + BOX_W / 2:.1f} {low:.1f}Q{middle:.1f} {low + 36:.1f} {bx + BOX_W / 2:.1f} {low:.1f}"
