"""Bridges and articulation points of an undirected multigraph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

Adjacency = Mapping[str, list[tuple[str, str]]]  # node -> [(neighbour, edge id)]


@dataclass(frozen=True, slots=True)
class Cuts:
    """Edges and nodes whose loss splits the component that they are in."""

    bridges: frozenset[str]
    articulations: frozenset[str]


def adjacency(edges: Iterable[tuple[str, str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Build the neighbour lists of (edge id, node, node); parallel edges stay apart."""
    neighbours: dict[str, list[tuple[str, str]]] = {}
    for edge, a, b in edges:
        neighbours.setdefault(a, []).append((b, edge))
        neighbours.setdefault(b, []).append((a, edge))
    return neighbours


def cuts(neighbours: Adjacency) -> Cuts:
    """Find all bridges and articulation points in linear time.

    Source: Hopcroft and Tarjan, Algorithm 447 (CACM 1973), without recursion so that long chains do
    not exhaust the stack.
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    bridges: set[str] = set()
    articulations: set[str] = set()
    for root in neighbours:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        children = 0
        stack: list[tuple[str, str, Iterator[tuple[str, str]]]] = [(root, "", iter(neighbours[root]))]
        while stack:
            node, entered, rest = stack[-1]
            for neighbour, edge in rest:
                if neighbour not in order:
                    order[neighbour] = low[neighbour] = len(order)
                    stack.append((neighbour, edge, iter(neighbours[neighbour])))
                    break
                if edge != entered:
                    low[node] = min(low[node], order[neighbour])
            else:
                stack.pop()
                if not stack:
                    continue
                parent = stack[-1][0]
                low[parent] = min(low[parent], low[node])
                children += parent == root
                if low[node] > order[parent]:
                    bridges.add(entered)
                if low[node] >= order[parent] and parent != root:
                    articulations.add(parent)
        if children > 1:
            articulations.add(root)
    return Cuts(frozenset(bridges), frozenset(articulations))


def reachable(neighbours: Adjacency, starts: Iterable[str], without: Collection[str] = ()) -> set[str]:
    """Return the nodes that ``starts`` reach when the nodes and edges in ``without`` are gone."""
    seen = {start for start in starts if start not in without}
    queue = list(seen)
    while queue:
        for neighbour, edge in neighbours.get(queue.pop(), ()):
            if neighbour not in seen and neighbour not in without and edge not in without:
                seen.add(neighbour)
                queue.append(neighbour)
    return seen


def distances(neighbours: Adjacency, start: str) -> dict[str, int]:
    """Return the hops from ``start`` to every node that it reaches."""
    found, layer = {start: 0}, [start]
    while layer:
        following = []
        for node in layer:
            for neighbour, _ in neighbours.get(node, ()):
                if neighbour not in found:
                    found[neighbour] = found[node] + 1
                    following.append(neighbour)
        layer = following
    return found
