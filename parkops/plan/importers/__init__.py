"""Plans made of what other tools know: NetBox, and workbooks as network engineers exchange them."""

from parkops.plan.importers.compose import Imported, compose, plan_text
from parkops.plan.importers.survey import Found, FoundSegment, Survey

__all__ = ["Found", "FoundSegment", "Imported", "Survey", "compose", "plan_text"]
