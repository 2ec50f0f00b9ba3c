"""What may stand below each place of the plan, worked out once from the schema."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from parkops.plan.schema import (
    EndpointPlan,
    FlowPlan,
    NodePlan,
    Plan,
    SegmentPlan,
    SitePlan,
    TenantPlan,
    ZonePlan,
)

# What a profile may be of: one of these, or a set of them by name.
KINDS: dict[str, type[BaseModel]] = {
    "tenant": TenantPlan,
    "site": SitePlan,
    "segment": SegmentPlan,
    "endpoint": EndpointPlan,
    "node": NodePlan,
    "zone": ZonePlan,
    "flow": FlowPlan,
}
SETS = {f"{kind}s": kind for kind in KINDS}


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A place of the plan: a part with its keys, parts by name, a list, or a scalar."""

    profile: str = ""  # kind of the profiles that it takes
    keys: Mapping[str, Shape] = field(default_factory=dict)
    each: Shape | None = None  # what stands below each name
    item: Shape | None = None  # what a list holds

    def below(self, key: str) -> Shape:
        """Return what may stand at a key."""
        return self.each or self.keys.get(key, ANYTHING)


ANYTHING = Shape()


@cache
def plan_shape() -> Shape:
    """Return the shape of a whole plan."""
    return _of_model(Plan)


def shape_of(kind: str) -> Shape:
    """Return the shape of what a profile of a kind describes."""
    if kind in KINDS:
        return _of_model(KINDS[kind])
    return Shape(kind, each=_of_model(KINDS[SETS[kind]]))


@cache
def _of_model(model: type[BaseModel]) -> Shape:
    keys = {info.alias or name: _of(info.annotation) for name, info in model.model_fields.items()}
    return Shape(_kind(model), keys)


def _kind(model: type[BaseModel]) -> str:
    return next((kind for kind, base in KINDS.items() if issubclass(model, base)), "")


def _of(annotation: Any) -> Shape:
    """Return the shape of a type; of a union's options, the first that holds anything."""
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return _of_model(option)
        if get_origin(option) is dict and _text(get_args(option)[0]):
            each = _of(get_args(option)[1])
            return Shape(f"{each.profile}s" if each.profile in KINDS else "", each=each)
        if get_origin(option) is tuple:
            return Shape(item=_of(get_args(option)[0]))
    return ANYTHING


def _options(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _options(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for option in get_args(annotation):
            yield from _options(option)
    else:
        yield annotation


def _text(annotation: Any) -> bool:
    return str in tuple(_options(annotation))
