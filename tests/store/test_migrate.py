"""A works that an older Lineshaft wrote."""

import sqlite3
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
import sqlalchemy as sa
from toy_line import TOY, orders

from lineshaft.core import Missing, Refused
from lineshaft.store import Works
from lineshaft.store.backup import verify
from lineshaft.store.home import home_of
from lineshaft.store.migrations import CHAIN
from lineshaft.store.system import SYSTEM, VERSION
from lineshaft.tables import TABLES

GOLDEN = Path(__file__).parent / "golden_v0.sql"
KIND = "SELECT key, value FROM ls_meta ORDER BY key"


@pytest.fixture
def old(place):
    """A works of form 0; in PostgreSQL the same tables and rows, moved there as they are."""
    home = home_of(place)
    home.prepare()
    if isinstance(place, Path):
        connection = sqlite3.connect(place / "works.db")
        connection.executescript(GOLDEN.read_text(encoding="utf-8"))
        connection.close()
    else:
        home.database.write(move_golden)
    home.close()
    return place


def move_golden(target):
    golden = sa.create_engine("sqlite://")
    with golden.connect() as source:
        source.connection.dbapi_connection.executescript(GOLDEN.read_text(encoding="utf-8"))
        tables = sa.MetaData()
        sa.event.listen(tables, "column_reflect", plain_type)
        tables.reflect(source)
        tables.create_all(target)
        for table in tables.sorted_tables:
            rows = [dict(row) for row in source.execute(sa.select(table)).mappings()]
            if rows:
                target.execute(table.insert(), rows)
    golden.dispose()


def plain_type(_inspector, _table, column):
    column["type"] = column["type"].as_generic()


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
        works.undo("last", "li", request="a request")
    assert verify(old) == []


def test_an_older_works_ends_with_the_bookkeeping_of_a_new_one(old, places):
    Works.open(old).close()
    Works.create(places("new"), "Test").close()
    assert len(CHAIN) == VERSION
    assert bookkeeping(old) == bookkeeping(places("new"))


def bookkeeping(place):
    """Columns, whether each may be empty, and the keys of every table of ours."""
    home = home_of(place)
    with home.database.reading() as connection:
        seen = sa.inspect(connection)
        found = {
            name: (
                {column["name"]: column["nullable"] for column in seen.get_columns(name)},
                seen.get_pk_constraint(name)["constrained_columns"],
            )
            for name in SYSTEM.tables
        }
    home.close()
    return found


def test_a_works_up_to_date_is_only_read(old, monkeypatch):
    Works.open(old).close()

    def refuse(*_):
        raise AssertionError("it writes")

    monkeypatch.setattr("lineshaft.store.database.Database.write", refuse)
    Works.open(old).close()


def test_an_upgrade_that_fails_leaves_the_old_works(old, places, monkeypatch):
    class Resource(TABLES["resource"]):
        must = dy.String()

    monkeypatch.setitem(TABLES, "resource", Resource)
    with pytest.raises(Refused, match="must") as refused:
        Works.open(old)
    assert "resource" in refused.value.words.zh
    assert places.ask(old, "SELECT value FROM ls_meta WHERE key = 'version'") == [("0",)]
    assert places.ask(old, "SELECT count(*) FROM resource WHERE colour IS NOT NULL OR colour IS NULL") == [
        (2,)
    ]


@pytest.mark.parametrize("table", ["item", "resource"])
def test_a_column_of_another_type_is_fine_only_while_the_table_is_empty(old, monkeypatch, table):
    class Changed(TABLES[table]):
        name = dy.Int64(nullable=True)

    monkeypatch.setitem(TABLES, table, Changed)
    if table == "resource":
        with pytest.raises(Refused, match="name"):
            Works.open(old)
    else:
        with Works.open(old) as works:
            assert works.read(table).schema["name"] == pl.Int64


def test_a_key_that_is_no_longer_enough_is_refused(old, monkeypatch):
    class Resource(TABLES["resource"]):
        name = dy.String(primary_key=True)

    monkeypatch.setitem(TABLES, "resource", Resource)
    with pytest.raises(Refused, match="name"):
        Works.open(old)


def test_a_new_column_that_must_be_filled_is_fine_while_the_table_is_empty(old, monkeypatch):
    class Item(TABLES["item"]):
        must = dy.String()

    monkeypatch.setitem(TABLES, "item", Item)
    with Works.open(old) as works:
        assert works.read("item").columns[-1] == "must"


def test_a_newer_works_is_left_alone(old, places):
    places.tamper(old, "UPDATE ls_meta SET value = '99' WHERE key = 'version'")
    before = places.ask(old, KIND)
    with pytest.raises(Refused, match="newer"):
        Works.open(old)
    assert places.ask(old, KIND) == before


def test_no_works_and_a_works_already_there(places):
    with pytest.raises(Missing):
        Works.open(places("works"))
    Works.create(places("works"), "Test").close()
    with pytest.raises(Refused):
        Works.create(places("works"), "Test")


def test_an_engine_with_a_table_of_its_own_brings_it_along(place):
    with Works.create(place, "Test") as works:
        works.write({"work_order": orders("1")}, "li", "import")
        works.use(TOY)
        assert works.frames(TOY)["orders"].equals(works.read("work_order"))
        assert isinstance(works.frames(TOY)["orders"], pl.DataFrame)
        assert "previous" not in works.frames(TOY)
