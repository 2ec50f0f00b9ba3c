"""Pass: what the plan may do, but falls short of: MLPS levels, and flows that nothing shows to work."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import Advice, SourceRef
from parkops.plan.mlps import shortfalls


def advise(draft: Draft) -> None:
    """Collect advice; it changes nothing. Last."""
    if draft.plan.security.mlps == "advise":
        for problem in shortfalls(draft.plan, draft.marks):
            source = SourceRef(problem.file, problem.line, problem.col, "")
            draft.advice.append(Advice("mlps", problem.what, problem.expected, source))
    tried = {expectation.flow for expectation in draft.expectations}
    for flow in draft.flows:
        if flow.id not in tried:
            draft.advice.append(
                Advice(
                    "flow",
                    f"nothing listens at the end of flow {flow.id!r}, so that nothing shows that it works",
                    "an endpoint, node or hosted service with its port",
                    flow.source,
                )
            )
    draft.advice.sort(key=lambda item: (item.source, item.what))
