"""The findings of a page as compact JSON: the browser draws those that a reader opens."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parkops.model import Evidence, Finding, Park, Verdict
from parkops.report import chinese
from parkops.report.view import ORDER, KindBlock, RequirementView, stamp
from parkops.report.words import Words

MOST_EVIDENCE = 8  # of a finding: the JSON report holds all
VERDICTS = tuple(verdict.value for verdict in ORDER)
Text = str | list[str]


@dataclass(slots=True)
class _Table:
    """Values that are named by their number, each kept once."""

    numbers: dict[Any, int] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list)

    def number(self, key: Any, value: Any) -> int:
        """Return the number of a value, new or known."""
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = len(self.values)
            self.values.append(value)
        return found


class Payload:
    """Collects what the page's script needs."""

    def __init__(self, park: Park) -> None:
        """Know whose each thing is."""
        self._texts, self._evidence = _Table(), _Table()
        self._owners = owners(park)
        self._tenants = [tenant.id for tenant in park.tenants]

    def document(self, requirements: Iterable[RequirementView]) -> dict[str, Any]:
        """Return the data of these requirements; the lists' places have meanings, see report.js."""
        found = {view.result.id: [self._block(block) for block in view.blocks] for view in requirements}
        return {
            "verdicts": VERDICTS,
            "tenants": self._tenants,
            "texts": self._texts.values,
            "evidence": self._evidence.values,
            "requirements": found,
        }

    def _block(self, block: KindBlock) -> list[Any]:
        rows = [self._row(finding) for finding in block.findings]
        return [block.kind, _verdict(block.verdict), block.hidden, rows]

    def _row(self, finding: Finding) -> list[Any]:
        device = finding.subject.partition("/")[0]  # of a target
        owner = self._owners.get(finding.subject) or self._owners.get(device, "")
        row: list[Any] = [
            _verdict(finding.verdict),
            -1 if finding.subject == "park" else self._say("subject", finding.subject),
            self._tenants.index(owner) if owner in self._tenants else -1,
            self._say("message", finding.message),
            self._plain(finding.check),
            [self._cite(item) for item in finding.evidence[:MOST_EVIDENCE]],
            max(len(finding.evidence) - MOST_EVIDENCE, 0),
        ]
        return [*row, self._plain(finding.mend)] if finding.mend else row

    def _cite(self, item: Evidence) -> int:
        known = self._evidence.numbers.get(item)
        if known is not None:
            return known
        value = [
            item.kind.value,
            item.source,
            self._say("evidence", item.text),
            stamp(item.time_s),
            -1 if item.max_age_s is None else item.max_age_s,
            item.digest,
        ]
        return self._evidence.number(item, value)

    def _say(self, kind: str, text: str) -> int:
        known = self._texts.numbers.get((kind, text))
        if known is not None:
            return known
        say = {"subject": chinese.subject, "message": chinese.message, "evidence": chinese.evidence}[kind]
        return self._texts.number((kind, text), _pair(say(text)))

    def _plain(self, text: str) -> int:
        return self._texts.number(("plain", text), text)


def _pair(words: Words) -> Text:
    return words.en if words.zh == words.en else [words.zh, words.en]


def _verdict(verdict: Verdict) -> int:
    return ORDER.index(verdict)


def owners(park: Park) -> Mapping[str, str]:
    """Return the tenant of each device, zone, segment, group, link, ring and circuit, and a flow's source."""
    things: list[tuple[str, str]] = [(device.name, device.tenant) for device in park.devices]
    things += [(zone.id, zone.tenant) for zone in park.zones]
    things += [(segment.id, segment.tenant) for segment in park.segments]
    things += [(group.id, group.tenant) for group in park.groups]
    things += [(circuit.id, circuit.tenant) for circuit in park.circuits]
    things += [(f"{d.tenant}.{d.site}", d.tenant) for d in park.devices if d.site]
    whose = {device.name: device.tenant for device in park.devices}
    things += [(link.id, whose.get(link.a_device) or whose.get(link.b_device, "")) for link in park.links]
    things += [(ring.id, whose.get(ring.devices[0], "")) for ring in park.rings if ring.devices]
    places = {name: owner for name, owner in things if owner}
    things += [(flow.id, places.get(flow.src) or places.get(flow.dst, "")) for flow in park.flows]
    things += [(tenant.id, tenant.id) for tenant in park.tenants]
    return {name: owner for name, owner in things if owner}


def embedded(document: Mapping[str, Any]) -> str:
    """Return JSON that may stand in a script element of HTML whatever it holds."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
