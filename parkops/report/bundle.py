"""What a writer gets: one assessment with its park and its evidence, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from parkops.model import Assessment, EvidenceSet, Park, Verdict

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class AuditedDevice:
    """One device of an audit of configurations, with how many controls have which verdict on it."""

    device: str
    platform: str
    files: tuple[str, ...]
    note: str
    verdicts: Mapping[Verdict, int]


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit of configurations looked at; it has no plan, no state and no scores to tell of."""

    devices: tuple[AuditedDevice, ...]
    told: int  # controls that configurations say something about
    asked: int  # controls of the chosen catalogues and level


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says; ``lang`` is its language, or the first one where both are in it."""

    assessment: Assessment
    park: Park
    evidence: EvidenceSet
    lang: Language = "zh"
    tenant: str = ""  # Tenant.id of a report for one tenant only
    domain: str = ""  # of a report about one domain only
    audit: Audit | None = None  # of configurations alone: what needs a plan or scores is left out


class Writer(Protocol):
    """Turns a report into files: name to content. The same report gives the same bytes."""

    def __call__(self, report: Report) -> Mapping[str, bytes]:
        """Return the files of the report by their names."""
        ...
