"""Try a connection with a shell's own means, where a vantage node has no Python."""

from __future__ import annotations

import math
from ipaddress import ip_address

from parkops.monitor.vantage.session import Answer, Ask

NOTHING = 99  # no means at all
TIMEOUTS = (124, 143)  # what timeout(1) says: coreutils, busybox
_TCP = """
if command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1
then LC_ALL=C timeout {fraction} bash -c 'exec 3<>/dev/tcp/{address}/{port}'
elif command -v nc >/dev/null 2>&1; then LC_ALL=C nc -z -w {seconds} {address} {port}
else exit 99; fi"""
_ICMP = "command -v ping >/dev/null 2>&1 || exit 99; LC_ALL=C ping -n -c 1 -W {seconds} {address}"


def command(ask: Ask) -> str | None:
    """Return a command line for a POSIX shell, None for what a shell cannot try."""
    text = {"tcp": _TCP, "icmp": _ICMP}.get(ask.kind)
    if text is None:
        return None
    address = ip_address(ask.address)  # nothing else may stand in a command line
    whole_s = max(1, math.floor(ask.timeout_s))  # nc and ping of busybox take no fractions
    return text.format(
        seconds=whole_s, fraction=f"{ask.timeout_s:.1f}", address=address, port=int(ask.port)
    ).strip()


def read(status: int, said: str, ask: Ask) -> Answer:
    """Return what a command's end tells."""
    words = said.lower()
    last = said.strip().rpartition("\n")[2][-120:]
    if status == 0:
        return Answer("answer", "connected" if ask.kind == "tcp" else "echo reply")
    if status == NOTHING:
        return Answer("unable", "the node has neither python3 nor another means to try")
    if "refused" in words:
        return Answer("refused", "refused by the far end")
    if "unreachable" in words and "network" in words:
        return Answer("unable", last)
    if "no route to host" in words or "permission denied" in words:  # EHOSTUNREACH, of IPv6 EACCES, too
        return Answer("silent", last)
    if status in TIMEOUTS or "timed out" in words or (ask.kind == "icmp" and status == 1):
        return Answer("silent", f"no answer within {ask.timeout_s:g} s")
    if ask.kind == "tcp" and status == 1 and not last:  # nc -z says nothing
        return Answer("silent", "no connection")
    return Answer("failed" if ask.kind == "tcp" else "unable", last or f"exit status {status}")
