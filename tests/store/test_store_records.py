"""What is saved is read back as it was."""

from parkops.model import Evidence, EvidenceKind, Outcome, Reach, Result, Running, Step


def test_reach_keeps_the_latest(store):
    store.save_reach([Reach("e1", True, 10.0, "open", 0.001), Reach("e2", None, 10.0)])
    store.save_reach([Reach("e1", False, 20.0, "closed"), Reach("e2", True, 5.0)])
    assert store.reach() == (Reach("e1", False, 20.0, "closed"), Reach("e2", None, 10.0))


def test_each_devices_latest_result(store):
    assert store.last_results() == ((), None)
    old = Result("z", "ssh", Outcome.FAILED, "no")
    store.save_results([old, Result("a", "netconf", Outcome.FAILED, "no")], 1.0)
    results = (
        Result("a", "netconf", Outcome.CHANGED, "ok", "+ 线", (Step("commit", "confirmed", 2.5),), 0.5),
        Result("b", "ansible", Outcome.UNCHANGED),
    )
    store.save_results(reversed(results), 2.0)
    assert store.last_results() == ((*results, old), 2.0)


def test_running_keeps_the_latest_of_each_device(store):
    store.save_running([Running("a", "ssh", "old", 1.0)])
    now = Running("a", "ansible", "text", 2.0, (("/etc/x", "中文\n"),), ("urn:x",))
    store.save_running([now])
    assert store.running() == (now,)


def test_evidence_keeps_the_latest(store):
    old = Evidence(EvidenceKind.STATE, "sw-1", "p1", "up", 1.0)
    new = Evidence(EvidenceKind.STATE, "sw-1", "p1", "down", 2.0, 60.0, "abcd")
    store.save_evidence([old])
    store.save_evidence([new])
    assert store.evidence() == (new,)
