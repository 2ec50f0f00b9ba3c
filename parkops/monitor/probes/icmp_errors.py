"""ICMP errors that answer a datagram: which of them may pass, so that a target may still answer."""

from __future__ import annotations

import errno

from parkops.transport.stopped import StoppedError

# (version, type, code) of no route, host unreachable, time exceeded (RFC 1122, 3.2.2; RFC 4443, 3)
_MAY_PASS = {(4, 3, 0), (4, 3, 1), (4, 11, 0), (6, 1, 0), (6, 1, 3), (6, 3, 0)}


def may_pass(error: OSError) -> bool:
    """Tell whether an error is none to give up for: a route may come back, a neighbour may answer."""
    if not isinstance(error, StoppedError):
        return error.errno == errno.EHOSTUNREACH  # this machine's own word of its neighbour
    kind, code, sender = error.icmp
    return (6 if ":" in sender else 4, kind, code) in _MAY_PASS
