"""Find which tenants or plants a packet filter's addresses lie in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property

from parkops.assess.nftables import FilterRule, Network, within


class Places:
    """Named prefixes that do not overlap, searched by bisection."""

    def __init__(self, named: Iterable[tuple[str, Network]]) -> None:
        """Keep (place, prefix) pairs; one place may have many prefixes."""
        self._named = tuple(named)
        self._anywhere: dict[tuple[Network, ...], frozenset[str]] = {}

    @cached_property
    def _sorted(self) -> dict[int, tuple[list[int], list[int], list[str]]]:
        """Return (first addresses, last addresses, places) by IP version, in address order."""
        found = {}
        for version in (4, 6):
            own = [(prefix, place) for place, prefix in self._named if prefix.version == version]
            own.sort(key=lambda item: int(item[0].network_address))
            firsts = [int(prefix.network_address) for prefix, _ in own]
            lasts = [int(prefix.broadcast_address) for prefix, _ in own]
            found[version] = (firsts, lasts, [place for _, place in own])
        return found

    def touched(self, rule: FilterRule, end: str) -> frozenset[str]:
        """Return where a rule's source ("s") or destination ("d") can lie; no address means anywhere."""
        networks = rule.networks(end)
        if networks:
            return frozenset(place for network in networks for place in self._overlapping(network))
        outside = rule.outside(end)
        if outside not in self._anywhere:
            self._anywhere[outside] = self._not_within(outside)
        return self._anywhere[outside]

    def _overlapping(self, network: Network) -> Sequence[str]:
        firsts, lasts, places = self._sorted[network.version]
        begin = bisect_left(lasts, int(network.network_address))
        end = bisect_right(firsts, int(network.broadcast_address))
        return places[begin:end]

    def _not_within(self, outside: Sequence[Network]) -> frozenset[str]:
        versions = {network.version for network in outside} or {4, 6}
        return frozenset(
            place
            for place, prefix in self._named
            if prefix.version in versions and not any(within(prefix, network) for network in outside)
        )
