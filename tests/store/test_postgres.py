"""What only PostgreSQL can do to us: a server that goes away, a wire that breaks, neighbours in the same database."""

import sys
import threading

import psycopg
import pytest
import sqlalchemy as sa
from places import Places
from toy_line import TOY, orders
from wire import Wire

from lineshaft.core import BadInput, Missing, Refused
from lineshaft.store import Works, database
from lineshaft.store.backup import verify
from lineshaft.store.blob_table import PIECE_BYTES
from lineshaft.store.database import OutcomeUnknown, StorageFailed
from lineshaft.store.home import home_of, parse_url


@pytest.fixture
def places(server, tmp_path):
    return Places("postgres", tmp_path, server)


@pytest.fixture
def works(places):
    with Works.create(places("works"), "Test") as works:
        works.use(TOY)
        works.write({"work_order": orders("1", "2")}, "li", "import")
        yield works


def setting(works, name):
    with works.database.reading() as connection:
        return connection.exec_driver_sql(f"SHOW {name}").scalar_one()


def test_an_acknowledged_commit_is_on_disk_whatever_the_server_prefers(places, works):
    assert places.ask(works.place, "SHOW synchronous_commit") == [("off",)]
    assert setting(works, "synchronous_commit") == "on"
    shown = works.database.write(lambda c: c.exec_driver_sql("SHOW synchronous_commit").scalar_one())
    assert shown == "on"


def test_a_stronger_promise_of_the_server_is_kept(places):
    place = places("works")
    Works.create(place, "Test").close()
    with Works.open(f"{place}&options=-c%20synchronous_commit%3Dremote_apply") as works:
        assert setting(works, "synchronous_commit") == "remote_apply"


def test_works_in_one_database_are_strangers(places, works):
    with Works.create(places("other"), "Other") as other:
        assert (works.name, other.name) == ("Test", "Other")
        assert other.tables()["work_order"] == 0
        nested = works.database.write(lambda _: other.database.write(lambda _: "both at once"))
        assert nested == "both at once"


def test_writers_of_one_works_take_turns(works):
    """The second process waits for the first's commit and then sees it."""
    with Works.open(works.place) as other:
        inside, go_on, order = threading.Event(), threading.Event(), []

        def slow(connection):
            inside.set()
            assert go_on.wait(30)
            order.append("first")

        def second(connection):
            order.append("second")

        threads = [threading.Thread(target=works.database.write, args=(slow,))]
        threads[0].start()
        assert inside.wait(30)
        threads.append(threading.Thread(target=other.database.write, args=(second,)))
        threads[1].start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        with works.database.aside() as connection:
            while not connection.exec_driver_sql(waiting).scalar_one():
                pass
        go_on.set()
        for thread in threads:
            thread.join()
        assert order == ["first", "second"]


def test_waiting_for_a_turn_has_an_end(works, monkeypatch):
    monkeypatch.setattr("lineshaft.store.dialects.BUSY_S", 0.1)
    with Works.open(works.place) as hasty:

        def blocked(_):
            with pytest.raises(StorageFailed, match="lock timeout"):
                hasty.database.write(lambda _: None)

        works.database.write(blocked)


def test_a_value_the_server_cannot_take_harms_nobody_else_in_the_group(works):
    answers = {}

    def write(name, body):
        try:
            answers[name] = works.database.write(
                lambda c: c.execute(sa.text("SELECT CAST(:body AS text)"), {"body": body}).scalar_one()
            )
        except StorageFailed as error:
            answers[name] = error

    threads = [threading.Thread(target=write, args=given) for given in (("bad", "x\0y"), ("good", "z"))]
    with works.database._writer:
        for thread in threads:
            thread.start()
        while len(works.database._queue) < 2:
            pass
    for thread in threads:
        thread.join()
    assert answers["good"] == "z"
    assert isinstance(answers["bad"], StorageFailed)


def test_a_connection_that_dies_during_a_write_leaves_nothing_and_the_next_is_fine(works):
    before = works.root()

    def die(connection):
        connection.execute(sa.text("UPDATE ls_meta SET value = 'x' WHERE key = 'name'"))
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StorageFailed, match="nothing was changed"):
        works.database.write(die)
    assert (works.name, works.root()) == ("Test", before)
    works.write({"work_order": orders("3")}, "li", "import", mode="upsert")


def test_a_server_that_was_restarted_is_found_again(works):
    with works.database.aside() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'lineshaft'"
        connection.exec_driver_sql(others)
    assert works.tables()["work_order"] == 2


@pytest.fixture
def wired(server, works):
    """The same works through a wire that can be cut."""
    wire = Wire(server.port)
    with Works.open(works.place.replace(f":{server.port}/", f":{wire.port}/")) as cut:
        yield cut, wire
    wire.close()


def test_a_commit_whose_answer_was_lost_is_known_to_have_happened(works, wired):
    far, wire = wired
    wire.cut = "after"
    far.write({"work_order": orders("3")}, "li", "import", mode="upsert")
    assert works.tables()["work_order"] == 3
    assert len(works.log()) == 3


def test_a_commit_that_never_arrived_is_known_not_to_have_happened(works, wired):
    far, wire = wired
    wire.cut = "before"
    with pytest.raises(StorageFailed, match="nothing was changed"):
        far.write({"work_order": orders("3")}, "li", "import", mode="upsert")
    assert works.tables()["work_order"] == 2
    far.write({"work_order": orders("3")}, "li", "import", mode="upsert")


def test_a_server_that_stays_away_is_not_said_to_have_done_nothing(works, wired, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.5)
    far, wire = wired
    wire.cut = "for good"
    with pytest.raises(OutcomeUnknown, match="may have been made") as unknown:
        far.write({"work_order": orders("3")}, "li", "import", mode="upsert")
    assert "可能已经生效" in unknown.value.words.zh


def test_no_server_is_one_line_without_the_password(server):
    with pytest.raises(StorageFailed) as failed:
        Works.open("postgresql://li:geheim@127.0.0.1:1/works")
    assert "geheim" not in str(failed.value)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    "place",
    [
        "mysql://host/db",
        "postgresql://host",
        "postgresql://u:geheim@host:port/db",
        "postgresql://h/d?schema=Größe",
        "postgresql://h/d?schema=pg_x",
        "postgresql://h/d?schema=" + "x" * 57,
    ],
)
def test_a_url_that_names_no_place_is_refused(place):
    with pytest.raises(BadInput) as bad:
        Works.create(place, "Test")
    assert "geheim" not in bad.value.faults[0].say("en")


def test_a_password_is_never_shown(works):
    assert "secret" in works.place
    assert "secret" not in works.said
    with pytest.raises(Refused) as refused:
        Works.create(works.place, "Test")
    assert "secret" not in str(refused.value)
    with pytest.raises(Refused) as refused:
        works.path  # noqa: B018
    assert "secret" not in str(refused.value)


def test_without_the_package_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Missing, match=r"pip install 'lineshaft\[postgres\]'"):
        Works.open("postgresql://li@127.0.0.1/works")


def test_a_database_that_cannot_hold_every_letter_is_refused(server):
    url, _ = parse_url(server.url("x"))
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(Refused, match="LATIN1"):
        Works.create(server.url("works", "latin"), "Test")


def test_a_large_file_is_kept_in_pieces_and_lent_as_a_file(places, works):
    content = bytes(range(256)) * (PIECE_BYTES // 256) * 2 + b"end"
    digest = works.blobs.keep(content)
    assert works.blobs.keep(content) == digest
    count = f"SELECT count(*) FROM ls_blob WHERE digest = '{digest}'"
    assert places.ask(works.place, count) == [(3,)]
    file = works.blobs.path(digest)
    assert file.read_bytes() == content == works.blobs.read(digest)
    works.close()
    assert not file.exists()
    for act in (works.blobs.path, works.blobs.read):
        with pytest.raises(Missing):
            act("0" * 64)


def test_the_log_cannot_be_emptied(works):
    with pytest.raises(StorageFailed, match="only grows"):
        works.database.write(lambda c: c.exec_driver_sql("TRUNCATE ls_event CASCADE"))
    assert verify(works.place) == []


def test_two_that_make_the_same_works_make_one(places):
    outcomes = []

    def make():
        try:
            Works.create(places("works"), "Test").close()
            outcomes.append("made")
        except Refused:
            outcomes.append("refused")

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused", "refused"]
    home = home_of(places("works"))
    assert home.has_works()
    home.close()
