"""Writing in groups, reading one moment, and a disk that fails."""

import sqlite3
import threading
from pathlib import Path

import apsw
import pytest
import sqlalchemy as sa
from power import Shim
from toy_line import TOY, orders

from lineshaft.core import BadInput, LineshaftError
from lineshaft.store import Works
from lineshaft.store.backup import verify
from lineshaft.store.database import Database, StorageFailed, connect_sqlite


class Counted:
    """A connection that counts its commits."""

    def __init__(self, path):
        self.commits = 0
        self._path = path

    def __call__(self, path: Path) -> sqlite3.Connection:
        connection = connect_sqlite(path)
        connection.set_trace_callback(self._count)
        return connection

    def _count(self, statement: str) -> None:
        self.commits += statement == "COMMIT"


@pytest.fixture
def counted(tmp_path):
    connect = Counted(tmp_path)
    database = Database(tmp_path / "x.db", connect)
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
    yield database, connect
    database.close()


def insert(number: int):
    return lambda connection: connection.execute(sa.text("INSERT INTO t VALUES (:n)"), {"n": number}).rowcount


def numbers(database) -> list[int]:
    with database.reading() as connection:
        return list(connection.exec_driver_sql("SELECT n FROM t ORDER BY n").scalars())


def test_settings_are_the_safe_ones(counted):
    with counted[0].reading() as connection:
        asked = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    assert asked == ["wal", 2]


def test_threads_that_wait_share_a_commit_and_each_gets_its_own_answer(counted):
    database, connect = counted
    first_in, all_waiting = threading.Event(), threading.Event()

    def slow(connection):
        first_in.set()
        assert all_waiting.wait(30)
        return insert(0)(connection)

    answers = {}

    def write(number, work):
        try:
            answers[number] = database.write(work)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=write, args=(0, slow))]
    threads[0].start()
    assert first_in.wait(30)
    before = connect.commits
    threads += [threading.Thread(target=write, args=(n, insert(n))) for n in range(1, 20)]
    threads.append(threading.Thread(target=write, args=("again", insert(1))))
    threads.append(threading.Thread(target=write, args=("own", lambda connection: 1 / 0)))
    for thread in threads[1:-2]:
        thread.start()
    while len(database._queue) < 19:
        pass
    for thread in threads[-2:]:
        thread.start()
    while len(database._queue) < 21:
        pass
    all_waiting.set()
    for thread in threads:
        thread.join()
    assert connect.commits == before + 2
    assert isinstance(answers.pop("own"), ZeroDivisionError)
    assert isinstance(answers.pop("again"), StorageFailed)
    assert len(answers) == 20


def test_a_reader_sees_one_moment(counted):
    database, _ = counted
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
        database.write(insert(1))
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
    assert numbers(database) == [1]


def test_two_connections_that_read_and_write_never_fail(tmp_path, counted):
    other = Database(tmp_path / "x.db")

    def next_number(connection):
        last = connection.exec_driver_sql("SELECT coalesce(max(n), 0) FROM t").scalar()
        return insert(last + 1)(connection)

    def work(database):
        for _ in range(30):
            database.write(next_number)

    threads = [threading.Thread(target=work, args=(database,)) for database in (counted[0], other) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert numbers(counted[0]) == list(range(1, 121))


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
    assert numbers(database) == []
    database.close()
    raw.close()


def test_bad_rows_in_a_group_do_not_harm_the_others(tmp_path):
    with Works.create(tmp_path / "works", "Test") as works:
        good, bad = orders("1"), orders("2", quantity=0)

        def write(frame):
            try:
                works.write({"work_order": frame}, "li", "import", mode="upsert")
            except BadInput as error:
                faults.append(error.faults[0].column)

        faults: list[str] = []
        threads = [threading.Thread(target=write, args=(frame,)) for frame in (good, bad)]
        with works.database._writer:
            for thread in threads:
                thread.start()
            while len(works.database._queue) < 2:
                pass
        for thread in threads:
            thread.join()
        assert works.read("work_order")["order_id"].to_list() == ["1"]
        assert faults == ["quantity"]
