"""On every platform that there is: no text of a plan adds a line, leaves its quotes or reads out a secret."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from sample import sample_park

from parkops.model import Artifact, ArtifactKind, Park
from parkops.platforms import find_platforms
from parkops.render import Renderer
from parkops.render.text import one_line

# What people may write into a plan, in any language; ids and addresses have patterns of their own.
FREE = frozenset(
    ("title", "description", "reason", "owner", "operator", "banner", "location", "contact", "ssid")
)
NASTY = (
    '"; } drop; { "',
    "a\n!\nrouter ospf\n ospf router-id 1.1.1.1\n#\nundo all",
    "]]></description><enabled>false</enabled><!-- -->",
    "# comment\r\nallow 0.0.0.0/0",
    "{{ device.name }}{% for x in y %}",
    "$(reboot) `reboot` ${uri} %n%s %i",
    'trailing backslash \\"\\',
    "tab\tand\x0bvertical\x0cfeed\x85next\u2028line\u2029paragraph\x1c\x1d\x1e",
    "\x02backbone\x04ssh\x03",
    "\x00\x01\x1b[31m\x7f",
    "? | include x",
    "end",
    "^C",
    "^\nno aaa new-model",
    "EOF\nreload",
    "@secret:env:HOME@",
    "！停？“急” 汉" + "汉" * 400,
    "\u202e\u200b\ufeff右至左",
    "'; return 200 'owned' #",
    "*",
    "- x: {y: [z",
    "🏭 e\u0301 " * 40,
)
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(alphabet="\"'\\#!?|;{}[]<>&$`%^*@\n\r\t\x00\x02\x03\x04\x85\u2028 aä汉", min_size=1, max_size=30),
    st.text(min_size=1, max_size=60),
).filter(one_line)  # where nothing is left of a text, a platform may leave out its command
PLATFORMS = sorted(name for name in find_platforms().names() if find_platforms().get(name).artifacts)
PLAIN = "plaintext"
PARSED = {"json": json.loads, "yaml": yaml.safe_load, "prometheus": yaml.safe_load}


def with_texts(value: Any, text: Callable[[], str]) -> Any:
    """Return a design in which every free text is another one; empty ones stay empty."""
    if isinstance(value, tuple):
        return tuple(with_texts(item, text) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {}
    for field in fields(value):
        if not field.compare:
            continue
        old = getattr(value, field.name)
        if field.name == "properties":  # keys and values may be any text; these are known to templates
            changed["properties"] = tuple((key, text()) for key in ("apn", "modem", "prefix"))
            continue
        new = text() if field.name in FREE and old else with_texts(old, text)
        if new is not old:
            changed[field.name] = new
    return replace(value, **changed) if changed else value


def rendered(park: Park) -> dict[str, Artifact]:
    renderer = Renderer.of(park)
    devices = [device for device in park.managed if device.platform != "host"]
    return {item.path: item for device in devices for item in renderer.device(device)}


@pytest.fixture(scope="module", params=PLATFORMS)
def case(request: pytest.FixtureRequest) -> tuple[Park, dict[str, Artifact]]:
    park = sample_park(request.param)
    return park, rendered(with_texts(park, lambda: PLAIN))


def assert_only_texts_differ(plain: dict[str, Artifact], hostile: dict[str, Artifact]) -> None:
    assert plain.keys() == hostile.keys()
    for path, artifact in plain.items():
        other = hostile[path].text
        assert other.count("@secret:") == artifact.text.count("@secret:"), path
        if artifact.kind is ArtifactKind.ORIGIN:
            assert other == artifact.text
        elif artifact.language == "xml":
            assert list(_shape(etree.fromstring(other.encode()))) == list(
                _shape(etree.fromstring(artifact.text.encode()))
            )
        elif artifact.language in PARSED:
            read = PARSED[artifact.language]
            assert list(_kinds(read(other))) == list(_kinds(read(artifact.text)))
        else:
            _assert_lines(path, artifact.text, other)


def _shape(tree: Any) -> Iterator[str]:
    return (str(node.tag) for node in tree.iter())  # of comments and instructions too


def _kinds(value: Any) -> Iterator[object]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _kinds(item)
    elif isinstance(value, list):
        yield len(value)
        for item in value:
            yield from _kinds(item)
    else:
        yield type(value).__name__


def _assert_lines(path: str, plain: str, hostile: str) -> None:
    """Every line is the same but for what stands where the text was, and that stays in its quotes."""
    rows = plain.split("\n")
    others = hostile.split("\n")
    assert len(rows) == len(others), path
    assert len(others) == len(hostile.splitlines()) + 1, f"{path}: a character that ends a line"
    for row, other in zip(rows, others, strict=True):
        if row == other:
            continue
        head, found, rest = row.partition(PLAIN)
        tail = rest.rpartition(PLAIN)[2] if found else ""
        assert found, f"{path}: {row!r} became {other!r}"
        if head.rstrip() == other.rstrip():  # nothing of the text could be kept
            continue
        assert other.startswith(head.rstrip()), f"{path}: {row!r} became {other!r}"
        assert other.endswith(tail), f"{path}: {row!r} became {other!r}"
        said = other[len(head) : len(other) - len(tail)]
        assert said.isprintable(), f"{path}: {other!r}"
        for quote in "\"'":
            if len(re.findall(rf"(?<!\\){quote}", head)) % 2:
                assert not re.search(rf"(?<!\\){quote}", said), f"{path}: {other!r}"
                assert not said.endswith("\\") or said.endswith("\\\\"), f"{path}: {other!r}"


def test_nasty_texts_in_turn_change_nothing_but_text(case: tuple[Park, dict[str, Artifact]]) -> None:
    park, plain = case
    for start in range(0, len(NASTY), 3):
        texts = itertools.cycle([*NASTY[start:], *NASTY[:start]])
        assert_only_texts_differ(plain, rendered(with_texts(park, lambda: next(texts))))  # noqa: B023


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(TEXTS, min_size=3, max_size=7))
def test_drawn_texts_change_nothing_but_text(
    case: tuple[Park, dict[str, Artifact]], drawn: list[str]
) -> None:
    park, plain = case
    texts = itertools.cycle(drawn)
    assert_only_texts_differ(plain, rendered(with_texts(park, lambda: next(texts))))


def test_the_law_sees_a_line_more_and_a_quote_left(case: tuple[Park, dict[str, Artifact]]) -> None:
    """Guard of the tests above: where a text does get out, they fail."""
    _, plain = case
    for path, artifact in plain.items():
        at = artifact.text.find(PLAIN)
        if at < 0 or artifact.language in ("xml", *PARSED):
            continue
        broken = artifact.text[:at] + "x\ny" + artifact.text[at + len(PLAIN) :]
        with pytest.raises(AssertionError):
            _assert_lines(path, artifact.text, broken)


def test_free_texts_reach_the_configurations(case: tuple[Park, dict[str, Artifact]]) -> None:
    """A platform that writes no description at all would pass every test above."""
    _, plain = case
    assert any(PLAIN in item.text for item in plain.values())
