"""Checks on packet filters: default deny, and rules that say no more than the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from parkops.assess.context import ENFORCEMENT, Context, plan
from parkops.assess.nftables import FilterRule, Network, accepting, filters, within
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.assess.places import Places
from parkops.assess.texts import NFTABLES_NODES, SYSCTL, Text, file_of, ruleset_of
from parkops.model import Device, Evidence, Flow


def filtering(context: Context, roles: Sequence[str]) -> tuple[Device, ...]:
    """Return the devices of some roles whose filter is nftables; `config-holds` judges the others."""
    return tuple(device for device in context.devices(*roles) if device.platform in NFTABLES_NODES)


def _rulesets(
    context: Context, roles: Sequence[str], expected: str
) -> Iterator[tuple[Device, Text] | Outcome]:
    """Yield (device, ruleset), or the outcome where a device has none that counts."""
    devices = filtering(context, roles or ENFORCEMENT)
    if not devices:
        yield not_applicable(expected, "the park has no such device with nftables")
    for device in devices:
        text = ruleset_of(context, device)
        cited = [plan(device.source, device.name, device.name)]
        if text is None:
            yield decided(None, expected, "no packet filter was rendered or read", cited, device.name)
        elif text.stale:
            yield decided(
                None, expected, "the configuration was read too long ago", [text.cite(1, "")], device.name
            )
        else:
            yield device, text


def default_deny(
    context: Context, roles: Sequence[str] = (), hooks: Sequence[str] = ("forward", "input")
) -> Iterator[Outcome]:
    """Decide whether the base chains at the named hooks drop what no rule accepts."""
    expected = f"policy drop on {' and '.join(hooks)}"
    for item in _rulesets(context, roles, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        found = {chain.hook: chain for chain in filters(text, *hooks)}
        states = {hook: found[hook].policy if hook in found else "no chain" for hook in hooks}
        cited = [
            text.cite(c.policy_line, f"chain {c.name} hook {c.hook} policy {c.policy}")
            for c in found.values()
        ]
        actual = ", ".join(f"{hook}: {policy}" for hook, policy in states.items())
        held = all(policy == "drop" for policy in states.values())
        yield decided(held, expected, actual, cited or [text.cite(1, "no base chain")], device.name)


def _is_any_any(rule: FilterRule) -> bool:
    return not rule.ports and not rule.networks("s") and not rule.networks("d")


def no_any_any(context: Context, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether every rule that lets traffic through names addresses and a service."""
    expected = "source or destination, and a service, in every accepting rule"
    for item in _rulesets(context, roles, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        rules = accepting(text, "forward")
        bad = [r for r in rules if _is_any_any(r) or not (r.ports or "icmp" in r.protocol)]
        actual = f"{len(bad)} of {len(rules)} rules too wide" if bad else f"{len(rules)} rules, none too wide"
        cited = [text.cite(r.line, r.text) for r in (bad or rules[:3])] or [text.cite(1, "no accepting rule")]
        yield decided(not bad, expected, actual, cited, device.name)


def _flow_of(context: Context, rule: FilterRule) -> Flow | None:
    """Return the flow that a rule's comment ("<rule id> <flow id>: <reason>") names."""
    head = rule.comment.partition(":")[0].split()
    return context.flows.get(head[1]) if len(head) > 1 else None


def rules_owned(context: Context, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether every accepting rule traces to a flow of the plan with owner and reason."""
    expected = "a flow with owner and reason behind every accepting rule"
    for item in _rulesets(context, roles, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        rules = accepting(text, "forward")
        bad: list[FilterRule] = []
        flows: list[Flow] = []
        for rule in rules:
            flow = _flow_of(context, rule)
            if flow is None or not (flow.owner and flow.reason):
                bad.append(rule)
            else:
                flows.append(flow)
        cited = [text.cite(r.line, r.text) for r in (bad or rules[:3])]
        cited += [
            plan(f.source, f"{f.id}: {f.reason} (owner {f.owner})", f.id) for f in dict.fromkeys(flows[:3])
        ]
        actual = f"{len(rules) - len(bad)} of {len(rules)} rules have both"
        yield decided(not bad, expected, actual, cited or [text.cite(1, "no accepting rule")], device.name)


def _covers(wide: FilterRule, narrow: FilterRule) -> bool:
    """Tell whether everything that ``narrow`` accepts is surely accepted by ``wide``."""
    if wide.limited:
        return False
    for end in ("s", "d"):
        if wide.outside(end) and wide.outside(end) != narrow.outside(end):
            return False
        outer, inner = wide.networks(end), narrow.networks(end)
        if outer and not (inner and all(any(within(i, o) for o in outer) for i in inner)):
            return False
    for end in ("i", "o"):
        if wide.interfaces(end) and not (
            narrow.interfaces(end) and narrow.interfaces(end) <= wide.interfaces(end)
        ):
            return False
    if wide.protocol and wide.protocol != narrow.protocol:
        return False
    return not wide.ports or bool(narrow.ports and narrow.ports <= wide.ports)


def _redundant(rules: Sequence[FilterRule]) -> list[FilterRule]:
    """Return the rules that an earlier one covers; only rules that could cover are compared.

    A rule that covers another has any source, or a source network around the other's.
    """
    by_source: dict[Network | None, list[FilterRule]] = {}
    lengths: dict[int, set[int]] = {4: set(), 6: set()}
    found = []
    for rule in rules:
        sources = rule.networks("s")
        keys: list[Network | None] = [None]
        if sources:
            first = sources[0]
            shorter = (length for length in lengths[first.version] if length <= first.prefixlen)
            keys += [first.supernet(new_prefix=length) for length in shorter]
        if any(_covers(earlier, rule) for key in keys for earlier in by_source.get(key, ())):
            found.append(rule)
        for network in sources or (None,):
            by_source.setdefault(network, []).append(rule)
            if network is not None:
                lengths[network.version].add(network.prefixlen)
    return found


def rules_unique(context: Context, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether no accepting rule is a copy of an earlier one or shadowed by it."""
    expected = "no shadowed and no duplicate rule"
    for item in _rulesets(context, roles, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        rules = accepting(text, "forward")
        bad = _redundant(rules)
        actual = f"{len(bad)} of {len(rules)} rules add nothing"
        cited = [text.cite(r.line, r.text) for r in bad] or [text.cite(1, f"{len(rules)} accepting rules")]
        yield decided(not bad, expected, actual, cited, device.name)


def rules_match_plan(context: Context, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether the accepting rules are exactly those that the design derived from the plan's flows."""
    expected = "the rules of the design, and no other"
    for item in _rulesets(context, roles, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        rules = accepting(text, "forward", "input", "output")
        wanted = {rule.id for rule in device.rules}
        have = {rule.comment.split()[0] for rule in rules if rule.comment.split()}
        foreign = [r for r in accepting(text, "forward") if (r.comment.split() or [""])[0] not in wanted]
        missing = wanted - have
        actual = (
            f"{len(wanted & have)} of {len(wanted)} rules there, {len(foreign)} that the plan does not know"
        )
        cited = [text.cite(r.line, r.text) for r in (foreign or rules[:3])] or [
            text.cite(1, "no accepting rule")
        ]
        yield decided(not foreign and not missing, expected, actual, cited, device.name)


def only_listed_pairs(context: Context, between: str) -> Iterator[Outcome]:
    """Decide whether rules join two tenants or two plants only where a flow is listed."""
    kinds = ("production",) if between == "plants" else ("production", "enterprise")
    expected = f"no rule between {between} without a listed flow"
    places = _places(context, kinds, between)
    for item in _rulesets(context, (), expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        bad, found = [], 0
        for rule in accepting(text, "forward"):
            if _joined(rule, places):
                found += 1
                if _flow_of(context, rule) is None:
                    bad.append(rule)
        actual = f"{found} rules between {between}, {len(bad)} of them not listed"
        cited = [text.cite(r.line, r.text) for r in bad] or [text.cite(1, f"{found} such rules")]
        yield decided(not bad, expected, actual, cited, device.name)


def _places(context: Context, kinds: Sequence[str], between: str) -> Places:
    """Return the tenants or plants with the prefixes of their segments in some kinds of zone."""
    return Places(
        (
            segment.tenant if between == "tenants" else segment.site or segment.zone,
            ip_network(prefix, strict=False),
        )
        for segment in context.segments_of(*kinds)
        for prefix in (segment.ipv4, segment.ipv6)
        if prefix
    )


def _joined(rule: FilterRule, places: Places) -> bool:
    """Tell whether a rule's source and destination can lie in two different places."""
    sources, targets = places.touched(rule, "s"), places.touched(rule, "d")
    return bool(sources and targets) and len(sources | targets) > 1


def services_blocked(context: Context, ports: Sequence[int], between: str) -> Iterator[Outcome]:
    """Decide whether no rule opens some ports between tenants, or into plants from elsewhere ("plants")."""
    kinds = ("production",) if between == "plants" else ("production", "enterprise")
    wanted = frozenset(ports)
    expected = f"ports {listed(map(str, ports), 12)} closed between {between}"
    places = _places(context, kinds, between)
    for item in _rulesets(context, (), expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        rules = [r for r in accepting(text, "forward") if not r.ports or r.ports & wanted]
        if between == "plants":
            bad = [r for r in rules if places.touched(r, "d") or places.touched(r, "s")]
        else:
            bad = [r for r in rules if _joined(r, places)]
        cited = [text.cite(r.line, r.text) for r in bad] or [text.cite(1, "no such rule")]
        yield decided(not bad, expected, f"{len(bad)} rules open one", cited, device.name)


def drops_logged(context: Context, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether what is refused while being forwarded leaves a trace."""
    expected = "a log statement for refused traffic"
    for item in _rulesets(context, roles, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        rules = [r for chain in filters(text, "forward") for r in chain.rules]
        logged = [
            r for r in rules if r.body.split()[:1] == ["log"] or (" log " in f" {r.body} " and not r.accepts)
        ]
        cited = [text.cite(r.line, r.text) for r in logged] or [text.cite(1, "no log statement in forward")]
        yield decided(bool(logged), expected, f"{len(logged)} rules log", cited, device.name)


def management_protected(context: Context, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether SSH to a device is open from the management network alone."""
    park = context.park
    management = ip_network(park.management_network, strict=False)
    expected = f"SSH only from {park.management_network} or on the management port"
    for item in _rulesets(context, roles, expected):
        if isinstance(item, Outcome):
            yield item
            continue
        device, text = item
        tcp = [rule for rule in accepting(text, "input") if rule.protocol in ("", "tcp")]
        rules = [rule for rule in tcp if not rule.ports or 22 in rule.ports]
        bad = [r for r in rules if not _from_management(r, management)]
        cited = [text.cite(r.line, r.text) for r in (bad or rules)] or [text.cite(1, "no rule opens SSH")]
        yield decided(
            not bad, expected, f"{len(bad)} of {len(rules)} rules open it wider", cited, device.name
        )


def _from_management(rule: FilterRule, management: Network) -> bool:
    sources = rule.networks("s")
    inside = bool(sources) and all(within(source, management) for source in sources)
    return inside or rule.interfaces("i") == {"eth0"}


def anti_spoofing(context: Context, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether spoofed sources are dropped (RFC 2827, RFC 3704), by the kernel or the packet filter."""
    expected = "spoofed sources dropped (rp_filter = 1, or a drop rule on saddr)"
    devices = filtering(context, roles or ENFORCEMENT)
    if not devices:
        yield not_applicable(expected, "the park has no such device with nftables")
    for device in devices:
        yield _anti_spoofing(context, device, expected)


def _anti_spoofing(context: Context, device: Device, expected: str) -> Outcome:
    sysctl, ruleset = file_of(context, device, SYSCTL), ruleset_of(context, device)
    cited: list[Evidence] = []
    for text in (sysctl, ruleset):
        if text is None or text.stale:
            continue
        for number, line in text.lines():
            words = line.replace("=", " ").split()
            strict = words[:1] == ["net.ipv4.conf.all.rp_filter"] and words[-1] == "1"
            ingress = "fib saddr" in line or ("iifname" in line and "saddr !=" in line)
            if strict or (ingress and "drop" in line):
                return decided(True, expected, line, [text.cite(number, line)], device.name)
        cited.append(text.cite(1, "nothing about reverse paths"))
    held = False if cited else None
    return decided(
        held, expected, "not configured" if cited else "no configuration that counts", cited, device.name
    )
