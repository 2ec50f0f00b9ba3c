"""Whether what was sent arrived at its target, by what came back: the meaning of ``expect=blocked``."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

# (type, code) of destination unreachable: RFC 792, RFC 1812 5.2.7.1; of IPv6: RFC 4443 3.1.
_MEANINGS_4 = {
    0: "no route to the network", 1: "the host cannot be reached", 2: "protocol unreachable",
    3: "port unreachable", 6: "network unknown", 7: "host unknown", 9: "network administratively prohibited",
    10: "host administratively prohibited", 13: "administratively prohibited",
}  # fmt: skip
_MEANINGS_6 = {
    0: "no route to the network", 1: "administratively prohibited", 2: "beyond the scope of the source",
    3: "the host cannot be reached", 4: "port unreachable", 5: "the source is not allowed",
    6: "reject route",
}  # fmt: skip
_UNREACHABLE_4, _UNREACHABLE_6 = 3, 1
_EXCEEDED_4, _EXCEEDED_6 = 11, 3
_NOBODY_LISTENS = {(4, 3, 2), (4, 3, 3), (6, 1, 4)}  # what a destination host says of a closed port


@dataclass(frozen=True, slots=True)
class IcmpError:
    """An ICMP error that answered what was sent, and who sent it."""

    type: int
    code: int
    sender: str

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.sender else 4

    @property
    def meaning(self) -> str:
        """What it says."""
        kind, names = (_UNREACHABLE_6, _MEANINGS_6) if self.version == 6 else (_UNREACHABLE_4, _MEANINGS_4)
        known = names.get(self.code) if self.type == kind else None
        if self.type == (_EXCEEDED_6 if self.version == 6 else _EXCEEDED_4):
            known = "the time to live ran out: a loop of routes, or a way too long"
        return known or f"ICMP type {self.type}, code {self.code}"

    def __str__(self) -> str:
        """Say who said what."""
        return f"{self.sender} says: {self.meaning}"


def arrived(result: str, target: str, icmp: IcmpError | None = None, *, rejects: bool = False) -> bool | None:
    """Tell whether what was sent came through to the host ``target`` (its address); None: not decidable.

    What is forbidden is blocked where it did not arrive. ``result`` is what came back:

    - ``answer``, ``failed``: the service said something, if only what it should not: it arrived.
    - ``refused``: a TCP reset. A host sends it for a closed port (RFC 9293, 3.10.7.1), so the boundary let
      the packet through: only the service is off today. What parkops renders drops and never resets. A
      boundary that is somebody else's may reset in the target's name, and its reset looks the same; where
      it is known to (``rejects``), a reset is what a working boundary shows.
    - ``stopped``: an ICMP error. Port unreachable (and protocol unreachable) comes from the destination host
      alone (RFC 1122, 3.2.2.1; RFC 4443, 3.1): from the target itself it is a closed port, and the packet
      arrived; from any other address it is a filter that rejects (the default of nftables). Every other
      error, administratively prohibited before all, is sent in place of delivery: it did not arrive.
    - ``silent``: dropped on its way. A host that is off is silent as well: that something is there must
      be watched by another target.
    - ``unable``: nothing was sent, or the sender's own line is down: nothing is known.
    """
    if result == "unable":
        return None
    if result == "refused":
        return not rejects
    if result == "stopped" and icmp is not None:
        closed = (icmp.version, icmp.type, icmp.code) in _NOBODY_LISTENS
        return closed and ip_address(icmp.sender) == ip_address(target)
    return result in ("answer", "failed")
