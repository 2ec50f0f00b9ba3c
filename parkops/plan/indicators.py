"""What each indicator of the guide's table 1 is counted in; the assessment's catalogue has it whole."""

from __future__ import annotations

BOOLEAN = "boolean"
SHARE = ("ratio",)
GROWTH = ("growth-rate",)
FALLING = (19,)  # of which the fall from year to year is what counts
WHOLE = ("count", "additive")
# indicator -> (kind, unit)
INDICATORS: dict[int, tuple[str, str]] = {
    1: ("ratio", "%"),
    2: ("ratio", "%"),
    3: ("amount", "servers"),
    4: ("count", "lines"),
    5: ("ratio", "%"),
    6: ("count", "nodes"),
    7: ("ratio", "%"),
    8: ("count", "apps"),
    9: ("count", "calls"),
    10: ("ratio", "%"),
    11: ("ratio", "%"),
    12: ("ratio", "%"),
    13: ("ratio", "%"),
    14: ("count", "persons"),
    15: ("ratio", "%"),
    16: ("count", "identifiers/year"),
    17: ("count", "users/year"),
    18: ("count", "queries/year"),
    19: ("growth-rate", "%"),
    20: ("count", "standards"),
    21: ("growth-rate", "%"),
    22: ("additive", "services"),
    23: ("ratio", "%"),
    24: ("ratio", "%"),
    25: ("ratio", "%"),
    26: ("boolean", "yes/no"),
    27: ("boolean", "yes/no"),
    28: ("boolean", "yes/no"),
    29: ("count", "times/year"),
    30: ("boolean", "yes/no"),
    31: ("boolean", "yes/no"),
    32: ("amount", "CNY 10k"),
    33: ("amount", "CNY 10k"),
    34: ("additive", "services"),
    35: ("additive", "services"),
    36: ("additive", "services"),
    37: ("ratio", "%"),
    38: ("ratio", "%"),
    39: ("count", "centres"),
    40: ("count", "bases"),
    41: ("boolean", "yes/no"),
    42: ("boolean", "yes/no"),
    43: ("count", "persons"),
    44: ("count", "enterprises"),
    45: ("boolean", "yes/no"),
    46: ("boolean", "yes/no"),
    47: ("boolean", "yes/no"),
    48: ("ratio", "%"),
    49: ("count", "times"),
    50: ("count", "times"),
    51: ("growth-rate", "%"),
    52: ("growth-rate", "%"),
    53: ("growth-rate", "%"),
    54: ("growth-rate", "%"),
    55: ("count", "enterprises"),
    56: ("amount", "CNY 10k/mu/year"),
    57: ("amount", "CNY 10k/person"),
    58: ("amount", "CNY 10k"),
    59: ("ratio", "%"),
    60: ("boolean", "yes/no"),
}
COMPONENTS: dict[int, tuple[str, ...]] = {
    2: (
        "connected devices / inventoried devices",
        "IPv6 addresses / all addresses in use",
        "wireless access penetration",
    ),
    3: (
        "servers managed",
        "storage capacity",
    ),
    12: (
        "classification and grading scheme",
        "security management system",
        "data-security responsibility assigned",
    ),
    14: (
        "responsible department exists",
        "security staff",
    ),
    24: (
        "service offered",
        "SMEs served / all enterprises",
    ),
}
