"""The drill: a copy of either kind is the same works, or there is none."""

import pytest
from toy_line import FREE, TOY, orders

from lineshaft.core import BadInput, Missing, Refused
from lineshaft.store import Works
from lineshaft.store.backup import backup, restore, verify
from lineshaft.store.database import StorageFailed

DIGESTS = "SELECT name, digest, rows, columns FROM ls_table ORDER BY name"


@pytest.fixture
def place(places):
    """A works with a run that was accepted, and a table that only an engine brought along."""
    with Works.create(places("works"), "试验厂 / Test") as works:
        works.use(TOY)
        works.use(FREE)
        works.write({"work_order": orders("1", "2")}, "li", "import", source="orders.xlsx")
        works.accept(works.propose(TOY), "wang")
        works.blobs.keep(b"")
    return places("works")


def facts(places, place):
    """What must be the same in a copy."""
    with Works.open(place) as works:
        works.use(TOY)
        return (
            works.root(),
            works.name,
            works.runs(),
            works.accepts(),
            works.result("r1").digest,
            [tuple(row) for row in places.ask(place, DIGESTS)],
        )


def test_there_and_back_through_a_folder_everything_is_the_same(places, folder, place):
    before = facts(places, place)
    backup(place, folder("copy"))
    assert facts(folder, folder("copy")) == before
    with Works.open(place) as works:
        works.write({"work_order": orders("3")}, "li", "import", mode="upsert")
    again = places("again")
    restore(folder("copy"), again)
    assert facts(places, again) == before
    with Works.open(again) as works:
        works.use(TOY)
        assert works.replay("r1")
        works.undo("last", "li")
        assert works.tables()["order_plan"] == 0
        with pytest.raises(StorageFailed, match="only grows"):
            works.database.write(lambda connection: connection.exec_driver_sql("DELETE FROM ls_event"))
    assert verify(again) == []


def test_a_copy_may_stay_in_the_same_kind_of_place(places, place):
    backup(place, places("copy"))
    assert facts(places, places("copy")) == facts(places, place)


def test_a_table_of_an_engine_that_is_not_installed_comes_along(places, folder, place):
    signature = (
        '[["id", "TEXT", false, true], ["flag", "BOOLEAN", true, false], ["x", "DOUBLE", true, false]]'
    )
    places.tamper(
        place,
        "CREATE TABLE foreign_part (id TEXT PRIMARY KEY, flag BOOLEAN, x DOUBLE PRECISION)",
        "INSERT INTO foreign_part VALUES ('甲', true, 0.1)",
        f"INSERT INTO ls_table VALUES ('foreign_part', 'unknown', 1, '{signature}')",
    )
    backup(place, folder("copy"))
    assert folder.ask(folder("copy"), "SELECT id, flag, x FROM foreign_part") == [("甲", 1, 0.1)]


def test_others_may_write_while_a_copy_is_made(folder, place, monkeypatch):
    """The copy holds one moment: what comes after the first row was read is not in it."""
    from lineshaft.store import backup as module

    plain = module.copy_rows

    def copy_slowly(source, target):
        assert source.exec_driver_sql("SELECT count(*) FROM work_order").scalar_one() == 2
        with Works.open(place) as works:
            works.write({"work_order": orders("9")}, "li", "import", mode="upsert")
        plain(source, target)

    monkeypatch.setattr(module, "copy_rows", copy_slowly)
    backup(place, folder("copy"))
    assert verify(folder("copy")) == []
    with Works.open(folder("copy")) as copy, Works.open(place) as works:
        assert (copy.tables()["work_order"], works.tables()["work_order"]) == (2, 3)


def damage(places, place, digest, *, gone=False):
    """Change or remove a stored file."""
    if places.kind == "postgres":
        change = "DELETE FROM ls_blob" if gone else "UPDATE ls_blob SET content = 'edited'"
        places.tamper(place, f"{change} WHERE digest = '{digest}'")
    elif gone:
        (place / "blobs" / digest).unlink()
    else:
        (place / "blobs" / digest).write_bytes(b"edited")


def test_verify_names_damaged_and_missing_files(places, place):
    digests = sorted(row[0] for row in places.ask(place, "SELECT blob FROM ls_version"))
    damage(places, place, digests[0])
    damage(places, place, digests[-1], gone=True)
    assert [fault.key[0] for fault in verify(place)] == [digests[0], digests[-1]]


def test_nothing_is_overwritten_and_nothing_broken_is_taken(places, folder, place):
    for act in (backup, restore):
        with pytest.raises(Refused, match="there already"):
            act(place, place)
        with pytest.raises(Missing):
            act(places("nowhere"), places("copy"))
    with pytest.raises(Missing, match="no folder"):
        backup(place, folder("no") / "copy")
    blob = places.ask(place, "SELECT max(blob) FROM ls_version")[0][0]
    damage(places, place, blob)
    with pytest.raises(BadInput):
        restore(place, places("copy"))
    with pytest.raises(BadInput):
        backup(place, places("copy"))
    with pytest.raises(Missing):
        Works.open(places("copy"))


def test_a_copy_that_breaks_off_leaves_nothing(places, place, monkeypatch):
    def refuse(self, content):
        raise OSError("the disk is full")

    monkeypatch.setattr("lineshaft.store.blobs.BlobFolder.keep", refuse)
    monkeypatch.setattr("lineshaft.store.blob_table.BlobTable.keep", refuse)
    with pytest.raises(OSError, match="full"):
        backup(place, places("copy"))
    monkeypatch.undo()
    with pytest.raises(Missing):
        Works.open(places("copy"))
    backup(place, places("copy"))
    assert verify(places("copy")) == []
