"""NETCONF framing: whatever the pieces in which bytes come, the messages are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkops.transport.framing import Chunked, EndOfMessage, FramingError

MESSAGES = st.lists(
    st.binary(min_size=1, max_size=200).filter(lambda m: b"]]>]]>" not in m + b"]]>"), max_size=4
)
CUTS = st.lists(st.integers(1, 30), min_size=1)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    found: list[bytes] = []
    number = 0
    while data:
        size = cuts[number % len(cuts)]
        found.append(data[:size])
        data, number = data[size:], number + 1
    return found


@pytest.mark.parametrize("kind", [EndOfMessage, Chunked])
@given(messages=MESSAGES, cuts=CUTS)
def test_messages_survive_any_cutting(
    kind: type[Chunked] | type[EndOfMessage], messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(kind().encode(message) for message in messages)
    framing = kind()
    assert [m for piece in pieces(stream, cuts) for m in framing.feed(piece)] == messages


@given(parts=st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=5), cuts=CUTS)
def test_a_message_of_several_chunks_is_one(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"\n#%d\n%b" % (len(part), part) for part in parts) + b"\n##\n"
    framing = Chunked()
    assert [m for piece in pieces(stream, cuts) for m in framing.feed(piece)] == [b"".join(parts)]


@pytest.mark.parametrize(
    "data", [b"<rpc-reply/>", b"\n#0\nx", b"\n#x\n", b"\n#01\nx", b"\n##\n", b"\n#99999999999\n"]
)
def test_what_is_no_chunk_is_refused(data: bytes) -> None:
    with pytest.raises(FramingError):
        list(Chunked().feed(data))


def test_base_10_does_not_send_its_own_mark() -> None:
    with pytest.raises(FramingError, match="cannot carry"):
        EndOfMessage().encode(b"<description>]]>]]></description>")
