"""Remediation: the lines that turn one configuration text into another, in a device's own language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parkops.push.remediation import engine, guard, tree, way_in
from parkops.push.remediation.guard import Unsafe
from parkops.push.remediation.rules import Rules, known, rules
from parkops.push.remediation.tree import Unreadable

__all__ = [
    "Remediation",
    "Rules",
    "Unreadable",
    "Unsafe",
    "adopted",
    "at_risk",
    "canonical",
    "difference",
    "kept_account",
    "known",
    "protected",
    "remediate",
    "rules",
]


@dataclass(frozen=True, slots=True)
class Remediation:
    """What differs, the lines that mend it in a safe order, and the lines that take them back."""

    diff: str
    lines: tuple[str, ...]
    rollback: tuple[str, ...]


def remediate(running: str, intended: str, platform: str | Rules, name: str = "device") -> Remediation:
    """Return how to get from running to intended and back; every line of it has been played by the guard.

    The law: running + lines = intended, intended + rollback = running. Raises Unreadable for a text without
    configuration, Unsafe when no safe order is known, UsageError for a platform without rules.
    """
    language = _language(platform)
    before = tree.parse(running, language, f"{name}: running")
    after = tree.parse(intended, language, f"{name}: intended")
    told = tree.diff(before, after, language, name)
    lines = engine.commands(before, after, language)
    guard.check(lines, before, after, language, name)
    back = engine.commands(after, before, language)
    guard.check(back, after, before, language, name)
    return Remediation(told, lines, back)


def difference(running: str, intended: str, platform: str | Rules, name: str = "device") -> str:
    """Return the unified diff alone, "" when both say the same; Unreadable where one says nothing."""
    language = _language(platform)
    before = tree.parse(running, language, f"{name}: running")
    return tree.diff(before, tree.parse(intended, language, f"{name}: intended"), language, name)


def canonical(text: str, platform: str | Rules, name: str = "device") -> str:
    """Return a configuration without comments, headers and repeated sections; Unreadable where it is none."""
    language = _language(platform)
    return tree.render(tree.parse(text, language, name), language)


def adopted(
    intended: str, running: str, platform: str | Rules, token: re.Pattern[str], name: str = "device"
) -> str:
    """Return the intended text with the device's own spelling of the secrets that it encrypts.

    ``token``: how a reference to a secret is written in the intended text.
    """
    language = _language(platform)
    wanted = tree.parse(intended, language, f"{name}: intended")
    found = tree.parse(running, language, f"{name}: running")
    return tree.render(tree.adopted(wanted, found, token), language)


def protected(intended: str, running: str, platform: str | Rules, user: str, name: str = "device") -> str:
    """Return the intended text with the running account of ``user``, which no remediation takes back."""
    language = _language(platform)
    wanted = tree.parse(intended, language, f"{name}: intended")
    found = tree.parse(running, language, f"{name}: running")
    return tree.render(way_in.with_account(wanted, found, language, user), language)


def kept_account(
    intended: str, running: str, platform: str | Rules, user: str, name: str = "device"
) -> tuple[str, ...]:
    """Return the running lines of the account of ``user`` that the intended text lacks."""
    language = _language(platform)
    wanted = tree.parse(intended, language, f"{name}: intended")
    found = tree.parse(running, language, f"{name}: running")
    return tuple(" / ".join(path) for path in way_in.account(wanted, found, language, user))


def at_risk(
    running: str, intended: str, platform: str | Rules, address: str, name: str = "device"
) -> tuple[str, ...]:
    """Say what of the way from running to intended may cut off the management session at ``address``."""
    language = _language(platform)
    before = tree.parse(running, language, f"{name}: running")
    after = tree.parse(intended, language, f"{name}: intended")
    return way_in.at_risk(before, after, language, address)


def _language(platform: str | Rules) -> Rules:
    return platform if isinstance(platform, Rules) else rules(platform)
