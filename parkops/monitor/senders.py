"""One way to tell somebody of an event each: Alertmanager, webhook, mail."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from parkops.model import Event, Receiver

TIMEOUT_S = 10.0
LASTS_S = 300.0  # for Alertmanager, an open event lasts so long after it was last told
ORIGIN = "parkops"  # label of what this program tells; it does not listen to itself

Secret = Callable[[str], str]


class NotDeliveredError(Exception):
    """A receiver did not take a message; it is tried again."""


class SilentError(NotDeliveredError):
    """A receiver cannot be reached, or does not speak as it must: it takes no other message either."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is told: an event as it is now, why it is told, and its story in words."""

    number: int  # of the delivery, 0 for a repetition
    what: str  # opened | reopened | worse | flapping | acknowledged | overdue | resolved | closed
    event: Event
    title: str
    consequences: str
    park: str
    children: int = 0


def _no_redirect() -> HTTPRedirectHandler:
    class Refuse(HTTPRedirectHandler):
        def redirect_request(self, *_args: object, **_options: object) -> None:
            return None

    return Refuse()


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    request = Request(url, body, {"Content-Type": "application/json", **headers})  # noqa: S310 - http(s) by the plan
    try:
        with build_opener(ProxyHandler({}), _no_redirect()).open(request, timeout=TIMEOUT_S) as answer:
            answer.read(1000)
    except HTTPError as error:
        said = ""
        with suppress(OSError, HTTPException):
            said = error.read(200).decode("utf-8", "replace").strip()
        raise NotDeliveredError(
            f"HTTP status {error.code}: {said}" if said else f"HTTP status {error.code}"
        ) from error
    except (OSError, HTTPException, ValueError) as error:
        raise SilentError(str(getattr(error, "reason", error)) or type(error).__name__) from error


def alertmanager(receiver: Receiver, messages: Sequence[Message], now_s: float) -> None:
    """Tell an Alertmanager (API v2); an event that is open has to be told again and again."""
    alerts = [_alert(message, now_s) for message in messages]
    _post(f"{receiver.url.rstrip('/')}/api/v2/alerts", json.dumps(alerts, ensure_ascii=False).encode(), {})


def _alert(message: Message, now_s: float) -> dict[str, Any]:
    event = message.event
    ended_s = event.closed_s if event.resolved_s is None else event.resolved_s
    labels = {
        "alertname": f"Parkops{event.kind.partition(':')[0].capitalize()}", "severity": event.severity,
        "device": event.device, "target": event.target, "tenant": event.tenant, "kind": event.kind,
        "event": str(event.id), "park": message.park, "origin": ORIGIN,
    }  # fmt: skip
    story = {
        "summary": message.title, "description": message.consequences, "note": event.note,
        "taken_by": event.acknowledged_by,
    }  # fmt: skip
    return {
        "labels": {key: text for key, text in labels.items() if text},
        "annotations": {key: text for key, text in story.items() if text},
        "startsAt": _rfc3339(event.opened_s),
        "endsAt": _rfc3339(now_s + LASTS_S if ended_s is None else ended_s),
    }


def _rfc3339(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def document(message: Message) -> dict[str, Any]:
    """Return what a webhook gets, but for its signature; keys are added, never changed."""
    event = message.event
    return {
        "kind": "parkops.event-message",
        "version": 1,
        "what": message.what,
        "park": message.park,
        "title": message.title,
        "consequences": {"count": message.children, "text": message.consequences},
        "event": {
            "id": event.id,
            "phase": event.phase.value,
            "target": event.target,
            "device": event.device,
            "tenant": event.tenant,
            "kind": event.kind,
            "severity": event.severity,
            "cause": event.cause,
            "opened_s": event.opened_s,
            "acknowledged_s": event.acknowledged_s,
            "acknowledged_by": event.acknowledged_by,
            "resolved_s": event.resolved_s,
            "closed_s": event.closed_s,
            "closed_by": event.closed_by,
            "change": event.change,
            "note": event.note,
        },
    }


def webhook(receiver: Receiver, message: Message, secret: Secret) -> None:
    """Post an event as JSON; ``X-Parkops-Signature`` is HMAC-SHA256 over "<timestamp>.<body>"."""
    body = json.dumps(document(message), ensure_ascii=False).encode()
    headers = {"X-Parkops-Delivery": str(message.number)}
    if receiver.secret:
        stamp = str(int(time.time()))
        key = secret(receiver.secret).encode()
        signed = hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers |= {"X-Parkops-Timestamp": stamp, "X-Parkops-Signature": f"sha256={signed}"}
    _post(receiver.url, body, headers)


def mail(receiver: Receiver, message: Message, secret: Secret) -> None:
    """Send mail; all mails of an event make one thread."""
    host, _, port = receiver.server.rpartition(":") if ":" in receiver.server else (receiver.server, "", "")
    default = {"tls": 465, "starttls": 587}.get(receiver.tls, 25)
    context = ssl.create_default_context()
    try:
        server: smtplib.SMTP
        if receiver.tls == "tls":
            server = smtplib.SMTP_SSL(host, int(port or default), timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(host, int(port or default), timeout=TIMEOUT_S)
        with server:
            if receiver.tls == "starttls":
                server.starttls(context=context)
            if receiver.user:
                server.login(receiver.user, secret(receiver.password))
            server.send_message(letter(receiver, message))
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        raise NotDeliveredError(str(error)) from error
    except OSError as error:  # of smtplib too
        raise SilentError(str(error) or type(error).__name__) from error


def letter(receiver: Receiver, message: Message) -> EmailMessage:
    """Return the mail about an event."""
    event = message.event
    found = EmailMessage()
    found["From"], found["To"] = receiver.sender, ", ".join(receiver.to)
    found["Date"] = datetime.now().astimezone()
    found["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is answered to it
    subject = f"[{message.park}] {message.what}: {event.severity}: {message.title}"
    found["Subject"] = " ".join(subject.split())[:200]  # what others say may have several lines
    domain = receiver.sender.partition("@")[2]
    thread = f"<event-{event.id}-{int(event.opened_s)}@{domain}>"
    first = message.what == "opened"
    found["Message-ID"] = thread if first else f"<event-{event.id}-{message.number}@{domain}>"
    if not first:
        found["In-Reply-To"] = found["References"] = thread
    lines = [message.title, message.consequences, "", f"event {event.id}, {event.phase}, {event.severity}"]
    for name, time_s in (("opened", event.opened_s), ("acknowledged", event.acknowledged_s),
                         ("resolved", event.resolved_s), ("closed", event.closed_s)):  # fmt: skip
        if time_s is not None:
            lines.append(f"{name} {time.strftime('%Y-%m-%d %H:%M:%S %z', time.localtime(time_s))}")
    for name, text in (
        ("taken by", event.acknowledged_by),
        ("mended by push", event.change),
        ("note", event.note),
    ):
        if text:
            lines.append(f"{name}: {text}")
    lines.append(f"\nparkops events show {event.id}")
    found.set_content("\n".join(lines))
    return found
