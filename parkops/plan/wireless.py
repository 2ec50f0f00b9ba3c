"""Which bands a wireless network is offered in where the plan names none."""

from __future__ import annotations

from parkops.plan.schema import WlanPlan

SIX_GHZ = ("wifi6e", "wifi7")  # generations that have the band of 6 GHz


def bands(plan: WlanPlan) -> tuple[str, ...]:
    """Return the bands in GHz; the band of 6 GHz wants WPA3 (IEEE 802.11ax, 12.12.2) and new devices."""
    if plan.bands is not None:
        return plan.bands
    six = plan.standard in SIX_GHZ and plan.security.startswith("wpa3")
    return ("5", "6") if six else ("2.4", "5")
