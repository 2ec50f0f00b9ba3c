"""The vocabulary that every stage speaks: frozen values, no I/O."""

from parkops.model.assessment import (
    Assessment,
    Evidence,
    EvidenceKind,
    EvidenceSet,
    Finding,
    GroupScore,
    IndicatorScore,
    RequirementResult,
    Verdict,
)
from parkops.model.change import (
    Artifact,
    ArtifactKind,
    Change,
    Guarantee,
    Outcome,
    Result,
    Running,
    Step,
    digest,
)
from parkops.model.network import (
    Access,
    Attestation,
    Circuit,
    Device,
    EndpointGroup,
    Expectation,
    Figure,
    Flow,
    Interface,
    Link,
    Park,
    PortMode,
    Ring,
    Role,
    Rule,
    Segment,
    Service,
    SourceRef,
    Target,
    Tenant,
    Waiver,
    Zone,
)
from parkops.model.watch import Availability, Event, Interval, Reach, Sample, State
from parkops.model.workspace import Workspace

__all__ = [
    "Access", "Artifact", "ArtifactKind", "Assessment", "Attestation", "Availability", "Change",
    "Circuit", "Device", "EndpointGroup", "Event", "Evidence", "EvidenceKind", "EvidenceSet",
    "Expectation", "Figure", "Finding", "Flow", "GroupScore", "Guarantee", "IndicatorScore",
    "Interface", "Interval", "Link", "Outcome", "Park", "PortMode", "Reach", "RequirementResult",
    "Result", "Ring", "Role", "Rule", "Running", "Sample", "Segment", "Service", "SourceRef",
    "State", "Step", "Target", "Tenant", "Verdict", "Waiver", "Workspace", "Zone", "digest",
]
