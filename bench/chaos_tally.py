"""What the fault campaign has tried, how each case came out, and the table of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from common import table, write_json

MOST = 500  # places to die at; there are fewer


@dataclass(frozen=True)
class Case:
    """One fault and how it came out: "all new", "all old", or what was wrong."""

    fault: str
    step: str
    outcome: str
    healed: bool
    journal_whole: bool = True


@dataclass
class Tally:
    """What was tried; ``quick`` takes a sample of the places, drawn by the seed."""

    seed: int
    quick: bool
    cases: list[Case] = field(default_factory=list)

    def chosen(self, places: range) -> Iterator[int]:
        """Yield every place, or in a quick run some of them."""
        drawn = random.Random(self.seed)
        yield from (n for n in places if not self.quick or drawn.random() < 0.1)

    def add(self, fault: str, step: str, outcome: str, trouble: list[str]) -> None:
        """Note a case."""
        whole = not any(said.startswith("entry ") for said in trouble)
        self.cases.append(Case(fault, step, "; ".join(trouble) or outcome, not trouble, whole))
        if trouble:
            print(f"IN DOUBT: {fault} at {step}: {'; '.join(trouble)}", flush=True)


def report(tally: Tally, file: str | None) -> None:
    """Print the table, and write the figures."""
    tried = Counter(case.fault for case in tally.cases)
    healed = Counter(case.fault for case in tally.cases if case.healed)
    new = Counter(case.fault for case in tally.cases if case.outcome == "all new")
    rows = [[f, n, healed[f], new[f], healed[f] - new[f], n - healed[f]] for f, n in tried.items()]
    print(table(("fault", "tried", "survived", "all new", "all old", "in doubt"), rows))
    document = {
        "tried": len(tally.cases),
        "healed": sum(case.healed for case in tally.cases),
        "in_doubt": sum(not case.healed for case in tally.cases),
        "journal_whole": all(case.journal_whole for case in tally.cases),
        "cases": [asdict(case) for case in tally.cases],
    }
    print(f"{document['tried']} faults tried, {document['healed']} survived, {document['in_doubt']} in doubt")
    write_json(file, document)
