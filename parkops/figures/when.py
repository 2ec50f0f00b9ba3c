"""Times as people write them: a date, a date with a time, now, or so long ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from parkops.errors import UsageError

_AGO = re.compile(r"^-?(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w|mo|y)$")
_UNITS_S = {
    "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 30 * 86_400, "y": 365 * 86_400,
}  # fmt: skip
_FORMS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m", "%Y",
)  # fmt: skip


def when(text: str, now_s: float) -> float:
    """Return the Unix time that a text means; local time where it names no zone.

    ``now``, ``today``, ``yesterday``; ``-30d``, ``-12h``, ``-90min``, ``-2w`` before now; ``2026-11-01``,
    ``2026-11``, ``2026-11-01 08:00``, ISO 8601 with a zone. UsageError for anything else.
    """
    told = text.strip()
    found = _AGO.match(told)
    if found:
        return now_s - float(found[1]) * _UNITS_S[found[2]]
    midnight = datetime.fromtimestamp(now_s).replace(hour=0, minute=0, second=0, microsecond=0)
    words = {
        "now": datetime.fromtimestamp(now_s), "today": midnight, "yesterday": midnight - timedelta(days=1),
    }  # fmt: skip
    if told.lower() in words:
        return words[told.lower()].timestamp()
    for form in _FORMS:
        try:
            return datetime.strptime(told, form).timestamp()
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(told).timestamp()
    except ValueError:
        hint = "write a date such as 2026-11-01 or '2026-11-01 08:00', or a time ago such as -30d or -12h"
        raise UsageError(f"{text!r} is no time", hint=hint) from None
