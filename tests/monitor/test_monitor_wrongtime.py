"""The lab's wrong clock is wrong by what was asked for, as the probe of NTP sees it."""

import socket
import threading

import pytest
from monitor_parts import look, target

from parkops.lab.wrongtime import answer
from parkops.model import State


@pytest.mark.parametrize("offset_s", [0.5, -3.0])
def test_a_wrong_clock_is_off_by_what_was_asked_for(offset_s):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(20)

        def once():
            request, sender = sock.recvfrom(1024)
            sock.sendto(answer(request, offset_s), sender)

        thread = threading.Thread(target=once)
        thread.start()
        sample = look(target("ntp", sock.getsockname()[1]))
        thread.join()
    assert sample.state is State.UP
    assert dict(sample.values)["offset_s"] == pytest.approx(offset_s, abs=0.2)
