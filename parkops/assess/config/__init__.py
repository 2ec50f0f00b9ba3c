"""Configurations as facts: what a device's text says about each thing that requirements speak of."""

from parkops.assess.config.audit import Audit, Observation, Plane, Posture, Seen, examine
from parkops.assess.config.folders import Audits, find_audits
from parkops.assess.config.plane import plane_of
from parkops.assess.config.schema import AuditFile, Fact, Rule
from parkops.assess.config.tree import File

__all__ = [
    "Audit",
    "AuditFile",
    "Audits",
    "Fact",
    "File",
    "Observation",
    "Plane",
    "Posture",
    "Rule",
    "Seen",
    "examine",
    "find_audits",
    "plane_of",
]
