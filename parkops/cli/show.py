"""`parkops show`: the design as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict

import click

from parkops.cli.common import Context, json_option
from parkops.model import Park

Rows = Iterable[tuple[str, ...]]


def _devices(park: Park) -> Rows:
    for device in park.devices:
        yield (
            device.name,
            device.role.value,
            device.platform,
            device.tenant or "-",
            device.management_address or "-",
            device.title,
        )


def _links(park: Park) -> Rows:
    for link in park.links:
        yield (
            f"{link.a_device} {link.a_interface}",
            f"{link.b_device} {link.b_interface}",
            link.kind,
            f"{link.rate_mbps}",
        )


def _segments(park: Park) -> Rows:
    for segment in park.segments:
        yield (
            segment.id,
            segment.zone,
            str(segment.vlan),
            segment.ipv4,
            segment.ipv6,
            f"{segment.gateway_device} {segment.gateway_interface}",
            segment.title,
        )


def _flows(park: Park) -> Rows:
    for flow in park.flows:
        ports = ",".join(str(port) for port in flow.ports)
        yield (flow.id, flow.src, flow.dst, f"{flow.protocol}/{ports}", flow.owner, flow.reason)


def _rules(park: Park) -> Rows:
    for device in park.devices:
        for rule in device.rules:
            yield (
                device.name,
                rule.id,
                rule.flow,
                rule.in_interface,
                rule.out_interface or "(itself)",
                f"{rule.protocol}/{','.join(str(port) for port in rule.ports)}",
                rule.reason,
            )


def _targets(park: Park) -> Rows:
    for target in park.targets:
        yield (
            target.id,
            target.probe,
            f"{target.address}:{target.port}" if target.port else target.address,
            f"{target.interval_s:g}",
        )


TABLES: dict[str, tuple[tuple[str, ...], Callable[[Park], Rows]]] = {
    "devices": (("device", "role", "platform", "tenant", "management", "title"), _devices),
    "links": (("a", "b", "kind", "Mbit/s"), _links),
    "segments": (("segment", "zone", "VLAN", "IPv4", "IPv6", "gateway", "title"), _segments),
    "flows": (("flow", "from", "to", "service", "owner", "reason"), _flows),
    "rules": (("device", "rule", "flow", "in", "out", "service", "reason"), _rules),
    "targets": (("target", "probe", "address", "every s"), _targets),
}


@click.command()
@click.argument("what", type=click.Choice([*TABLES]), default="devices")
@json_option
@click.pass_obj
def show(ctx: Context, what: str, as_json: bool) -> None:
    """Show devices, links, segments, flows, rules or targets.

    \b
    Example:
      parkops -p inventories/demo show segments
    """
    park = ctx.park()
    if as_json:
        items = (
            [asdict(item) for item in getattr(park, what)]
            if what != "rules"
            else [{"device": device.name, **asdict(rule)} for device in park.devices for rule in device.rules]
        )
        ctx.print_json(f"show.{what}", {what: items})
        return
    heads, rows = TABLES[what]
    table = ctx.table(*heads)
    for row in rows(park):
        table.add_row(*row)
    ctx.console.print(table, markup=False)
