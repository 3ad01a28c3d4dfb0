"""A works that an older Lineshaft wrote."""

import shutil
import sqlite3
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from toy_line import TOY, orders

from lineshaft.core import Missing, Refused
from lineshaft.store import Works
from lineshaft.store.backup import verify
from lineshaft.tables import TABLES

GOLDEN = Path(__file__).parent / "golden_v0.sql"


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "works"
    (path / "blobs").mkdir(parents=True)
    (path / "offers").mkdir()
    connection = sqlite3.connect(path / "works.db")
    connection.executescript(GOLDEN.read_text(encoding="utf-8"))
    connection.close()
    return path


def test_an_older_works_keeps_its_rows_runs_and_log(old):
    with Works.open(old) as works:
        assert set(works.tables()) >= set(TABLES)
        assert (works.name, works.tables()["resource"], works.tables()["work_order"]) == (
            "旧厂 / Old works",
            2,
            2,
        )
        resource = works.read("resource")
        assert resource["name"].to_list() == ["滚齿机", None]
        assert resource["setup_group"].to_list() == [None, None]
        assert "colour" not in resource.columns
        assert works.run("r1").basis == works.run("r1").inputs != {}
        assert works.root()[0] == 2
        run = works.propose(TOY)
        works.accept(run, "li")
    assert verify(old) == []


def test_a_works_up_to_date_is_not_written_to(old):
    Works.open(old).close()
    before = (old / "works.db").read_bytes()
    Works.open(old).close()
    assert (old / "works.db").read_bytes() == before


def test_an_upgrade_that_fails_leaves_the_old_works(old, monkeypatch):
    class Resource(TABLES["resource"]):
        must = dy.String()

    monkeypatch.setitem(TABLES, "resource", Resource)
    before = shutil.copytree(old, old.parent / "copy")
    with pytest.raises(Refused, match="must") as refused:
        Works.open(old)
    assert "resource" in refused.value.words.zh
    for path in (old, before):
        connection = sqlite3.connect(path / "works.db")
        assert connection.execute("SELECT value FROM ls_meta WHERE key = 'version'").fetchone() == ("0",)
        connection.close()


def test_a_new_column_that_must_be_filled_is_fine_while_the_table_is_empty(old, monkeypatch):
    class Item(TABLES["item"]):
        must = dy.String()

    monkeypatch.setitem(TABLES, "item", Item)
    with Works.open(old) as works:
        assert works.read("item").columns[-1] == "must"


def test_a_newer_works_is_left_alone(old):
    connection = sqlite3.connect(old / "works.db")
    connection.execute("UPDATE ls_meta SET value = '99' WHERE key = 'version'")
    connection.commit()
    connection.close()
    with pytest.raises(Refused, match="newer"):
        Works.open(old)


def test_no_works_and_a_works_already_there(tmp_path):
    with pytest.raises(Missing):
        Works.open(tmp_path)
    Works.create(tmp_path / "works", "Test").close()
    with pytest.raises(Refused):
        Works.create(tmp_path / "works", "Test")


def test_an_engine_with_a_table_of_its_own_brings_it_along(tmp_path):
    with Works.create(tmp_path / "works", "Test") as works:
        works.write({"work_order": orders("1")}, "li", "import")
        works.use(TOY)
        assert works.frames(TOY)["orders"].equals(works.read("work_order"))
        assert isinstance(works.frames(TOY)["orders"], pl.DataFrame)
        assert "previous" not in works.frames(TOY)
