"""What an auditor reads: evidence, findings, scores."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parkops.model.advice import Diagnosis
from parkops.model.change import Artifact, Result, Running
from parkops.model.figures import Figures
from parkops.model.history import Trend
from parkops.model.proof import ChangeLog, FileSeen, Measure
from parkops.model.watch import Availability, Event, Interval, Reach, Signal


class Verdict(StrEnum):
    """Unknown is not fail, and not pass."""

    PASS = "pass"  # noqa: S105  # a verdict, no password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"
    WAIVED = "waived"


class EvidenceKind(StrEnum):
    """Where evidence comes from."""

    PLAN = "plan"
    CONFIG = "config"
    STATE = "state"
    PROBE = "probe"
    ATTEST = "attest"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation: ``source`` is a plan line, a config line, a device or a probe."""

    kind: EvidenceKind
    subject: str
    source: str
    text: str  # what was seen
    time_s: float | None  # None: as old as the plan
    max_age_s: float | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of one requirement found about one subject."""

    requirement: str
    check: str
    verdict: Verdict
    message: str  # "Expected: … Actual: …"
    evidence: tuple[Evidence, ...] = ()
    subject: str = "park"
    kind: str = ""  # EvidenceKind that the catalogue asks for here
    mend: str = ""  # what to enter on the device, in its own language, or to change in the plan; "" unknown


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """A requirement with the verdict over all its findings."""

    id: str
    title_zh: str
    text: str
    domain: str
    aspect: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    kinds: tuple[str, ...] = ()  # kinds of check that the catalogue asks for
    message: str = ""  # why this verdict: what failed, or what is not yet evidenced
    text_zh: str = ""  # the requirement in Chinese
    catalogue: str = "guide"  # guide, mlps, or the id of a catalogue of the user's
    clauses: tuple[str, ...] = ()  # clauses of the source, by level where it has levels
    confidence: str = ""  # verified | knowledge: how sure the clause is; "" where the source has none
    levels: tuple[int, ...] = ()  # MLPS levels that ask for it
    mapped: tuple[str, ...] = ()  # clauses of other standards, such as "SR 7.2" of IEC 62443-3-3


@dataclass(frozen=True, slots=True)
class IndicatorScore:
    """One indicator: its value, its score by formula (2), and the bounds where it is unknown (0 to 100)."""

    id: int
    name_zh: str
    name_en: str
    level1: int
    level2: int
    weight: float  # gamma
    value: float | None
    unit: str
    score: float | None
    low: float
    high: float
    basis: str  # measured | stated | unknown
    explanation: str
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[tuple[str, float], ...] = ()  # scores of its components, where it has some


@dataclass(frozen=True, slots=True)
class GroupScore:
    """A first- or second-level indicator: point (over what is known) and bounds."""

    level: int
    id: int
    name_zh: str
    name_en: str
    weight: float
    point: float | None
    low: float
    high: float
    coverage: float  # share of weight that is known, 0 to 1


@dataclass(frozen=True, slots=True)
class EvidenceSet:
    """All that the assessment may look at, read from the store, the build and the devices."""

    artifacts: tuple[Artifact, ...] = ()
    running: tuple[Running, ...] = ()
    intervals: tuple[Interval, ...] = ()
    availability: tuple[Availability, ...] = ()
    events: tuple[Event, ...] = ()
    reach: tuple[Reach, ...] = ()
    results: tuple[Result, ...] = ()  # last push
    pushed_s: float | None = None
    now_s: float = 0.0
    measures: tuple[Measure, ...] = ()
    signals: tuple[Signal, ...] = ()
    records: tuple[Evidence, ...] = ()  # what operators and tools put on record; ``subject`` is the topic
    files: tuple[FileSeen, ...] | None = None  # that attestations name; None: nobody looked
    changes: ChangeLog | None = None  # None: there is no push journal
    figures: Figures | None = None  # over the availability's window; None without a store


@dataclass(frozen=True, slots=True)
class Assessment:
    """The park's verdicts and scores at one time."""

    park: str
    title: str
    plan_digest: str
    time_s: float
    requirements: tuple[RequirementResult, ...]
    indicators: tuple[IndicatorScore, ...]
    groups: tuple[GroupScore, ...]
    total_point: float | None
    total_low: float
    total_high: float
    infrastructure_point: float | None
    infrastructure_low: float
    infrastructure_high: float
    coverage: float  # share of global weight that is known, 0 to 1
    controls: tuple[RequirementResult, ...] = ()  # of the MLPS and the user's catalogues
    profile: str = "general"  # thresholds and weights that the scores are told by
    weights: str = "the guide's"  # where the weights come from
    grade: str = ""  # Stage.id; "" while the coverage is below the floor
    grade_low: str = ""  # Stage.id of the bounds: the grade may be any between them
    grade_high: str = ""
    grade_floor: float = 0.0  # least coverage for a grade, 0 to 1
    diagnosis: Diagnosis | None = None
    trend: Trend | None = None  # with earlier assessments of this park
