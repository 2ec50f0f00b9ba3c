"""Who is told: real Alertmanager, Prometheus and SMTP server, and a web server that may refuse."""

import contextlib
import hashlib
import hmac
import json
import os
import shutil
import threading
import time
import urllib.error
import urllib.request
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from monitor_parts import Service, free_port, park_of, process, target, tcp_server, wait_until

from parkops.errors import UsageError
from parkops.model import Event, EventPolicy, Receiver, Workspace
from parkops.monitor import Deliverer, Exporter, Metrics, MonitorThread, Pages, senders
from parkops.monitor.announce import announce
from parkops.monitor.senders import Message
from parkops.monitor.signals import Signals
from parkops.store import Store

BOTH_STORES = True
KEY = "a webhook's key"
DEBIAN = ("prometheus", "prometheus-alertmanager")


def secret(reference):
    return {"env:HOOK": KEY, "env:MAIL": "a mail password"}[reference]


class Hook:
    """A web server that keeps what is posted, and refuses the first so many."""

    def __init__(self, refuse=0):
        self.refuse, self.posts = refuse, []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.refuse:
                    hook.refuse -= 1
                    self.send_error(503, "come back later")
                    return
                hook.posts.append((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/events"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def park_with(*receivers, targets=(), **fields):
    watched = targets or (target("icmp", device="sw-1"),)
    return park_of(*watched, policy=EventPolicy(receivers=receivers, correlation_s=0.5), **fields)


def opened(store, park, what="opened", time_s=1_700_000_000.0, wait_s=0.0, event=None):
    event = event or store.open_event("sw-1/icmp", "sw-1", "critical", "没有回答", time_s)
    announce(store, park.policy, event, what, time_s, wait_s)
    return event


def test_a_webhook_gets_signed_events_once_it_takes_them(place, store):
    with Hook(refuse=2) as hook:
        park = park_with(Receiver("tickets", "webhook", hook.url, "env:HOOK"))
        event = opened(store, park)
        deliverer = Deliverer(park, place, secret)
        now_s = event.opened_s
        for wait_s in (0.0, 2.0, 4.0):
            now_s += wait_s
            deliverer.deliver(store, now_s)
            deliverer.deliver(store, now_s + 0.1)  # not yet due again
        (sent,) = store.deliveries_of(event.id)
        assert (sent.attempts, sent.done_s, len(hook.posts)) == (3, now_s, 1)
        headers, body = hook.posts[0]
        stamp, signature = headers["X-Parkops-Timestamp"], headers["X-Parkops-Signature"]
        expected = hmac.new(KEY.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        assert signature == f"sha256={expected}"
        document = json.loads(body)
        assert document["title"] == "sw-1 does not answer: 没有回答"
        assert (document["what"], document["event"]["id"]) == ("opened", event.id)


def test_a_receiver_that_speaks_no_http_keeps_nobody_else_waiting(place, store):
    with Hook() as hook, tcp_server(lambda connection: connection.sendall(b"220 mail here\r\n")) as port:
        park = park_with(
            Receiver("wrong", "webhook", f"http://127.0.0.1:{port}/"),
            Receiver("tickets", "webhook", hook.url),
        )
        event = opened(store, park)
        Deliverer(park, place, secret).deliver(store, event.opened_s)
        (wrong, sent) = store.deliveries_of(event.id)
        assert (len(hook.posts), sent.done_s) == (1, event.opened_s)
        assert wrong.done_s is None
        assert "220 mail here" in wrong.error


def test_a_receiver_that_does_not_answer_is_tried_once_a_look(place, store, monkeypatch):
    monkeypatch.setattr(senders, "TIMEOUT_S", 0.2)
    asked, ended = [], threading.Event()

    def say_nothing(connection):
        asked.append(connection.recv(100))
        ended.wait(20)

    with Hook() as hook, tcp_server(say_nothing) as port:
        park = park_with(
            Receiver("dead", "webhook", f"http://127.0.0.1:{port}/"),
            Receiver("tickets", "webhook", hook.url),
        )
        for number in range(5):
            event = store.open_event(f"sw-{number}/icmp", "sw-1", "critical", "没有回答", 1_700_000_000.0)
            opened(store, park, event=event)
        Deliverer(park, place, secret).deliver(store, 1_700_000_000.0)
        ended.set()
        assert (len(asked), len(hook.posts)) == (1, 5)
        waiting = store.due_deliveries()
        assert [item.attempts for item in waiting] == [1, 0, 0, 0, 0]
        assert {item.due_s for item in waiting} == {1_700_000_002.0}, "the others are tried when it is again"


def test_nothing_is_lost_over_a_restart_and_nothing_is_told_twice(place):
    port = free_port()
    park = park_with(Receiver("tickets", "webhook", f"http://127.0.0.1:{port}/"))
    with Store.open(place) as store, Deliverer(park, place, secret) as first:
        event = opened(store, park, time_s=time.time())
        wait_until(lambda: first.failed)
    with Store.open(place) as store:
        (waiting,) = store.deliveries_of(event.id)
        assert waiting.error == "[Errno 111] Connection refused"
        assert waiting.done_s is None
        store.put_off_delivery(waiting.id, 0.0, "")
    with Hook() as hook, Store.open(place) as store:
        moved = park_with(Receiver("tickets", "webhook", hook.url))
        for _ in range(2):
            with Deliverer(moved, place, secret):
                wait_until(lambda: store.due_deliveries() == ())
        assert len(hook.posts) == 1


def test_what_is_told_of_an_event_arrives_in_its_order(place, store):
    with Hook(refuse=1) as hook:
        park = park_with(Receiver("tickets", "webhook", hook.url))
        event = opened(store, park, wait_s=15.0)
        other = store.open_event("sw-2/icmp", "sw-2", "critical", "没有回答", event.opened_s)
        event = store.resolve_event(event.id, event.opened_s + 5)
        opened(store, park, "resolved", event.opened_s + 5, event=event)
        deliverer = Deliverer(park, place, secret)
        deliverer.deliver(store, event.opened_s + 6)
        assert hook.posts == [], "it waits for what comes before it"
        opened(store, park, "opened", event.opened_s + 15, event=other)
        for after_s in (15.0, 16.0, 17.5, 18.5):  # the first is refused, and tried again after 2 s
            deliverer.deliver(store, event.opened_s + after_s)
        told = [(body["event"]["id"], body["what"]) for body in (json.loads(body) for _, body in hook.posts)]
        assert told == [(other.id, "opened"), (event.id, "opened"), (event.id, "resolved")]


def test_a_consequence_that_turns_out_while_it_waits_is_not_told(place, store):
    with Hook() as hook:
        park = park_with(Receiver("tickets", "webhook", hook.url))
        cause = store.open_event("core/icmp", "core", "critical", "no reply", 1.0)
        event = opened(store, park, wait_s=15.0)
        deliverer = Deliverer(park, place, secret)
        deliverer.deliver(store, event.opened_s + 1)
        store.change_event(event.id, "parent", cause.id)
        deliverer.deliver(store, event.opened_s + 16)
        (sent,) = store.deliveries_of(event.id)
        assert (hook.posts, sent.error) == ([], f"a consequence of event {cause.id}")


def test_routes_go_by_tenant_and_severity():
    everybody, acme = Receiver("a", "webhook"), Receiver("b", "webhook", tenants=("acme",))
    worst = Receiver("c", "webhook", severities=("critical",))
    told = [
        [r.id for r in (everybody, acme, worst) if r.wants(tenant, severity)]
        for tenant, severity in (("acme", "warning"), ("", "critical"), ("bolt", "warning"))
    ]
    assert told == [["a", "b"], ["a", "c"], ["a"]]


class Mailbox:
    """Keeps what arrives, with who sent it."""

    def __init__(self):
        self.mails, self.logins = [], []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)


def test_mail_reaches_people_as_one_thread(place, store):
    box = Mailbox()
    server = Controller(
        box, hostname="127.0.0.1", port=free_port(), authenticator=box.authenticate, auth_require_tls=False
    )
    server.start()
    try:
        receiver = Receiver(
            "duty", "mail", to=("wang@park.example", "li@park.example"), sender="parkops@park.example",
            server=f"127.0.0.1:{server.port}", user="parkops", password="env:MAIL",
        )  # fmt: skip
        park = park_with(receiver)
        event = opened(store, park)
        deliverer = Deliverer(park, place, secret)
        deliverer.deliver(store, event.opened_s)
        event = store.close_event(event.id, event.opened_s + 60, "换了风扇", by="王伟")
        opened(store, park, "resolved", event.opened_s + 60, event=event)
        deliverer.deliver(store, event.opened_s + 60)
        (first, second) = box.mails
        assert box.logins[0] == ("parkops", "a mail password")
        assert first[0] == ["wang@park.example", "li@park.example"]
        assert first[1]["Date"].datetime.timestamp() == pytest.approx(time.time(), abs=60)
        assert first[1]["Auto-Submitted"] == "auto-generated"
        assert first[1]["Subject"] == "[test] opened: critical: sw-1 does not answer: 没有回答"
        assert second[1]["In-Reply-To"] == first[1]["Message-ID"]
        assert "note: 换了风扇" in second[1].get_content()
    finally:
        server.stop()


def test_what_somebody_else_said_over_several_lines_is_one_line_of_the_subject():
    event = Event(
        3, "sw-1/signal/X", "sw-1", "critical", "the fan stopped\nBcc: x@y.example\r\n (alert)", 1.0
    )
    receiver = Receiver("duty", "mail", to=("a@b.example",), sender="p@b.example")
    mail = senders.letter(receiver, Message(1, "opened", event, f"sw-1: {event.cause}", "", "test"))
    assert mail["Subject"] == ("[test] opened: critical: sw-1: the fan stopped Bcc: x@y.example (alert)")
    assert mail["Bcc"] is None


def test_a_mail_server_without_a_trusted_certificate_gets_no_mail(place, store):
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        park = park_with(Receiver("duty", "mail", to=("a@b.example",), sender="p@b.example",
                                  server=f"127.0.0.1:{server.port}", tls="starttls"))  # fmt: skip
        event = opened(store, park)
        Deliverer(park, place, secret).deliver(store, event.opened_s)
        (waiting,) = store.deliveries_of(event.id)
        assert "STARTTLS" in waiting.error
        assert box.mails == []
    finally:
        server.stop()


@pytest.mark.skipif(not all(map(shutil.which, DEBIAN)), reason="needs Debian's prometheus, alertmanager")
def test_the_round_with_prometheus_and_alertmanager(tmp_path):
    """Rules fire on what the exporter tells and come back as events; events arrive, and end, as alerts."""
    service, ports = Service(), [free_port(), free_port()]
    watched = target("tcp", service.port, interval_s=0.5)
    am = Receiver("am", "alertmanager", f"http://127.0.0.1:{ports[1]}")
    park = park_with(am, targets=(watched,))
    signals, metrics = Signals(), Metrics()

    def alerts(query=""):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{am.url}/api/v2/alerts{query}") as got:
            return {alert["labels"]["alertname"]: alert for alert in json.load(got)}
        return {}

    with Exporter.bind("127.0.0.1", 0) as exporter:
        exporter.serve(Pages(metrics.text, alerts=lambda body: signals.take_alerts(park, body)))
        address = exporter.url.split("/")[2]
        (tmp_path / "prometheus.yml").write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\n"
            f"scrape_configs: [{{job_name: parkops, static_configs: [{{targets: ['{address}']}}]}}]\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{ports[1]}']}}]}}]}}\n"
            f"rule_files: ['{tmp_path}/rules.yml']\n"
        )
        (tmp_path / "rules.yml").write_text(
            "groups:\n- name: test\n  rules:\n"
            "  - alert: TargetDown\n    expr: parkops_probe_up == 0\n    labels: {severity: critical}\n"
            "  - alert: NothingServes\n    expr: max by (device) (parkops_probe_up{probe='tcp'}) == 0\n"
            "    labels: {severity: warning}\n"
            "    annotations: {summary: 'nothing serves on {{$labels.device}}'}\n"
        )
        (tmp_path / "alertmanager.yml").write_text(
            "route: {receiver: parkops, group_by: ['...'], group_wait: 100ms, group_interval: 300ms}\n"
            f"receivers: [{{name: parkops, webhook_configs: [{{url: 'http://{address}/alerts'}}]}}]\n"
        )
        one = {**os.environ, "GOMAXPROCS": "1"}
        prometheus = ("prometheus", f"--config.file={tmp_path}/prometheus.yml",
                      f"--storage.tsdb.path={tmp_path}/tsdb",
                      f"--web.listen-address=127.0.0.1:{ports[0]}")  # fmt: skip
        manager = ("prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml",
                   f"--storage.path={tmp_path}/am", f"--web.listen-address=127.0.0.1:{ports[1]}",
                   "--cluster.listen-address=")  # fmt: skip

        def up(port):
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready").status == 200
            return False

        workspace = Workspace(tmp_path)
        with (
            process(*manager, ready=lambda: up(ports[1]), env=one),
            process(*prometheus, ready=lambda: up(ports[0]), env=one),
            MonitorThread(park, workspace, metrics=metrics, signals=signals) as monitor,
            Deliverer(park, workspace.database, secret),
        ):
            assert monitor.wait_for(lambda m: m.rounds >= 2, 30)
            service.stop()
            assert monitor.wait_for(lambda m: m.events("dev/signal/NothingServes"), 60)
            said = monitor.events("dev/signal/NothingServes")[0]
            assert said.cause == "nothing serves on dev (alert)"
            wait_until(lambda: "ParkopsOutage" in alerts(), 60, "alert of the event")
            alert = alerts()["ParkopsOutage"]
            assert alert["labels"]["target"] == "dev/tcp"
            assert alert["annotations"]["summary"] == "a service on dev fails: connection refused"
            wait_until(lambda: signals.received >= 2, 60, "both alerts")
            service.start()
            ended = lambda m: all(e.resolved_s for e in m.events()) and len(m.events()) == 2  # noqa: E731
            assert monitor.wait_for(ended, 60), monitor.events()
            wait_until(lambda: "ParkopsOutage" not in alerts("?active=true"), 60, "end of the alert")
        with Store.open(workspace.database) as store:
            probe = next(event for event in store.events() if event.target == "dev/tcp")
            assert {event.target for event in store.events()} == {"dev/tcp", "dev/signal/NothingServes"}
            told = [step.by for step in store.event_steps(probe.id) if step.step == "note"]
            assert told == ["alert"], "Prometheus saw the same outage: noted, no second event"
    service.stop()


def test_what_is_no_message_of_an_alertmanager_is_refused_with_a_reason():
    signals = Signals()
    park = park_with()
    with Exporter.bind("127.0.0.1", 0) as exporter:
        exporter.serve(Pages(lambda _: "", alerts=lambda body: signals.take_alerts(park, body)))
        url = exporter.url.replace("/metrics", "/alerts")
        for body in (
            b"",
            b"[]",
            b'{"version": "3", "alerts": []}',
            b'{"version": "4", "alerts": [{}]}',
            b"[" * 10**5,
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(url, body)
            assert refused.value.code == 400
            assert "no message of an Alertmanager" in refused.value.read().decode()
        good = {"labels": {"alertname": "X", "instance": "10.0.0.7:9100"}, "status": "firing",
                "annotations": {"summary": "the disk\n is full\n"}}  # fmt: skip
        own = {"labels": {"alertname": "ParkopsOutage", "origin": "parkops"}, "status": "firing"}
        body = json.dumps({"version": "4", "alerts": [good, own]}).encode()
        assert urllib.request.urlopen(url, body).read() == b"1 alerts\n"
    (signal,) = signals.drain()
    assert (signal.name, signal.severity, signal.clears) == ("X:10.0.0.7:9100", "warning", False)
    assert signal.text == "the disk is full", "a cause is one line"
    with pytest.raises(UsageError):
        signals.take_alerts(park, b"{")
