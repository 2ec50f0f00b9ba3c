"""`parkops explain`: where a value of the plan or the design comes from."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from parkops.design.trace import Explanation
    from parkops.plan import LoadedPlan
    from parkops.plan.explain import Stated
    from parkops.plan.tree import Origin

Line = tuple[str, str]


@click.command()
@click.argument("path")
@json_option
@click.pass_obj
def explain(ctx: Context, path: str, as_json: bool) -> None:
    """Say where a value comes from: plan line, profile, default, design pass, entry of park.lock.

    \b
    Example:
      parkops explain tenants.huaxing.sites.p1.switches
      parkops explain core-1.interfaces.eth1.ipv4
      parkops explain huaxing.p1.control.vlan
    """
    from parkops.design import trace
    from parkops.pipeline import load_plan, read_lock
    from parkops.plan import explain as plan_explain
    from parkops.platforms import find_platforms

    loaded = load_plan(ctx.workspace)
    stated = plan_explain.explain(loaded, path)
    if stated is not None:
        lines, value = _of_plan(stated), stated.value
    else:
        platforms = find_platforms(ctx.workspace.platform_dirs)
        found = trace.explain(loaded, read_lock(ctx.workspace.lock_file).numbers, path, platforms)
        lines, value = _of_design(found, loaded), found.value
    if as_json:
        ctx.print_json(
            "explain", {"path": path, "value": _plain(value), "from": [list(line) for line in lines]}
        )
        return
    ctx.console.print(f"{path} = {_short(value)}", markup=False, soft_wrap=True)
    for head, text in lines:
        ctx.console.print(f"  {head:<9} {text}", markup=False, soft_wrap=True)


def _of_plan(stated: Stated) -> list[Line]:
    lines = [("plan", str(stated.place))] if stated.place else [("default", "the plan does not state it")]
    lines += [_origin(origin) for origin in stated.origins] if stated.place else []
    return lines + ([("meaning", stated.description)] if stated.description else [])


def _of_design(found: Explanation, loaded: LoadedPlan) -> list[Line]:
    lines: list[Line] = []
    if found.source is not None:
        lines.append(
            ("plan", f"{found.source.file}:{found.source.line}:{found.source.col} {found.source.path}")
        )
        lines += [_origin(origin) for origin in loaded.marks.origins(found.source.path.split("."))]
    lines.append(("pass", f"{found.run}: {found.doc}"))
    return lines + [("lock", f"{item.pool}: {item.key} = {item.number}") for item in found.locked]


def _origin(origin: Origin) -> Line:
    return origin.kind, f"{origin.name}, asked for at {origin.place}"


def _short(value: Any) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__} {getattr(value, 'id', '') or getattr(value, 'name', '')}".strip()
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_short, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(map(str, value)) or "none"
    if hasattr(value, "model_fields"):
        stated = ((name, getattr(value, name)) for name in type(value).model_fields)
        return ", ".join(f"{name} {_short(inner)}" for name, inner in stated if inner is not None) or "none"
    return str(value)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.model_dump(mode="json", by_alias=True) if hasattr(value, "model_dump") else value
