"""Words a reference to something that does not exist, with what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from parkops.errors import Problem
from parkops.plan.marks import Key, Marks

LISTED = 24  # so many options are listed; of more, only the closest is named


def unknown(marks: Marks, path: Sequence[Key], name: str, kind: str, known: Iterable[str]) -> Problem:
    """Return the problem of a value that names nothing of a kind."""
    options = sorted(set(known))
    close = get_close_matches(name, options, n=1)
    expected = f"one of {', '.join(options)}" if 0 < len(options) <= LISTED else f"a {kind} that exists"
    return marks.problem(
        path, f"no {kind} {name!r}", expected, f"did you mean {close[0]!r}?" if close else ""
    )
