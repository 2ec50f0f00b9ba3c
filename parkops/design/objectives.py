"""Pass: what share of the time things must be up, and how fast."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import Objective

WINDOW_DAYS = 30


def set_objectives(draft: Draft) -> None:
    """State the park's objective, those of the plan, and one for each flow with a latency."""
    monitoring, marks = draft.plan.monitoring, draft.marks
    percent = monitoring.objective_percent
    source = marks.ref("monitoring", "objective_percent")
    draft.objectives.append(Objective("all", "all", percent, WINDOW_DAYS, source))
    for name, plan in sorted(monitoring.objectives.items()):
        kind, _, subject = plan.subject.partition(":")
        draft.objectives.append(
            Objective(
                name,
                f"device:{subject}" if kind == "role" else plan.subject,
                plan.availability_percent,
                plan.window_days,
                marks.ref("monitoring", "objectives", name),
                plan.latency_ms,
                plan.loss_percent,
            )
        )
    for flow in draft.flows:
        if flow.latency_ms:
            draft.objectives.append(
                Objective(
                    f"flow/{flow.id}",
                    f"flow:{flow.id}",
                    percent,
                    WINDOW_DAYS,
                    flow.source,
                    flow.latency_ms,
                )
            )
