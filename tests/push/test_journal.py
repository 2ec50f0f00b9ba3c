"""The journal is whole or says where it is not; locks are held, dropped and broken by name."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated import die, in_process

from parkops.errors import MachineError, UsageError
from parkops.push.journal import Journal, Note
from parkops.push.lock import Locks
from parkops.push.replay import Stage, replay

TAMPERING = (  # what somebody does to the file, what is said
    ("UPDATE entry SET detail='x' WHERE seq=3", "entry 3: was changed"),
    ("UPDATE entry SET time_s=time_s+1 WHERE seq=2", "entry 2: was changed"),
    ("UPDATE entry SET texts='{}' WHERE seq=4", "entry 4: was changed"),
    ("DELETE FROM entry WHERE seq=3", "entry 4: expected entry 3: one is missing"),
    ("UPDATE text SET body=x'00'", "entry 4: its diff was changed"),
    ("DELETE FROM text", "entry 4: its diff is missing"),
    ("UPDATE entry SET seq=9 WHERE seq=5", "entry 9: expected entry 5"),
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        opened.write(Note("t1", "", "begin", data={"kind": "push", "plan": "p", "devices": ["a"]}))
        opened.write(Note("t1", "a", "survey"))
        opened.write(Note("t1", "a", "prepare", "中文"))
        opened.write(Note("t1", "a", "surveyed", texts={"diff": "+ x\n"}))
        opened.write(Note("t1", "a", "commit", data={"token": "k", "timeout_s": 60}))
        yield opened


def test_what_is_written_is_read_and_proven(journal: Journal) -> None:
    verification = journal.verify()
    assert (verification.whole, verification.entries) == (True, 5)
    assert verification.head == journal.entries()[-1].hash
    (record,) = replay(journal.entries())
    assert journal.text(record.devices["a"].texts["diff"]) == "+ x\n"
    assert (record.devices["a"].stage, record.devices["a"].token) == (Stage.PENDING, "k")


@pytest.mark.parametrize(("statement", "told"), TAMPERING)
def test_tampering_is_told(journal: Journal, tmp_path: Path, statement: str, told: str) -> None:
    database = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    if "text" not in statement.partition("SET")[0]:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(statement)
    database.execute("DROP TRIGGER entry_stays")
    database.execute("DROP TRIGGER entry_as_written")
    database.execute(statement)
    database.close()
    problems = journal.verify().problems
    assert any(problem.startswith(told) for problem in problems), problems


def test_many_threads_and_processes_make_one_chain(journal: Journal, tmp_path: Path) -> None:
    def write(opened: Journal, name: str) -> None:
        for number in range(20):
            opened.write(Note(name, "d", "step", str(number)))

    code = (  # a process of its own: SQLite does not outlive a fork
        "import sys\nfrom pathlib import Path\nfrom parkops.push.journal import Journal, Note\n"
        "with Journal(Path(sys.argv[1])) as other:\n"
        "    for number in range(20):\n        other.write(Note('process', 'd', 'step', str(number)))\n"
    )
    threads = [threading.Thread(target=write, args=(journal, f"thread {n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    subprocess.run([sys.executable, "-c", code, tmp_path / "journal.db"], check=True, timeout=60)
    for thread in threads:
        thread.join()
    verification = journal.verify()
    assert (verification.whole, verification.entries) == (True, 5 + 5 * 20)


def test_a_journal_that_cannot_be_written_says_so(journal: Journal, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("PRAGMA max_page_count=1")
    journal._db.execute("PRAGMA max_page_count=1")  # the disk is full
    with pytest.raises(MachineError, match="make room"):
        journal.write(Note("t1", "a", "x", texts={"diff": os.urandom(100_000).hex()}))
    journal.lenient = True
    journal.write(Note("t1", "a", "x"))  # what goes back goes back


def test_the_file_is_its_owners_alone(journal: Journal, tmp_path: Path) -> None:
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0


def test_two_pushes_cannot_hold_one_device(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    with locks.running("t1"), Journal(locks.database) as journal:
        locks.take("t1", ["a", "b"])
        with pytest.raises(UsageError, match=r"another push is running \(process"):
            locks.take("t2", ["c", "b"])
        locks.take("t2", ["c"])  # another device: nothing against it
        with pytest.raises(UsageError, match="still runs"):
            locks.break_("a")
        with pytest.raises(UsageError, match="is running"), locks.running("t1"):
            pass
        journal.write(Note("t1", "", "end", data={"ending": "committed"}))
        assert [held.device for held in locks.held()] == ["c"]


def test_a_stale_lock_is_broken_by_name_only(tmp_path: Path) -> None:
    locks = Locks(tmp_path)

    def pushing() -> None:
        with locks.running("t1"):
            locks.take("t1", ["a", "b"])
            die()

    assert in_process(pushing) == -9
    assert [held.alive for held in locks.held()] == [False, False]
    with pytest.raises(UsageError, match="--break-lock a"):
        locks.take("t2", ["a"])
    with pytest.raises(UsageError, match="not locked"):
        locks.break_("c")
    locks.break_("a")
    locks.take("t2", ["a"])
    with pytest.raises(UsageError, match="--break-lock b"):
        locks.take("t2", ["b"])
