"""Write an assessment for people (HTML) and for programs (JSON)."""

from parkops.report import html, json_

__all__ = ["html", "json_"]
