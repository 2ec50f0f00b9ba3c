"""No text of a plan adds a line, breaks a parser or leaves the comment or description that it stands in."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from render_parsers import PATH, TIMEOUT_S, need, netconf, nftables, nginx, nginx_wrapper
from render_parsers import frr as vtysh

from parkops.design import design
from parkops.model import Artifact
from parkops.plan import parse
from parkops.render import render
from parkops.render.text import LANGUAGES, one_line

NASTY = (
    '"; } drop; { "',
    "a\n!\nrouter ospf\n ospf router-id 1.1.1.1",
    "]]></description><enabled>false</enabled><!--",
    "&amp; & <b> &#10;",
    "# comment\r\nallow 0.0.0.0/0",
    "{{ device.name }}{% for x in y %}",
    "$uri ${uri} $(reboot) `reboot`",
    "\\",
    'trailing backslash \\"',
    "tab\tand\x0bvertical\x0cfeed\x85next\u2028line\u2029paragraph",
    "\x00\x01\x1b[31m\x7f",
    "? | include x",
    "end",
    "exit",
    "！停？“急”",
    "汉" * 199,
    "\u202e\u200b\ufeff右至左",
    "'; return 200 'owned",
    "*",
    "%n%s",
    "🏭 e\u0301",
    "a  b   c",
)
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(alphabet="\"'\\#!?|;{}[]<>&$`%*\n\r\t\x00\x85\u2028 aä汉", min_size=1, max_size=30),
    st.text(min_size=1, max_size=30),
).filter(lambda text: bool(text.strip()))

NODE: dict[str, Any] = {
    "role": "identifier-node",
    "segment": "operations",
    "identifier": {
        "prefix": "88.136.1",
        "upstream": "u",
        "records": [{"identifier": "88.136.1/a", "value": "v"}, {"identifier": "88.136.1/b", "value": "v"}],
    },
}


def rendered(base: str, text: Callable[[], str]) -> tuple[Artifact, ...]:
    """Render the base plan with an identifier node and every free text replaced."""
    plan = yaml.safe_load(base)
    plan["services"]["nodes"]["id-1"] = json.loads(json.dumps(NODE))
    _replace(plan, text)
    plan["devices"] = {"id-1": {"properties": {"prefix": text()}}}
    document = yaml.safe_dump(plan, allow_unicode=True)
    return render(design(parse(document), {})[0])


def _replace(node: Any, text: Callable[[], str]) -> None:
    if isinstance(node, dict):
        if "zone" in node:  # a segment
            node["title"] = text()
        for key, value in node.items():
            if key in ("title", "operator", "reason", "owner", "upstream", "value"):
                node[key] = text()
            else:
                _replace(value, text)
    elif isinstance(node, list):
        for item in node:
            _replace(item, text)


STUBS = {  # language -> what may carry text of the plan
    "nftables": (r' comment "[^"]*"$', " comment"),
    "frr": (r"^ description .+$", " description"),
    "grafana": (r'"(title|description|label|text|value)": "(?:\\.|[^"\\])*"', r'"\1": ""'),
    "xml": (r"<description>[^<>]*</description>$", "<description/>"),
    "nginx": (
        r'^(    "/resolve/[0-9a-z./]+"| +return 200) "(?:\\.|[^"\\$]|\$identifier_value)*";$',
        r"\1",
    ),
}


def skeleton(artifact: Artifact) -> str:
    """Return an artifact without the plan's texts."""
    if artifact.language not in STUBS:
        return artifact.text
    pattern, put = STUBS[artifact.language]
    return re.sub(pattern, put, artifact.text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def plain(base_text: str) -> dict[str, str]:
    return {item.path: skeleton(item) for item in rendered(base_text, lambda: "plain")}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_texts_change_nothing_but_text(data: st.DataObject, base_text: str, plain: dict[str, str]) -> None:
    artifacts = rendered(base_text, lambda: data.draw(TEXTS))
    assert {item.path: skeleton(item) for item in artifacts} == plain


def test_the_skeleton_keeps_what_is_no_text(base_text: str, plain: dict[str, str]) -> None:
    """Guard of the test above: where a text does get out, the skeletons differ."""
    artifact = next(item for item in rendered(base_text, lambda: "plain") if item.language == "nftables")
    escaped = artifact.text.replace('comment "R0001', 'comment "" accept comment "R0001', 1)
    assert skeleton(Artifact(artifact.path, escaped, artifact.kind, "nftables")) != plain[artifact.path]


@pytest.mark.parametrize(
    ("path", "parser"),
    [
        ("ac-bd-1/files/etc/nftables.conf", nftables),
        ("ac-bd-1/files/etc/frr/frr.conf", vtysh),
        ("ac-p1-sw-1/netconf.xml", netconf),
        ("id-1/files/etc/nginx/sites-enabled/default", nginx),
    ],
    ids=["nftables", "frr", "netconf", "nginx"],
)
@pytest.mark.parametrize("start", range(0, len(NASTY), 8))
def test_parsers_accept_nasty_texts(path: str, parser, start: int, base_text: str, tmp_path: Path) -> None:
    """Each text of a plan in turn gets the next nasty one."""
    texts = iter([*NASTY[start:], *NASTY[:start]] * 5)
    artifact = next(item for item in rendered(base_text, lambda: next(texts)) if item.path == path)
    assert parser(artifact.text, tmp_path) == ""


def test_xml_gets_no_comment_but_the_plan_path_and_no_instruction(base_text: str) -> None:
    texts = iter([*NASTY] * 5)
    artifacts = rendered(base_text, lambda: next(texts))
    trees = [etree.fromstring(item.text.encode()) for item in artifacts if item.language == "xml"]
    assert trees
    comments = [comment.text for tree in trees for comment in tree.xpath("//comment()")]
    assert comments
    assert all(re.fullmatch(r" plan [a-z0-9. -]+: [a-z-]+( \[[A-Z0-9 -]+\])? ", text) for text in comments)
    assert not any(tree.xpath("//processing-instruction()") for tree in trees)


def test_a_description_reaches_frr_as_it_is_rendered() -> None:
    """What vtysh would eat, pipe or fold is not rendered: a read-back would differ for ever."""
    text = LANGUAGES["frr"].write(" is it?  yes\n| include x ")
    assert text == "is it？ yes ｜ include x"


def test_nginx_serves_the_value_of_the_plan(base_text: str, tmp_path: Path) -> None:
    """A real nginx answers with JSON whose value is what the plan says, whatever that is."""
    need("nginx", "curl", "unshare", "ip")
    plan = yaml.safe_load(base_text)
    node = json.loads(json.dumps(NODE))
    node["identifier"]["records"] = [
        {"identifier": f"88.136.1/r{number}", "value": text} for number, text in enumerate(NASTY)
    ]
    node["identifier"]["records"].append({"identifier": "88.136.1/" + "x" * 119, "value": "long identifier"})
    plan["services"]["nodes"]["id-1"] = node
    artifacts = render(design(parse(yaml.safe_dump(plan, allow_unicode=True)), {})[0])
    site = next(item.text for item in artifacts if item.language == "nginx")
    config = nginx_wrapper(site, tmp_path)
    paths = " ".join(record["identifier"] for record in node["identifier"]["records"])
    script = f"""
    ip link set lo up
    nginx -c {config} & server=$!
    trap 'kill $server; wait $server' EXIT
    for try in $(seq 100); do curl -s -o /dev/null http://127.0.0.1/ && break; sleep 0.05; done
    for path in {paths}; do curl -s -m 5 http://127.0.0.1/resolve/$path; echo; done
    curl -s -m 5 -o /dev/null -w '%{{http_code}}\\n' http://127.0.0.1/resolve/88.136.1/none
    """
    done = subprocess.run(
        ["unshare", "-r", "-n", "bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={"PATH": PATH},
        check=False,
    )
    answers = done.stdout.splitlines()
    assert answers.pop() == "404", done.stderr
    served = [json.loads(answer) for answer in answers]
    assert [answer["value"] for answer in served] == [*map(one_line, NASTY), "long identifier"]
