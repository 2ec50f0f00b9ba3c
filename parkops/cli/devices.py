"""The choice of devices that verbs have in common: by name or tenant, and how their host keys are met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

import click

from parkops.cli.common import Context
from parkops.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def trust_new_option(function: F) -> F:
    """Add `--trust-new`."""
    words = "Put the keys of hosts that have none on file, on first use."
    return click.option("--trust-new", is_flag=True, help=words)(function)


def device_options(function: F) -> F:
    """Add the names, `--device`, `--tenant` and `--trust-new`."""
    for add in (
        trust_new_option,
        click.option("--tenant", metavar="ID", help="Only this tenant's devices."),
        click.option("--device", multiple=True, metavar="NAME", help="Only this device; may be repeated."),
        click.argument("devices", nargs=-1, metavar="[DEVICE]..."),
    ):
        function = add(function)
    return function


def chosen(ctx: Context, names: Sequence[str], tenant: str | None) -> list[str]:
    """Return the chosen managed devices, all of them where nothing was chosen.

    Raises UsageError for an unknown device or tenant, and where both leave nothing.
    """
    found = [device for device in ctx.select(names) if tenant is None or device.tenant == tenant]
    if tenant is not None and not found:
        known = [entry.id for entry in ctx.park().tenants]
        close = get_close_matches(tenant, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        if tenant in known:
            raise UsageError("the tenant has none of these devices", where=tenant)
        raise UsageError("no such tenant", where=tenant, hint=hint)
    return [device.name for device in found]
