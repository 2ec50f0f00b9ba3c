"""YAML to `Plan`: every error at once, with file, line and column."""

from parkops.plan.load import LoadedPlan, load, parse
from parkops.plan.schema import Plan

__all__ = ["LoadedPlan", "Plan", "load", "parse"]
