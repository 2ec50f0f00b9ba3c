"""Writes a layout as SVG that stands alone: it needs no script and no font of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from unicodedata import east_asian_width

from parkops.picture.layout import BOX_H, BOX_W, PAD, Layout, Placed

ZONE_COLOURS = (
    "#2a6f97",
    "#b5651d",
    "#5a7d2a",
    "#8a3b74",
    "#b03a2e",
    "#2e7d74",
    "#6c5b9e",
    "#9a7b0a",
    "#3d5a80",
    "#7f5539",
    "#4f772d",
    "#a4133c",
)
KIND_COLOURS = {
    "backbone": "#1f3b57",
    "ring": "#c05a00",
    "exit": "#8e2424",
    "uplink": "#5b6770",
    "peer": "#6c5b9e",
    "access": "#aab4bc",
}
STYLE = (
    "text{font-family:'Noto Sans CJK SC','Microsoft YaHei','PingFang SC','WenQuanYi Zen Hei',sans-serif}"
    ".n{font-size:12px;font-weight:600;fill:#16212b}.t{font-size:11px;fill:#4a5761}"
    ".r{font-size:9.5px;fill:#77838c}.f{font-size:13px;font-weight:600;fill:#33414c}"
    ".h{font-size:17px;font-weight:600;fill:#16212b}path{fill:none}"
)
UNPRINTABLE = re.compile(r"[^\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # not in XML 1.0 (2.2)
LEGEND_STEP = 190.0


def svg(layout: Layout) -> str:
    """Return the picture as SVG 1.1; every box and line has a title that a pointer shows."""
    colours = _zone_colours(layout)
    legend, legend_h = _legend(layout, colours)
    height = layout.height + legend_h
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{layout.width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {layout.width:.0f} {height:.0f}" role="img">',
        f"<title>{_text(layout.view.title)}</title><style>{STYLE}</style>",
        f'<rect width="{layout.width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        f'<text class="h" x="{PAD}" y="28">{_text(layout.view.title)}</text>',
        *_frames(layout),
        *_lines(layout),
        *(_box(box, colours) for box in layout.boxes),
        *_stubs(layout),
        *legend,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(text: str) -> str:
    return escape(UNPRINTABLE.sub("�", text))


def _cut(text: str, columns: int) -> str:
    """Shorten a text to what ``columns`` narrow characters take; wide ones take two (UAX #11)."""
    used, kept = 0, ""
    for char in text:
        used += 2 if east_asian_width(char) in "WF" else 1
        if used > columns:
            return kept[:-1] + "…"
        kept += char
    return kept


def _zone_colours(layout: Layout) -> dict[str, str]:
    zones = [zone for zone, _ in layout.view.zones]
    return {zone: ZONE_COLOURS[number % len(ZONE_COLOURS)] for number, zone in enumerate(zones)}


def _frames(layout: Layout) -> Iterable[str]:
    for frame in layout.frames:
        yield (
            f'<rect x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.w:.1f}" height="{frame.h:.1f}" '
            'rx="8" fill="#f4f6f8" stroke="#dde3e8"/>'
            f'<text class="f" x="{frame.x + PAD / 2:.1f}" y="{frame.y + 20:.1f}">'
            f"{_text(_cut(frame.title, int(frame.w / 7)))}</text>"
        )


def _lines(layout: Layout) -> Iterable[str]:
    for line in layout.lines:
        colour = KIND_COLOURS.get(line.edge.kind, "#8795a1")
        width = min(1.2 + 0.4 * (line.edge.count - 1) + (line.edge.kind in ("backbone", "ring")) * 0.6, 4.0)
        yield (
            f'<path d="{line.path}" stroke="{colour}" stroke-width="{width:.1f}" opacity="0.75">'
            f"<title>{_text(line.edge.label)}</title></path>"
        )


def _stubs(layout: Layout) -> Iterable[str]:
    for stub in layout.stubs:
        said = ", ".join(stub.uppers)
        yield (
            f'<text class="r" x="{stub.x:.1f}" y="{stub.y - 6:.1f}"><title>{_text(said)}</title>'
            f"↑ {_text(_cut(said, 26))}</text>"
        )


def _box(box: Placed, colours: dict[str, str]) -> str:
    node = box.node
    colour = colours.get(node.zone, "#5b6770")
    back = (
        f'<rect x="{box.x + 4:.1f}" y="{box.y - 4:.1f}" width="{BOX_W:.0f}" height="{BOX_H:.0f}" rx="5" '
        f'fill="#ffffff" stroke="{colour}" opacity="0.7"/>'
        if node.count > 1
        else ""
    )
    name = node.title or node.id if node.count > 1 else node.id
    second = f"× {node.count}" if node.count > 1 else node.title
    x = box.x + 9
    return (
        f"<g><title>{_text(f'{node.id} · {node.title} · {node.role}')}</title>{back}"
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{BOX_W:.0f}" height="{BOX_H:.0f}" rx="5" '
        f'fill="#ffffff" stroke="{colour}" stroke-width="1.2"/>'
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="4" height="{BOX_H:.0f}" fill="{colour}"/>'
        f'<text class="n" x="{x:.1f}" y="{box.y + 15:.1f}">{_text(_cut(name, 18))}</text>'
        f'<text class="t" x="{x:.1f}" y="{box.y + 29:.1f}">{_text(_cut(second, 20))}</text>'
        f'<text class="r" x="{x:.1f}" y="{box.y + 41:.1f}">{_text(node.role)}</text></g>'
    )


def _legend(layout: Layout, colours: dict[str, str]) -> tuple[list[str], float]:
    """Return the legend's parts and its height: zones, kinds of cable, and what was drawn together."""
    kinds = sorted({line.edge.kind for line in layout.lines})
    items = [(_text(_cut(title, 22)), colours[zone], False) for zone, title in layout.view.zones]
    items += [(_text(kind), KIND_COLOURS.get(kind, "#8795a1"), True) for kind in kinds]
    in_row = max(1, int((layout.width - 2 * PAD) / LEGEND_STEP))
    parts = []
    for number, (text, colour, line) in enumerate(items):
        x = PAD + (number % in_row) * LEGEND_STEP
        y = layout.height + 8 + (number // in_row) * 20
        mark = f'height="{3 if line else 11}" y="{y + (4 if line else 0):.1f}"'
        parts.append(
            f'<rect x="{x:.1f}" {mark} width="18" fill="{colour}"/>'
            f'<text class="t" x="{x + 25:.1f}" y="{y + 10:.1f}">{text}</text>'
        )
    rows = -(-len(items) // in_row)
    y = layout.height + 8 + rows * 20
    if layout.view.folded:
        parts.append(
            f'<text class="t" x="{PAD}" y="{y + 12:.1f}">Drawn together: {_text(layout.view.folded)}</text>'
        )
        y += 20
    return parts, y - layout.height + PAD / 2
