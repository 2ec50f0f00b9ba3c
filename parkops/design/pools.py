"""How much of each pool is given out, and how much there is."""

from __future__ import annotations

from parkops.design.draft import Draft


def pool_sizes(draft: Draft) -> tuple[tuple[str, int, int], ...]:
    """Return (pool, used, size) by name."""
    pools, used = draft.plan.pools, draft.allocator.used
    optional = (("asns", pools.asns), ("vnis", pools.vnis))  # no backbone needs both
    sizes = [(name, used(name), pool.last - pool.first + 1) for name, pool in optional if used(name)]
    sizes += (
        ("links", used("links"), pools.links.ipv4.num_addresses // 2),
        ("loopbacks", used("loopbacks"), pools.loopbacks.ipv4.num_addresses - 2),
        ("management", used("management"), pools.management.ipv4.num_addresses - 3),
        ("segments", used("segments"), 2 ** (24 - pools.segments.ipv4.prefixlen)),
        ("vlans", used("vlans"), pools.vlans.last - pools.vlans.first + 1),
    )
    return tuple(sorted(sizes))
