"""Nothing in a plan is silently ignored: another value makes another park, or is refused with a reason."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from design_effect import At, Kind, designed, kinds, leaves, noticed

HERE = Path(__file__).parent
PLANS = tuple(sorted((HERE / "everything").glob("*.yaml")))
PLACES = 3  # of a key that are tried
REFUSED = {  # keys of these plans that other keys hold to their value, and why
    "backbone.exit.announce.*": "published addresses are of what is announced",
    "backbone.exit.policy.tenants.*.*": "the other line has no way of its own",
    "cloud.model": "its zones are of this model",
    "management.aaa.protocol": "port access asks RADIUS servers",
    "public.mode": "a gateway of its own belongs to a network of its own",
    "tenants.*.sites.*.ring.protocol": "each protocol has keys of its own",
    "tenants.*.sites.*.segments.*.access.*": "a segment has the access that its endpoints use",
    "tenants.*.sites.*.segments.*.zone": "zones have one owner, and flows join them",
    "tenants.*.sites.*.tsn.grandmaster": "the standby is another switch",
    "tenants.*.sites.*.wireless.networks.*.security": "a key belongs to a personal network only",
    "tenants.*.sites.*.workloads.*.nodes.*": "a node that runs what the site places",
    "backbone.kind": "another kind has other routers",
    "cloud.tenants.*.zones.*": "a zone has the hosts that its quotas need",
    "hosted.*.zone": "zones have one owner, and flows join them",
    "interconnects.*.between.*": "zones have one owner, and flows join them",
    "public.endpoints.*.access": "a segment has the access that its endpoints use",
    "public.gateway": "what goes with a fabric does not go with a boundary",
    "public.ring.protocol": "each protocol has keys of its own",
    "public.segments.*.access.*": "a segment has the access that its endpoints use",
    "public.segments.*.zone": "zones have one owner, and flows join them",
    "public.tsn.grandmaster": "the standby is another switch",
    "public.tsn.streams.*.redundant": "a ring by mrp blocks a port for every VLAN",
    "public.wireless.networks.*.security": "a key belongs to a personal network only",
    "public.workloads.*.nodes.*": "as many nodes as replicas",
    "public.workloads.*.replicas": "as many nodes as replicas",
    "published.*.address": "an address that the park announces",
    "remote_access.*.zone": "zones have one owner, and flows join them",
    "security.one_way.*.from": "zones have one owner, and flows join them",
    "services.endpoints.*.access": "a segment has the access that its endpoints use",
    "services.nodes.*.cloud_zone": "a zone has the hosts that its quotas need",
    "services.nodes.*.identifier.prefix": "a prefix lies inside that of the node above",
    "services.nodes.*.identifier.upstream_prefix": "a prefix lies inside that of the node above",
    "services.ring.protocol": "each protocol has keys of its own",
    "services.segments.*.access.*": "a segment has the access that its endpoints use",
    "services.segments.*.zone": "zones have one owner, and flows join them",
    "services.tsn.grandmaster": "the standby is another switch",
    "services.wireless.networks.*.security": "a key belongs to a personal network only",
    "services.workloads.*.nodes.*": "as many nodes as replicas",
    "services.workloads.*.replicas": "as many nodes as replicas",
    "tenants.*.leased_lines.*.tunnel": "the key and the peer belong to a tunnel",
    "tenants.*.leased_lines.*.zone": "zones have one owner, and flows join them",
    "tenants.*.remote_access.*.kind": "each kind has identities of its own",
    "tenants.*.sites.*.endpoints.*.access": "a segment has the access that its endpoints use",
    "tenants.*.sites.*.gateway": "what goes with a fabric does not go with a boundary",
    "tenants.*.sites.*.nodes.*.cloud_zone": "a zone has the hosts that its quotas need",
    "tenants.*.sites.*.nodes.*.identifier.prefix": "a prefix lies inside that of the node above",
    "tenants.*.sites.*.nodes.*.identifier.tenants.*": "a prefix lies inside that of the node above",
    "tenants.*.sites.*.nodes.*.identifier.upstream_prefix": "a prefix lies inside that of the node above",
    "tenants.*.sites.*.nodes.*.identifier.via": "a prefix lies inside that of the node above",
}
ELSEWHERE = {"services.": "tenants.*.sites.*.", "public.": "tenants.*.sites.*.", "remote": "tenants.*.remote"}


@cache
def found() -> dict[str, list[tuple[Path, At, Kind]]]:
    """Return where each key of the schema stands in the plans that have every key."""
    seen: dict[str, list[tuple[Path, At, Kind]]] = {}
    for plan in PLANS:
        for path, kind in leaves(tree_of(plan)):
            seen.setdefault(".".join(kind), []).append((plan, path, kind))
    return seen


@cache
def tree_of(plan: Path) -> Any:
    return yaml.safe_load(plan.read_text(encoding="utf-8"))


@cache
def before(plan: Path) -> Any:
    return designed(tree_of(plan))


KEYS = sorted({".".join(kind) for kind in kinds()})


def test_the_plans_have_every_key() -> None:
    """A key that excludes others at one place stands at another place of the same part."""
    missing = {key for key in KEYS if key not in found()}
    others = {
        key: key.replace(start, at, 1)
        for key in missing
        for start, at in ELSEWHERE.items()
        if key.startswith(start)
    }
    assert [key for key in missing if others.get(key) not in found()] == []
    assert set(REFUSED) <= {*KEYS}


@pytest.mark.parametrize("key", [key for key in KEYS if key in found() and key not in REFUSED])
def test_another_value_makes_another_park(key: str) -> None:
    tried = (noticed(tree_of(plan), before(plan), path, kind) for plan, path, kind in found()[key][:PLACES])
    assert "effect" in tried


@pytest.mark.parametrize("key", [key for key in sorted(REFUSED) if key in found()])
def test_another_value_is_refused(key: str) -> None:
    plan, path, kind = found()[key][0]
    assert noticed(tree_of(plan), before(plan), path, kind, tries=5) != "ignored"
