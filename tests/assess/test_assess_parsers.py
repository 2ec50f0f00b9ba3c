"""Configuration texts: packet filters as rendered and as the kernel lists them, switches, graphs."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import ip_network

import pytest
from assess_park import NOW, good_park, nft, switch_xml
from hypothesis import given
from hypothesis import strategies as st

from parkops.assess import bridge
from parkops.assess.checks.policy import _redundant
from parkops.assess.context import Context
from parkops.assess.graph import adjacency, cuts, distances, reachable
from parkops.assess.nftables import FilterRule, accepting, chains, filters
from parkops.assess.places import Places
from parkops.assess.texts import Text, ruleset_of
from parkops.model import EvidenceSet, Running

RULES = """table inet parkops {
    set park4 {
        type ipv4_addr
        flags interval
        elements = { 10.16.0.0/24,
                     10.17.0.0/24 }
    }
    chain input {
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state established,related accept
        icmp type { destination-unreachable, time-exceeded } accept
        iifname { "eth1", "eth2" } meta l4proto ospf accept comment "routing"
    }
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct state { established, related } accept
        iifname "eth3" ip saddr 10.16.0.0/24 ip daddr != @park4 tcp dport { 443, 80-82 } accept comment "R1"
        ip6 saddr fd00::/64 ip6 daddr { fd01::/64, fd02::/64 } udp dport 53 accept
        limit rate 10/second log prefix "drop "
    }
    chain out {
        type nat hook postrouting priority srcnat; policy accept;
        oifname "eth3" masquerade
    }
}
"""


def text(body: str) -> Text:
    return Text("fw-1", "/etc/nftables.conf", body, None)


def test_chains_policies_and_lines():
    found = chains(text(RULES))
    assert [(c.name, c.hook, c.policy, c.policy_line) for c in found] == [
        ("input", "input", "drop", 9),
        ("forward", "forward", "accept", 16),
        ("out", "", "accept", 23),
    ]
    assert [chain.name for chain in filters(text(RULES), "forward")] == ["forward"]


def test_rules_that_open_something():
    assert [rule.comment for rule in accepting(text(RULES), "input")] == ["routing"]
    web, dns = accepting(text(RULES), "forward")
    assert (web.line, web.protocol, web.ports) == (18, "tcp", {80, 81, 82, 443})
    assert [str(network) for network in web.networks("s")] == ["10.16.0.0/24"]
    assert web.networks("d") == ()
    assert [str(network) for network in web.outside("d")] == ["10.16.0.0/24", "10.17.0.0/24"]
    assert web.interfaces("i") == {"eth3"}
    assert web.comment == "R1"
    assert [str(network) for network in dns.networks("d")] == ["fd01::/64", "fd02::/64"]


def test_an_unreadable_address_counts_as_the_widest():
    rules = RULES.replace("ip6 saddr fd00::/64", "ip6 saddr $lan6:")
    assert str(accepting(text(rules), "forward")[1].networks("s")[0]) == "::/0"


SOURCE = "ip saddr 10.1.0.0/24"


@pytest.mark.parametrize(
    ("first", "second", "redundant"),
    [
        (f"{SOURCE} tcp dport 80", f"{SOURCE} tcp dport 80", True),
        ("ip saddr 10.1.0.0/16 tcp dport 1-100", f"{SOURCE} tcp dport {{ 22, 80 }}", True),
        ("tcp dport 80", f"{SOURCE} tcp dport 80", True),
        (f"{SOURCE} tcp dport 80", f"{SOURCE} tcp dport 81", False),
        (f"{SOURCE} tcp dport 80", f"{SOURCE} udp dport 80", False),
        (f"{SOURCE} tcp dport 80", "ip saddr 10.1.0.0/16 tcp dport 80", False),
        (f"{SOURCE} tcp dport 80", "ip6 saddr fd00::/64 tcp dport 80", False),
        (
            f"{SOURCE} ip daddr != 10.0.0.0/8 tcp dport 80",
            f"{SOURCE} ip daddr 10.2.0.0/24 tcp dport 80",
            False,
        ),
        (
            f"{SOURCE} ip daddr != 10.0.0.0/8 tcp dport 80",
            f"{SOURCE} ip daddr != 10.0.0.0/8 tcp dport 80",
            True,
        ),
        (f"{SOURCE} tcp dport 80 limit rate 5/second", f"{SOURCE} tcp dport 80", False),
        (f'iifname != "eth1" {SOURCE} tcp dport 80', f"{SOURCE} tcp dport 80", False),
        (f'iifname "eth1" {SOURCE} tcp dport 80', f"{SOURCE} tcp dport 80", False),
        (f"{SOURCE} tcp dport 80", f'iifname "eth1" {SOURCE} tcp dport 80', True),
    ],
)
def test_a_rule_is_redundant_only_when_an_earlier_one_surely_covers_it(first, second, redundant):
    head = "chain f {\ntype filter hook forward priority 0; policy drop;\n"
    body = f"{head}{first} accept\n{second} accept\n}}\n"
    found = _redundant(accepting(text(body), "forward"))
    assert [rule.line for rule in found] == ([4] if redundant else [])


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ("ip saddr 10.1.1.0/24", {"a"}),
        ("ip saddr 10.1.0.0/16", {"a", "b"}),
        ("ip saddr { 10.1.2.7, fd00::1 }", {"b", "c"}),
        ("ip saddr 192.0.2.0/24", set()),
        ("tcp sport 1", {"a", "b", "c"}),
        ("ip saddr != 10.1.1.0/24", {"b"}),
        ("ip saddr != 10.0.0.0/8", set()),
    ],
)
def test_places_of_addresses(rule, where):
    named = [("a", "10.1.1.0/24"), ("b", "10.1.2.0/24"), ("c", "fd00::/64")]
    places = Places((name, ip_network(prefix)) for name, prefix in named)
    assert places.touched(FilterRule(1, f"{rule} accept"), "s") == where


@pytest.mark.skipif(not shutil.which("nft"), reason="nft lists what it loaded")
def test_the_kernel_lists_what_was_rendered():
    """The same rules are read from the file and from what the kernel lists (in a namespace of its own)."""
    device = good_park().device("fw-1")
    rendered = nft(device)
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", "nft -f - && nft -s list ruleset"],
        input=rendered, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"no network namespace here: {done.stderr.strip()}")
    listed = text(done.stdout)
    for hook in ("input", "forward"):
        ours, theirs = accepting(text(rendered), hook), accepting(listed, hook)
        assert len(ours) == len(theirs) > 0
        for a, b in zip(ours, theirs, strict=True):
            assert (a.comment, a.ports, a.protocol) == (b.comment, b.ports, b.protocol)
            assert (a.networks("s"), a.networks("d")) == (b.networks("s"), b.networks("d"))
        assert filters(listed, hook)[0].policy == "drop"


def test_the_kernels_list_is_preferred_to_the_file():
    park = good_park()
    device = park.device("fw-1")
    body = f"=== /etc/nftables.conf\n{nft(device)}=== nft list ruleset\n{RULES}=== sysctl\nx = 1\n"
    running = Running("fw-1", "ansible", body, NOW - 5, (("/etc/nftables.conf", nft(device)),))
    found = ruleset_of(Context(park, EvidenceSet(running=(running,), now_s=NOW)), device)
    assert found is not None
    assert (found.path, found.body) == ("nft list ruleset", RULES)


def test_switch_from_a_config_document_and_from_data_nodes():
    device = good_park().device("a-sw-1")
    nodes = switch_xml(device)
    whole = f'<?xml version="1.0"?>\n<config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">{nodes}</config>'
    for body in (nodes, whole):
        switch = bridge.read(Text("a-sw-1", "running-config", body, None))
        assert switch is not None
        assert set(switch.vlans) == {101}
        assert switch.members[101] == {1: False, 2: False, 3: True}
        assert (switch.ports["p3"].pvid, switch.ports["p9"].enabled) == (101, False)
        assert switch.rstp_line > 0
    assert bridge.read(Text("a-sw-1", "running-config", "<broken", None)) is None


def test_line_numbers_are_those_of_the_text():
    body = switch_xml(good_park().device("a-sw-1"))
    switch = bridge.read(Text("a-sw-1", "running-config", body, None))
    assert "<name>p9</name>" in body.splitlines()[switch.ports["p9"].line - 1]


EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14)


@given(EDGES)
def test_cuts_agree_with_removing_each_in_turn(pairs):
    edges = [(f"e{n}", f"n{a}", f"n{b}") for n, (a, b) in enumerate(pairs) if a != b]
    neighbours = adjacency(edges)
    found = cuts(neighbours)

    def parts(without):
        left, count = set(neighbours) - set(without), 0
        while left:
            left -= reachable(neighbours, [next(iter(left))], without)
            count += 1
        return count

    whole = parts(())
    assert found.bridges == {edge for edge, _, _ in edges if parts((edge,)) > whole}
    assert found.articulations == {node for node in neighbours if parts((node,)) > whole}


def test_a_chain_longer_than_the_stack_is_cut_everywhere():
    edges = [(f"e{n}", f"n{n}", f"n{n + 1}") for n in range(5000)]
    found = cuts(adjacency(edges))
    assert len(found.bridges) == 5000
    assert len(found.articulations) == 4999
    assert distances(adjacency(edges), "n0")["n5000"] == 5000
