"""The event log: it only grows, and a root once written down shows every later change."""

import hashlib

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from toy_line import TOY, orders

from lineshaft.store import Works
from lineshaft.store.backup import verify
from lineshaft.store.database import StorageFailed
from lineshaft.store.log import tree_root


def test_roots_of_rfc_6962_test_leaves():
    """Certificate Transparency's own test tree (its reference implementation's merkle tree test)."""
    leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    hashed = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in leaves]
    assert tree_root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree_root(hashed[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree_root(hashed[:3]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert tree_root(hashed).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=20), st.data())
def test_any_change_of_any_leaf_or_number_changes_the_root(leaves, data):
    hashed = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    where = data.draw(st.integers(0, len(hashed) - 1))
    other = [*hashed[:where], hashlib.sha256(b"\0other").digest(), *hashed[where + 1 :]]
    assert tree_root(other) != tree_root(hashed)
    assert tree_root(hashed[:-1]) != tree_root(hashed)


@pytest.fixture
def place(places):
    with Works.create(places("works"), "Test") as works:
        works.use(TOY)
        works.write({"work_order": orders("1", "2")}, "li", "import", source="orders.xlsx")
        works.accept(works.propose(TOY), "wang")
    return places("works")


def test_an_entry_says_who_did_what_from_where(place):
    with Works.open(place) as works:
        entry = works.log()[1]
        assert (entry.actor, entry.action, entry.payload["source"]) == ("li", "import", "orders.xlsx")
        accepted = works.log()[-1]
        assert (accepted.actor, accepted.action, accepted.run_id) == ("wang", "accept", "r1")
        works.undo("last", "li")
        assert works.log()[-1].cause == accepted.seq


def test_the_log_cannot_be_rewritten_through_the_works(place):
    with Works.open(place) as works:
        for statement in ("UPDATE ls_event SET actor = 'zhao'", "DELETE FROM ls_event"):
            with pytest.raises(StorageFailed, match="only grows"):
                works.database.write(lambda c, statement=statement: c.execute(sa.text(statement)))


EDITS = {
    "UPDATE ls_event SET actor = 'zhao' WHERE seq = 2": "ls_event",
    "UPDATE ls_event SET payload = '{}' WHERE seq = 2": "ls_event",
    "DELETE FROM ls_event WHERE seq = 2": "ls_event",
    "UPDATE work_order SET weight = 9 WHERE order_id = '1'": "work_order",
    "DELETE FROM order_plan WHERE order_id = '1'": "order_plan",
    "UPDATE ls_run SET result_blob = 'x' WHERE no = 1": "blobs",
}


@pytest.mark.parametrize("edit", EDITS)
def test_verify_names_what_was_edited_behind_our_back(places, place, edit):
    assert verify(place) == []
    places.tamper(place, edit)
    assert {fault.table for fault in verify(place)} == {EDITS[edit]}


def test_verify_names_a_damaged_database(folder):
    place = folder("works")
    Works.create(place, "Test").close()
    content = bytearray((place / "works.db").read_bytes())
    for offset in range(4096 * 3, len(content), 4096):
        content[offset : offset + 100] = b"\xff" * 100
    (place / "works.db").write_bytes(content)
    assert {fault.table for fault in verify(place)} == {"works.db"}
