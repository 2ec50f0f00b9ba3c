"""Proves that no single failure cuts a tenant off (N-1)."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from parkops.model import Device, Evidence, EvidenceKind, Finding, Link, Park, Role, Verdict


def check_redundancy(park: Park) -> Iterator[Finding]:
    """Take away each core, each backbone link and each ring link in turn."""
    backbone = [link for link in park.links if link.kind == "backbone"]
    cores = [device.name for device in park.devices if device.role is Role.CORE]
    firewall = next(device for device in park.devices if device.role is Role.PARK_FIREWALL)
    for device in park.devices:
        if device.role is Role.BOUNDARY:
            yield _survives(device, firewall, backbone, cores)
    for ring in park.rings:
        links = [link for link in park.links if link.id in ring.links]
        cut = [
            link.id
            for link in links
            if _reached(links, ring.devices[0], without_link=link.id) != set(ring.devices)
        ]
        yield _finding(
            "ring", ring.id, cut, "every switch reached with any one ring link lost", str(ring.source)
        )


def _survives(device: Device, firewall: Device, links: list[Link], cores: list[str]) -> Finding:
    cut = [
        link.id for link in links if firewall.name not in _reached(links, device.name, without_link=link.id)
    ]
    cut += [core for core in cores if firewall.name not in _reached(links, device.name, without_node=core)]
    return _finding(
        "n-1",
        device.name,
        cut,
        "the park firewall reached with any one core or link lost",
        str(device.source),
    )


def _finding(check: str, subject: str, cut: list[str], expected: str, source: str) -> Finding:
    actual = f"cut off by the loss of {', '.join(cut)}" if cut else "no single loss cuts it off"
    return Finding(
        "verify.redundancy",
        check,
        Verdict.FAIL if cut else Verdict.PASS,
        f"Expected: {expected}. Actual: {actual}.",
        (Evidence(EvidenceKind.PLAN, subject, source, actual, None),),
        subject,
    )


def _reached(
    links: Iterable[Link], start: str, *, without_link: str = "", without_node: str = ""
) -> set[str]:
    neighbours: dict[str, set[str]] = defaultdict(set)
    for link in links:
        if link.id != without_link and without_node not in (link.a_device, link.b_device):
            neighbours[link.a_device].add(link.b_device)
            neighbours[link.b_device].add(link.a_device)
    seen, pending = {start}, deque([start])
    while pending:
        for name in neighbours[pending.popleft()] - seen:
            seen.add(name)
            pending.append(name)
    return seen
