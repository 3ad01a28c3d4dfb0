"""A disk that fails at any moment: SQLite's file beneath a faulty file system."""

import threading

import apsw
import pytest
import sqlalchemy as sa
from power import Shim
from toy_line import TOY, orders

from lineshaft.core import LineshaftError
from lineshaft.store import Works
from lineshaft.store.backup import verify
from lineshaft.store.database import Database, StorageFailed


def insert(number: int):
    return lambda connection: connection.execute(sa.text("INSERT INTO t VALUES (:n)"), {"n": number}).rowcount


class FailingFile(apsw.VFSFile):
    """A file whose writes and syncs fail from the n-th on, as of a full or broken disk."""

    def __init__(self, disk, name, flags):
        super().__init__("", name, flags)
        self.disk = disk

    def xWrite(self, data, offset):  # noqa: N802
        self.disk.tick()
        super().xWrite(data, offset)

    def xSync(self, flags):  # noqa: N802
        self.disk.tick()


class FailingDisk(apsw.VFS):
    left = 10**9
    error: type[apsw.Error] = apsw.FullError

    def __init__(self, name):
        super().__init__(name, "")

    def xOpen(self, name, flags):  # noqa: N802
        return FailingFile(self, name, flags)

    def tick(self):
        self.left -= 1
        if self.left < 0:
            raise self.error("as asked")

    def excepthook(self, *_):
        """The errors are ours."""


@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError])
def test_a_disk_that_fails_at_any_call_leaves_all_or_nothing(tmp_path, error):
    """The n-th write or sync of an accept fails, for every n until none does."""
    with Works.create(tmp_path / "works", "Test") as works:
        works.use(TOY)
        works.write({"work_order": orders("1", "2")}, "li", "import")
        run = works.propose(TOY)
    disk = FailingDisk(f"failing {error.__name__}")
    disk.error = error
    failures = 0
    while True:
        raw = apsw.Connection(str(tmp_path / "works" / "works.db"), vfs=f"failing {error.__name__}")
        raw.execute("PRAGMA locking_mode=EXCLUSIVE")
        shim = Shim(raw, disk, "FULL")
        works = Works.open(tmp_path / "works", connect=lambda _, shim=shim: shim)
        works.use(TOY)
        disk.left = failures
        try:
            works.accept(run, "li")
            done = True
        except StorageFailed:
            done = False
            failures += 1
        disk.left = 10**9
        works.close()
        raw.close()
        with Works.open(tmp_path / "works") as again:
            assert again.tables()["order_plan"] == (2 if done else 0)
            assert len(again.accepts()) == done
        if done:
            break
    assert failures > 3
    assert verify(tmp_path / "works") == []


def test_a_group_that_fails_acknowledges_nobody(tmp_path):
    disk = FailingDisk("failing group")
    raw = apsw.Connection(str(tmp_path / "x.db"), vfs="failing group")
    raw.execute("PRAGMA locking_mode=EXCLUSIVE")
    shim = Shim(raw, disk, "FULL")
    database = Database(tmp_path / "x.db", lambda _: shim)
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
    disk.left = 2
    outcomes = []

    def write(number):
        try:
            outcomes.append(database.write(insert(number)))
        except LineshaftError:
            outcomes.append(None)

    with database._writer:
        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        while len(database._queue) < 8:
            pass
    for thread in threads:
        thread.join()
    disk.left = 10**9
    assert outcomes == [None] * 8
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
    database.close()
    raw.close()
