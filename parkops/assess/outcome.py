"""What a check answers: a verdict with what was expected, what was seen, and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from parkops.model import Evidence, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer about one subject."""

    verdict: Verdict
    expected: str
    actual: str
    evidence: tuple[Evidence, ...] = ()
    subject: str = "park"
    mend: str = ""  # what to change in the plan or on the device, where it failed

    @property
    def message(self) -> str:
        """The answer as a sentence."""
        return f"Expected: {self.expected}. Actual: {self.actual}."


Check = Callable[..., Iterable[Outcome]]  # (context, **parameters of the catalogue)


def decided(
    held: bool | None,
    expected: str,
    actual: str,
    evidence: Iterable[Evidence] = (),
    subject: str = "park",
    mend: str = "",
) -> Outcome:
    """Turn yes, no or None (cannot be told) into an outcome; what holds needs no mending."""
    verdict = Verdict.UNKNOWN if held is None else Verdict.PASS if held else Verdict.FAIL
    return Outcome(verdict, expected, actual, tuple(evidence), subject, "" if held else mend)


def not_applicable(expected: str, why: str, evidence: Iterable[Evidence] = ()) -> Outcome:
    """Say that the park has nothing that this check speaks of."""
    return Outcome(Verdict.NOT_APPLICABLE, expected, why, tuple(evidence))


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """Fold verdicts: one fail fails, else one unknown leaves it unknown, else one pass passes."""
    seen = set(verdicts)
    for verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS, Verdict.NOT_APPLICABLE):
        if verdict in seen:
            return verdict
    return Verdict.UNKNOWN


def listed(names: Iterable[str], limit: int = 6) -> str:
    """Join names, cut short where they are many."""
    ordered = sorted(set(names))
    more = f" and {len(ordered) - limit} more" if len(ordered) > limit else ""
    return ", ".join(ordered[:limit]) + more if ordered else "none"
