"""What every section of the plan is made of: strict scalars, identifiers, and the base of all parts."""

from __future__ import annotations

import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from parkops.plan.protocols import PORTS


def _day(value: object) -> object:
    """Return a date; a number or a time of day is none, though pydantic would take it for one."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        return datetime.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise PydanticCustomError("date_type", "not a date") from None


def _text_for(kind: Literal["ip_v4_network", "ip_v6_network"]) -> BeforeValidator:
    """Return a validator that refuses a bare number, which pydantic would take for an address."""

    def check(value: object) -> object:
        if not isinstance(value, str):
            raise PydanticCustomError(kind, "not a prefix")
        return value

    return BeforeValidator(check)


# Strict, because YAML says which of `2`, `"2"` and `true` was meant.
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
Day = Annotated[datetime.date, BeforeValidator(_day)]
Prefix4 = Annotated[IPv4Network, _text_for("ip_v4_network")]
Prefix6 = Annotated[IPv6Network, _text_for("ip_v6_network")]
Line = Annotated[str, Field(max_length=200)]  # text that a description or a comment carries
Text = Annotated[Line, Field(min_length=1)]
Id = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]{0,23}$", description="lower-case letters, digits and hyphens")
]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$")]
SERVICE = r"^(tcp|udp)/([1-9][0-9]{0,4})$|^icmp$|^(" + "|".join(sorted(PORTS)) + ")$"
ServiceSpec = Annotated[str, Field(pattern=SERVICE)]
SECRET = r"^(env|file|age|vault):.+"  # noqa: S105  # the pattern of a reference
Secret = Annotated[str, Field(pattern=SECRET, max_length=300, description="env:, file:, age: or vault:")]
Access = Literal["wired", "wifi6", "5g", "lora"]
Element = Literal["people", "machines", "materials", "environment"]
Protocol = Literal["opcua", "mqtt", "dds", "lwm2m", "xmpp", "modbus", "profinet", "rtsp", "ip"]


class Part(BaseModel):
    """A part of the plan: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


def examples(*shown: dict[str, Any]) -> ConfigDict:
    """Return the examples that the schema and the documentation show of a section."""
    return ConfigDict(json_schema_extra={"examples": list(shown)})
