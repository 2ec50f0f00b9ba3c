"""Runs the passes one by one and notes what each gave: the way of a value, and what the lock still needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from difflib import get_close_matches
from typing import Any

from parkops.design import PASSES
from parkops.design.allocate import Allocator, Lock
from parkops.design.draft import Draft
from parkops.design.finish import finish
from parkops.errors import UsageError
from parkops.model import Park, SourceRef
from parkops.plan import LoadedPlan
from parkops.platforms import Platforms

NOWHERE = object()
FROZEN_LAST = "finish"
COLLECTIONS = (
    "devices",
    "segments",
    "links",
    "flows",
    "zones",
    "rings",
    "groups",
    "streams",
    "tsn",
    "tenants",
    "circuits",
    "pairs",
)
MORE = ("targets", "expectations", "vrfs", "vpns", "hosted", "cloud_zones", "cloud_tenants")


@dataclass(frozen=True, slots=True)
class Taken:
    """An allocation that a pass asked for."""

    pool: str
    key: str
    number: int
    run: str  # the pass


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a value of the design comes from."""

    path: str
    value: Any
    source: SourceRef | None  # of the nearest object that names one
    run: str  # the pass that gave it its value
    doc: str  # what that pass does
    locked: tuple[Taken, ...] = ()


@dataclass(slots=True)
class Recorder(Allocator):
    """An allocator that remembers who asked for what."""

    taken: list[Taken] = field(default_factory=list)
    run: str = ""

    def take(self, pool: str, key: str, *, first: int, last: int) -> int:
        """Return the number of a key; see `Allocator.take`."""
        number = Allocator.take(self, pool, key, first=first, last=last)
        self.taken.append(Taken(pool, key, number, self.run))
        return number

    def hold(self, pool: str, key: str, number: int) -> int:
        """Give a key the number that the plan states; see `Allocator.hold`."""
        self.taken.append(Taken(pool, key, number, self.run))
        return Allocator.hold(self, pool, key, number)


def explain(
    loaded: LoadedPlan, lock: Mapping[str, Mapping[str, int]], path: str, platforms: Platforms | None = None
) -> Explanation:
    """Return where a value of the design comes from; ``path`` is device.interfaces.eth1.ipv4 and the like.

    Raises UsageError where nothing is called so.
    """
    recorder = Recorder(lock)
    draft = Draft.of(loaded, recorder, platforms)
    states: list[tuple[str, str, Any]] = []
    for run in PASSES:
        recorder.run = run.__name__
        run(draft)
        states.append((run.__name__, _summary(run), _drafted(draft, path)))
    park = finish(draft)
    value, chain = find(park, path)
    given_by, doc = FROZEN_LAST, "Freeze what the passes filled in."
    for name, text, seen in reversed(states):
        if not _same(seen, value):
            break
        given_by, doc = name, text
    source = next((ref for item in reversed(chain) if (ref := getattr(item, "source", None))), None)
    return Explanation(path, value, source, given_by, doc, _locked(recorder.taken, chain, given_by, value))


def unneeded(
    loaded: LoadedPlan, lock: Mapping[str, Mapping[str, int]], platforms: Platforms | None = None
) -> Lock:
    """Return the allocations of a lock that the plan no longer asks for."""
    recorder = Recorder(lock)
    draft = Draft.of(loaded, recorder, platforms)
    for run in PASSES:
        run(draft)
    asked = {(item.pool, item.key) for item in recorder.taken}
    found = {
        pool: {key: number for key, number in keys.items() if (pool, key) not in asked}
        for pool, keys in lock.items()
    }
    return {pool: keys for pool, keys in found.items() if keys}


def find(park: Park, path: str) -> tuple[Any, list[Any]]:
    """Return the value at a path of the park, and the objects on the way to it.

    Raises UsageError where there is none.
    """
    for name in (*COLLECTIONS, *MORE):
        items = getattr(park, name)
        found, rest = _longest({_id(item): item for item in items}, path)
        if found is not None:
            return _walk(found, rest, path)
    if path.partition(".")[0] in park.__slots__:
        return _walk(park, path, path)
    known = [_id(item) for name in COLLECTIONS for item in getattr(park, name)]
    close = get_close_matches(path.partition(".")[0], known, n=1) or get_close_matches(path, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "see `parkops show devices`"
    raise UsageError("nothing in the plan or the design is called so", where=path, hint=hint)


def _id(item: Any) -> str:
    return str(getattr(item, "id", "") or getattr(item, "name", ""))


def _longest(items: Mapping[str, Any], path: str) -> tuple[Any, str]:
    """Return what the longest beginning of a path names, since names may hold dots, and the rest."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        found = items.get(".".join(parts[:length]))
        if found is not None:
            return found, ".".join(parts[length:])
    return None, path


def _walk(value: Any, path: str, whole: str) -> tuple[Any, list[Any]]:
    chain = [value]
    while path:
        if is_dataclass(value):
            key, _, path = path.partition(".")
            known = [name for name in getattr(value, "__slots__", ()) if not name.startswith("_")]
            if key not in known:
                close = get_close_matches(key, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
                raise UsageError(f"{type(value).__name__.lower()} has no {key!r}", where=whole, hint=hint)
            value = getattr(value, key)
        else:
            names = _names(value)
            found, rest = _longest(names, path)
            if found is None:
                raise UsageError(f"no {path!r} here", where=whole, hint=f"known: {', '.join(names)}")
            value, path = found, rest
        chain.append(value)
    return value, chain


def _names(value: Any) -> dict[str, Any]:
    """Return the members of a list by their names, or by their numbers from 0."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        pairs = all(isinstance(item, tuple) and len(item) == 2 for item in value)
        if pairs and value:
            return {str(key): item for key, item in value}
        return {_id(item) or str(index): item for index, item in enumerate(value)}
    return {}


def _drafted(draft: Draft, path: str) -> Any:
    """Return the value at a path of the draft; NOWHERE as long as there is none."""
    streams = {stream.id: stream for stream in draft.streams}
    for items in (draft.devices, draft.segments, draft.links, streams):
        found, rest = _longest(items, path)
        if found is not None:
            rest = "ports" + rest.removeprefix("interfaces") if rest.startswith("interfaces") else rest
            try:
                return _as_it_is(_walk(found, rest, path)[0])
            except UsageError:
                return NOWHERE
    return NOWHERE


def _as_it_is(value: Any) -> Any:
    """Return a copy of what later passes still change."""
    if isinstance(value, Mapping):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value


def _same(drafted: Any, value: Any) -> bool:
    if drafted is NOWHERE or type(drafted) is type(value):
        return bool(drafted == value)
    return is_dataclass(drafted)  # a draft of it


def _summary(run: Callable[[Draft], None]) -> str:
    return (run.__doc__ or "").strip().partition("\n")[0]


def _locked(taken: list[Taken], chain: list[Any], run: str, value: Any) -> tuple[Taken, ...]:
    """Return the entries of park.lock that a pass asked for in the name of the objects on the way."""
    names = set(_keys(chain))
    found = [
        item
        for item in dict.fromkeys(taken)
        if item.run == run and item.key in names and _of_these(item.pool, names)
    ]
    return tuple(item for item in found if _shows(item, value)) or tuple(found)


def _of_these(pool: str, names: set[str]) -> bool:
    """Return whether a pool is everybody's, or that of one of these objects."""
    _, slash, owner = pool.partition("/")
    return not slash or owner in names


def _keys(chain: list[Any]) -> Iterator[str]:
    for item in chain:
        if is_dataclass(item):
            yield from (
                _id(item),
                getattr(item, "link", ""),
                getattr(item, "segment", ""),
                getattr(item, "flow", ""),
                getattr(item, "allocation", ""),
            )


def _shows(item: Taken, value: Any) -> bool:
    """Return whether a value is, or ends in, the number that was taken."""
    return str(value).lstrip("R0") == str(item.number) or str(value).partition("/")[0].endswith(
        f".{item.number}"
    )
