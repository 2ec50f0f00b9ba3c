"""Plans drawn at random from a small vocabulary, as text, for property tests of the design."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import yaml
from hypothesis import strategies as st

from parkops.design import Lock, design
from parkops.model import Park
from parkops.plan import parse

Tree = dict[str, Any]

SEGMENTS = ("control", "office", "wifi")
RINGS = ("rstp", "erps", "mrp", "hsr")
SITES = ("a", "b", "hq")
TENANTS = ("acme", "bolt", "cogs", "dyno")
BOUNDARIES = {  # of each tenant the same in every draw: what becomes a pair gets other addresses
    "acme": {},
    "bolt": {"redundancy": "pair"},
    "cogs": {"attach": "trunk"},
    "dyno": {"redundancy": "pair", "attach": "trunk"},
}


@st.composite
def site_trees(draw: st.DrawFn, tenant: str) -> Tree:
    """Draw a site: switches in a line or a ring, segments, endpoints, perhaps a gateway with a broker."""
    segments = draw(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3, unique=True))
    switches = draw(st.integers(1, 4))
    tree: Tree = {
        "title": "site",
        "kind": "plant",
        "switches": switches,
        "segments": {name: {"zone": f"{tenant}-{name}"} for name in segments},
        "endpoints": {
            f"e{number}": {
                "title": "endpoint",
                "segment": draw(st.sampled_from(segments)),
                "element": "machines",
                "count": 2,
                "switch": draw(st.integers(1, switches)),
                "services": draw(st.sampled_from([[], ["tcp/80"], ["tcp/502", "udp/161"]])),
            }
            for number in range(draw(st.integers(0, 3)))
        },
    }
    if switches >= 3 and draw(st.booleans()):
        tree["ring"] = {"protocol": draw(st.sampled_from(RINGS))}
    if draw(st.booleans()):
        resources = {"cpu_cores": 1, "memory_gb": 1, "storage_gb": 1, "objects": 1}
        tree["nodes"] = {
            "gw-1": {
                "role": "edge-gateway",
                "segment": draw(st.sampled_from(segments)),
                "broker": draw(st.booleans()),
                "resources": resources,
            }
        }
    return tree


@st.composite
def plan_trees(draw: st.DrawFn, base: str) -> Tree:
    """Draw a park: the base plan with other tenants, their zones and flows between them."""
    tree: Tree = yaml.safe_load(base)
    names = draw(st.lists(st.sampled_from(TENANTS), min_size=1, max_size=3, unique=True))
    tree["tenants"] = {
        name: {
            "title": name,
            "prefix": name[:2],
            "boundary": BOUNDARIES[name],
            "sites": {
                site: draw(site_trees(name))
                for site in draw(st.lists(st.sampled_from(SITES), min_size=1, max_size=2, unique=True))
            },
        }
        for name in names
    }
    zones = {
        segment["zone"]
        for tenant in tree["tenants"].values()
        for site in tenant["sites"].values()
        for segment in site["segments"].values()
    }
    own = {name: tree["zones"][name] for name in ("video", "operations", "internet")}
    tree["zones"] = {**own, **{name: {"title": name, "kind": "production"} for name in sorted(zones)}}
    inside = sorted(set(tree["zones"]) - {"internet"})
    services = st.lists(
        st.sampled_from(["tcp/80", "tcp/502", "udp/161", "tcp/1883", "tcp/443", "icmp"]),
        min_size=1,
        max_size=2,
        unique=True,
    )
    tree["flows"] = {
        f"f{number}": {
            "from": draw(st.sampled_from(inside)),
            "to": draw(st.sampled_from(sorted(tree["zones"]))),
            "service": draw(services),
            "reason": "because",
            "owner": "somebody",
        }
        for number in range(1, draw(st.integers(2, 6)))
    }
    pairs = {f"{a}-{b}": [a, b] for a, b in combinations(sorted(names), 2)}
    asked = {"asked_by": "somebody", "until": "2099-12-31", "reason": "because"}
    tree["interconnects"] = {name: {"between": pair, **asked} for name, pair in pairs.items()}
    del tree["backbone"]["cores"]
    tree["backbone"].update(draw(backbones()))
    return tree


@st.composite
def backbones(draw: st.DrawFn) -> Tree:
    """Draw the kind of a backbone, its routers and its interior routing."""
    kind = draw(st.sampled_from(["core", "core", "three-tier", "spine-leaf"]))
    routers = {
        "core": ("cores",),
        "three-tier": ("cores", "aggregations"),
        "spine-leaf": ("spines", "leaves"),
    }
    tree: Tree = {name: {"count": draw(st.integers(1, 4))} for name in routers[kind]}
    igps = ["ospf", "isis", *(["bgp"] if kind == "spine-leaf" else [])]
    return {**tree, "kind": kind, "igp": draw(st.sampled_from(igps))}


def text_of(tree: Tree) -> str:
    """Return a plan's text."""
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)


def designed(tree: Tree, lock: Lock | None = None) -> tuple[Park, Lock]:
    """Design a plan."""
    return design(parse(text_of(tree)), lock or {})


def shuffled(tree: Any, seed: int) -> Any:
    """Return the same plan with every mapping's keys in another order."""
    if isinstance(tree, list):
        return [shuffled(item, seed) for item in tree]
    if not isinstance(tree, dict):
        return tree
    keys = list(tree)
    random.Random(seed).shuffle(keys)
    return {key: shuffled(tree[key], seed + 1) for key in keys}
