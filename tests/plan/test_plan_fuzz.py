"""Whatever a user writes, the answer is a plan or problems with a place: never a traceback."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkops.design import design, parse_lock
from parkops.errors import ProblemsError
from parkops.plan import parse

WORDS = r"""~ null true no 0 -1 7 4095 99999999999999999999 1.5 .nan .inf 1:30 0x_ 0o9 2026-02-30
*a & ' " [] [1,[2]] {} {a:{b:c}} [{}] << plant office acme.p1.control mgmt-1 fd00::/8 10.0.0.0/0 -
0.0.0.0/0 ::/0 10.0.0.1/32 tcp/0 tcp/65536 icmp 中文 --- ... | > ` @ # {a:1 "a\nb" "\x85" !!binary"""
PHRASES = ("", "!!int x", "!!timestamp x", "!!bool x", "&a b", "? x", "- a", "a: b: c", "%YAML 1.1")
CHARACTERS = ("\t", "\x00", "\x85", "\u2028", "\ufffe")
SCALARS = st.sampled_from([*WORDS.split(), *PHRASES, *CHARACTERS])
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1, 4.2
TOKEN = re.compile(r"[^\s{}\[\],:]+")


@st.composite
def mutations(draw: st.DrawFn, text: str) -> str:
    """Replace, delete, double or move a few tokens and lines."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(1, 4))):
        row = draw(st.integers(0, len(lines) - 1))
        kind = draw(
            st.sampled_from(["token", "token", "token", "delete", "double", "move", "indent", "append"])
        )
        tokens = list(TOKEN.finditer(lines[row]))
        if kind == "token" and tokens:
            found = draw(st.sampled_from(tokens))
            lines[row] = lines[row][: found.start()] + draw(SCALARS) + lines[row][found.end() :]
        elif kind == "delete" and len(lines) > 1:
            del lines[row]
        elif kind == "double":
            lines.insert(row, lines[row])
        elif kind == "move":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(row))
        elif kind == "indent":
            lines[row] = draw(st.sampled_from([" ", "  ", "\t"])) + lines[row]
        elif kind == "append":
            lines[row] += draw(SCALARS)
    return "\n".join(lines)


def _places_are_true(error: ProblemsError, text: str) -> None:
    lines = BREAK.split(text)
    assert error.problems
    for problem in error.problems:
        assert "\n" not in str(problem)
        assert 1 <= problem.line <= len(lines) + 1
        assert problem.col >= 1
        assert problem.what


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_mutated_plan_is_accepted_or_refused_with_places(data: st.DataObject, base_text: str) -> None:
    text = data.draw(mutations(base_text))
    try:
        park, _ = design(parse(text), {})
    except ProblemsError as error:
        _places_are_true(error, text)
    else:
        assert park.devices


LOCK = "links:\n  core-1--core-2: 0\n  core-1--fw-1: 1\nvlans:\n  acme.hq.staff: 100\n  public.video: 101\n"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_mutated_lock_is_accepted_or_refused_with_places(data: st.DataObject, base_text: str) -> None:
    text = data.draw(mutations(LOCK))
    try:
        lock = parse_lock(text.encode(errors="surrogatepass"))
        design(parse(base_text), lock.numbers, lock.marks)
    except ProblemsError as error:
        _places_are_true(error, text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="[]{}:-?&*!|>'\"%@`#, \n\tab1~<.\u0085\ufeff", max_size=60))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    try:
        parse(text)
    except ProblemsError as error:
        _places_are_true(error, text)
