"""Writes a view as a Mermaid flowchart."""

from __future__ import annotations

from collections.abc import Iterable

from parkops.picture.view import Node, View

ESCAPES = {ord(char): f"#{ord(char)};" for char in "#\"'`<>&|{}[]()\\;:%"}
LINES = {"ring": "-.-", "backbone": "===", "exit": "==="}


def mermaid(view: View) -> str:
    """Return a flowchart, a subgraph per owner; texts are escaped as Mermaid's character entities."""
    ids = {node.id: f"n{number}" for number, node in enumerate(view.nodes)}
    lines = ["---", f"title: {_title(view.title)}", "---", "flowchart TB"]
    for number, (owner, title) in enumerate(view.owners):
        lines.append(f'  subgraph o{number}["{_text(title)}"]')
        lines += (f"    {ids[node.id]}{_box(node)}" for node in view.nodes if node.owner == owner)
        lines.append("  end")
    lines += _edges(view, ids)
    if view.folded:
        lines.append(f"  %% drawn together: {view.folded}")
    return "\n".join(lines) + "\n"


def _edges(view: View, ids: dict[str, str]) -> Iterable[str]:
    for edge in view.edges:
        line = LINES.get(edge.kind, "---")
        label = f'|"×{edge.count}"|' if edge.count > 1 else ""
        yield f"  {ids[edge.a]} {line}{label} {ids[edge.b]}"


def _box(node: Node) -> str:
    name = f"{node.title or node.id} × {node.count}" if node.count > 1 else node.id
    title = node.title if node.count == 1 and node.title else node.role
    return f'["{_text(name)}<br/>{_text(title)}"]'


def _text(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return printable.translate(ESCAPES)


def _title(text: str) -> str:
    """Return the title as a quoted YAML scalar (the front matter is YAML)."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'
