"""The page on which a change is reviewed: one self-contained HTML file, without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from parkops.model import Change, Park
from parkops.push.driver import diff_size

STYLE = """
:root { color-scheme: light dark; --line: #8884; --add: #2a7d3f; --del: #b3342c; --at: #2563a8;
  --soft: #8882 }
@media (prefers-color-scheme: dark) { :root { --add: #7fd39a; --del: #f29b93; --at: #8fbcf0 } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; margin: 0 auto;
  max-width: 76rem; padding: 1.5rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 0; display: inline }
h3 { font-size: .85rem; margin: .8rem 0 .2rem; opacity: .75 } p.sub { margin: .2rem 0 1.2rem; opacity: .75 }
table { border-collapse: collapse; width: 100%; margin-bottom: 1.5rem }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line) }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0 0 .8rem; padding: .6rem .9rem }
summary { cursor: pointer } summary span { opacity: .75; margin-left: .6rem }
pre { background: var(--soft); border-radius: 4px; margin: .2rem 0; overflow-x: auto; padding: .6rem .8rem;
  font: 13px/1.45 ui-monospace, "Noto Sans Mono CJK SC", monospace; tab-size: 4 }
.a { color: var(--add) } .d { color: var(--del) } .h { color: var(--at) } .b { font-weight: 600 }
.two { display: grid; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)) }
.two > div { min-width: 0 } .bad { color: var(--del) }
@media print { details { break-inside: avoid } body { max-width: none } }
"""
KINDS = (("+++", "b"), ("---", "b"), ("@@", "h"), ("+", "a"), ("-", "d"))


def page(park: Park, changes: Sequence[Change]) -> str:
    """Return the review of a change; the same change always gives the same page."""
    differ = [change for change in changes if change.diff or change.error or change.notes]
    title = f"{park.title or park.name}: what would change"
    same = len(changes) - len(differ)
    sub = (
        f"plan {park.plan_digest[:12]} · {len(differ)} of {len(changes)} devices differ or could not be read"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><h1>{escape(title)}</h1><p class="sub">{escape(sub)}; {same} run what was rendered</p>'
        f"{_table(differ)}{''.join(map(_device, differ))}</body></html>\n"
    )


def _table(changes: Iterable[Change]) -> str:
    rows = "".join(_row(change) for change in changes)
    heads = "<tr><th>Device</th><th>Driver</th><th>Difference</th><th>Guarantee</th></tr>"
    return f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>" if rows else ""


def _row(change: Change) -> str:
    name = escape(change.device)
    return (
        f'<tr><td><a href="#{name}">{name}</a></td><td>{escape(change.driver)}</td>'
        f'<td class="n">{_size(change)}</td><td>{escape(change.guarantee.text)}</td></tr>'
    )


def _size(change: Change) -> str:
    if change.error:
        return '<span class="bad">could not be read</span>'
    added, removed = diff_size(change.diff)
    return f'<span class="a">+{added}</span> <span class="d">−{removed}</span>'


def _device(change: Change) -> str:
    head = f"<summary><h2>{escape(change.device)}</h2><span>{_size(change)}</span></summary>"
    if change.error:
        body = f'<p class="bad">{escape(change.error)}</p>'
    else:
        lines = (("Lines of the push", change.remediation), ("Lines that take it back", change.rollback))
        two = "".join(f"<div><h3>{title}</h3>{_pre(part)}</div>" for title, part in lines if part)
        body = f'<pre>{_diff(change.diff)}</pre><div class="two">{two}</div>'
        if change.unsafe:
            body += f'<p class="bad">No safe way to it is known: {escape(change.unsafe)}</p>'
    body += "".join(f'<p class="b">{escape(note)}</p>' for note in change.notes)
    return f'<details open id="{escape(change.device)}">{head}{body}</details>'


def _pre(lines: Iterable[str]) -> str:
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _diff(text: str) -> str:
    return "\n".join(_line(line) for line in text.splitlines())


def _line(line: str) -> str:
    kind = next((kind for prefix, kind in KINDS if line.startswith(prefix)), "")
    return f'<span class="{kind}">{escape(line)}</span>' if kind else escape(line)
