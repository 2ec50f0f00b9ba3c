"""Reads catalogues of the user's own: every mistake is told with its place, before anything is judged."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from parkops.assess.catalogues import Call, Own
from parkops.assess.controls import Control, built_in, of_file
from parkops.assess.files import Source, read_yaml, validate
from parkops.assess.outcome import Check
from parkops.errors import PlanError, Problem

SKELETON = """\
# A catalogue of controls of your own, such as a company standard. Name it in the plan:
#
#   catalogues: [assess/ours.yaml]
#
# or judge by it once: `parkops controls list --verdict fail --catalogue-file assess/ours.yaml`.
# `parkops controls checks` lists the checks with their parameters; `parkops controls show NET-PROD-SEC-05`
# shows how the built-in catalogues use them.
catalogue:
  id: {name}                       # lower-case letters, digits and hyphens
  title: "{title}"
  version: "1"
controls:
- id: {prefix}-SEC-01              # upper-case, unique over all catalogues; waivers and attestations use it
  title_zh: 边界默认拒绝
  requirement: Every boundary drops what no rule allows.
  text_zh: 各边界应丢弃未经规则允许的流量。
  domain: security                 # groups of the report: any word
  aspect: security
  source_ref: "4.2 a)"             # clause of the standard
  confidence: verified             # verified | knowledge: how sure the clause is
  # levels: [3]                    # only zones of these MLPS levels; left out: the park as a whole
  # scope: {{industrial: true}}      # or wireless: true, sensing: true, kinds: [production, enterprise]
  # mapped: [SR 5.2]               # clauses of other standards
  checks:                          # every kind must hold
  - kind: config                   # plan | config | state | probe | attest
    pass: The packet filter of every boundary has policy drop.
    check:                         # registered checks by name, with their parameters
    - default-deny: {{roles: [park-firewall, boundary]}}
  - kind: attest                   # decided by `attestations: {{{prefix}-SEC-01: …}}` of the plan
    pass: The rules were reviewed within a year.
"""


def read_catalogues(root: Path, names: Sequence[str], checks: Mapping[str, Check]) -> tuple[Control, ...]:
    """Return the controls of catalogue files (paths below ``root``); PlanError with every mistake in them."""
    problems: list[Problem] = []
    found: list[Control] = []
    seen = {control.id: control.catalogue for control in built_in()}
    catalogues = {control.catalogue: "a built-in catalogue" for control in built_in()}
    for name in names:
        try:
            source = read_yaml(root / name, name)
            own = validate(Own, source)
        except PlanError as error:
            problems += error.problems
            continue
        problems += _problems(source, own, checks, seen, catalogues)
        found += of_file(own)
    if problems:
        raise PlanError(problems)
    return tuple(found)


def _problems(
    source: Source,
    own: Own,
    checks: Mapping[str, Check],
    seen: dict[str, str],
    catalogues: dict[str, str],
) -> Iterator[Problem]:
    name = own.catalogue.id
    if name in catalogues:
        what = f"{name!r} is the id of {catalogues[name]}"
        yield source.problem(("catalogue", "id"), what, "an id of its own")
    catalogues[name] = f"the catalogue in {source.file}"
    for index, item in enumerate(own.controls):
        if item.id in seen:
            what = f"{item.id!r} stands in the catalogue {seen[item.id]} already"
            yield source.problem(("controls", index, "id"), what, "an id of its own")
        seen[item.id] = name
        for number, entry in enumerate(item.checks):
            if not entry.check and entry.kind.value != "attest":
                path = ("controls", index, "checks", number)
                yield source.problem(path, f"kind {entry.kind.value} without a check", "check: [a check]")
            for place, call in enumerate(entry.check):
                at = ("controls", index, "checks", number, "check", place, call.name)
                for step, what, expected, hint in call_problems(call, checks):
                    yield source.problem((*at, *step), what, expected, hint)


def call_problems(call: Call, checks: Mapping[str, Check]) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    """Yield what is wrong with a call: (place below it, what, what was expected, hint)."""
    check = checks.get(call.name)
    if check is None:
        close = get_close_matches(call.name, checks, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else "`parkops controls checks` lists them"
        yield (), f"no check is called {call.name!r}", "", hint
        return
    known = parameters(check)
    for name in call.params:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else ""
            expected = ", ".join(known) or "no parameter"
            yield (name,), f"{call.name} has no parameter {name!r}", expected, hint
    for name, parameter in known.items():
        if name not in call.params and parameter.default is parameter.empty:
            yield (), f"{call.name} lacks its parameter {name!r}", _shown(parameter.annotation), ""
    hints = get_type_hints(check)
    for name, value in call.params.items():
        if name in known and name in hints:
            yield from _value_problems(call.name, name, value, hints[name])


def parameters(check: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return a check's parameters besides the context."""
    return dict(list(inspect.signature(check).parameters.items())[1:])


def _value_problems(
    check: str, name: str, value: Any, hint: Any
) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    try:
        TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True)).validate_python(value)
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        yield (name,), f"{check}: {name} is {value!r}"[:120], message[:1].lower() + message[1:], ""


def _shown(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def skeleton(path: Path) -> str:
    """Return a commented catalogue that validates, named after its file."""
    stem = "".join(c if c.isalnum() and c.isascii() else "-" for c in path.stem.lower()).strip("-")
    name = stem if stem[:1].isalpha() else f"own-{stem}".rstrip("-")
    prefix = name.upper().replace("-", "") or "OWN"
    return SKELETON.format(name=name, title=path.stem, prefix=prefix)
