"""Label matchers of PromQL and of Alertmanager."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

SPECIAL = re.compile(r"[.+*?()|\[\]{}^$\\]")  # of RE2's syntax; other characters stand for themselves


def text(value: str) -> str:
    """Return a string literal."""
    return json.dumps(value, ensure_ascii=False)


def one_of(values: Iterable[str]) -> str:
    """Return the literal of an anchored regular expression that matches these values and no others."""
    return text("|".join(SPECIAL.sub(r"\\\g<0>", value) for value in values))
