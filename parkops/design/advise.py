"""Pass: what the plan may do, but falls short of: MLPS levels, and flows that nothing shows to work."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import Advice, SourceRef
from parkops.plan.mlps import shortfalls


def _advise_on_account(draft: Draft) -> None:
    """Where local accounts are the plan's, a push takes others away: its own should be one of them."""
    users, user = draft.plan.management.local_users, draft.plan.access.user
    if users and user not in users:
        what = f"{user!r}, which parkops logs in with, is none of the local users"
        expected = f"{user!r} in management.local_users, or at an AAA server; a push never removes it"
        draft.advice.append(Advice("access", what, expected, draft.marks.ref("access")))


def advise(draft: Draft) -> None:
    """Collect advice; it changes nothing. Last."""
    if draft.plan.security.mlps == "advise":
        for problem in shortfalls(draft.plan, draft.marks):
            source = SourceRef(problem.file, problem.line, problem.col, "")
            draft.advice.append(Advice("mlps", problem.what, problem.expected, source))
    _advise_on_account(draft)
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
