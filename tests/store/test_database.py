"""Writing in groups, reading one moment, and threads and processes that want the same."""

import threading

import pytest
import sqlalchemy as sa
from toy_line import TOY, orders

from lineshaft.core import BadInput
from lineshaft.store import Works
from lineshaft.store.backup import verify
from lineshaft.store.database import StorageFailed
from lineshaft.store.home import home_of


@pytest.fixture
def database(place):
    """A database with one table of numbers."""
    home = home_of(place)
    home.prepare()
    home.database.write(lambda c: c.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
    yield home.database
    home.close()


def insert(number: int):
    return lambda connection: connection.execute(sa.text("INSERT INTO t VALUES (:n)"), {"n": number}).rowcount


def numbers(database) -> list[int]:
    with database.reading() as connection:
        return list(connection.exec_driver_sql("SELECT n FROM t ORDER BY n").scalars())


def test_threads_that_wait_share_a_commit_and_each_gets_its_own_answer(database):
    commits = []
    sa.event.listen(database._engine, "commit", commits.append)
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
    before = len(commits)
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
    assert len(commits) == before + 2
    assert isinstance(answers.pop("own"), ZeroDivisionError)
    assert isinstance(answers.pop("again"), StorageFailed)
    assert len(answers) == 20


def test_a_reader_sees_one_moment(database):
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
        database.write(insert(1))
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
    assert numbers(database) == [1]


def test_two_connections_that_read_and_write_never_fail(place, database):
    other = home_of(place)

    def next_number(connection):
        last = connection.exec_driver_sql("SELECT coalesce(max(n), 0) FROM t").scalar()
        return insert(last + 1)(connection)

    def work(each):
        for _ in range(30):
            each.write(next_number)

    threads = [threading.Thread(target=work, args=(each,)) for each in (database, other.database) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert numbers(database) == list(range(1, 121))


def test_bad_rows_in_a_group_do_not_harm_the_others(place):
    with Works.create(place, "Test") as works:
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


def test_a_reader_cannot_write(database):
    with pytest.raises(StorageFailed), database.reading() as connection:
        insert(1)(connection)
    assert numbers(database) == []


def test_threads_share_one_works(place):
    """What a web server does: many threads read, write, plan and accept on one open works, more than it keeps open."""
    with Works.create(place, "Test") as works:
        works.use(TOY)
        works.write({"work_order": orders("0")}, "li", "import")
        failures, start = [], threading.Barrier(18)

        def reader():
            for _ in range(6):
                with works.database.reading() as connection:
                    before = connection.exec_driver_sql("SELECT count(*) FROM work_order").scalar()
                    assert len(works.read("work_order")) >= before
                assert works.tables()["work_order"] >= before

        def writer(number):
            for step in range(3):
                works.write({"work_order": orders(f"{number}-{step}")}, "li", "import", mode="upsert")

        def planner():
            works.use(TOY)
            works.preview(works.propose(TOY))

        def begin(act, *given):
            try:
                start.wait(30)
                act(*given)
            except BaseException as error:
                failures.append(error)

        acts = [(reader,)] * 8 + [(writer, number) for number in range(6)] + [(planner,)] * 4
        threads = [threading.Thread(target=begin, args=act) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert works.tables()["work_order"] == 1 + 6 * 3
        assert [event.seq for event in works.log()] == list(range(1, 2 + 1 + 6 * 3 + 4))
    assert verify(place) == []
