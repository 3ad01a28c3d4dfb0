"""A request that comes twice is acted on once, and gets its first answer again."""

import threading

import polars as pl
import pytest
from contract import toy

from lineshaft.core import BadInput
from lineshaft.store.works import Works
from lineshaft.tables import table_name


@pytest.fixture
def works(place):
    with Works.create(place, "Test") as works:
        works.use(toy.ENGINE)
        works.write({table_name(toy.Piece): toy.example()["pieces"]}, "ann", "example")
        yield works


def run_and_accept(works):
    run = works.propose(toy.ENGINE, limits={"work_limit": 3}, actor="ann")
    return run, works.accept(run, "ann", request="accept-1")


def test_a_request_sent_from_many_threads_makes_one_run(works):
    ids = []
    threads = [
        threading.Thread(target=lambda: ids.append(works.submit(toy.ENGINE, actor="ann", request="one")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids == ["r1"] * 20
    assert [record.run_id for record in works.runs()] == ["r1"]
    assert works.submit(toy.ENGINE, actor="ann", request="two") == "r2"


def test_an_accept_is_not_done_again_after_somebody_took_it_back(works):
    run, accepted = run_and_accept(works)
    works.undo(accepted, "bob", request="undo-1")
    assert works.accept(run, "ann", request="accept-1") == accepted
    assert [record.undone for record in works.accepts()] == [True]
    assert works.accept(run, "ann") != accepted


def test_an_undo_asked_for_again_does_not_take_back_the_one_before(works):
    run_and_accept(works)
    second = works.propose(toy.ENGINE, limits={"work_limit": 3, "seed": 5}, actor="ann")
    works.accept(second, "ann")
    assert works.undo("last", "bob", request="undo-1") == works.undo("last", "bob", request="undo-1")
    assert [record.undone for record in works.accepts()] == [False, True]


def test_a_write_asked_for_again_overwrites_nothing(works):
    name = table_name(toy.Piece)
    longer, before = (works.read(name).head(1).with_columns(length_mm=n) for n in (9_000, 8_000))
    first = works.write({name: longer}, "ann", "write", "upsert", request="write-1")
    works.write({name: before}, "bob", "write", "upsert")
    again = works.write({name: longer}, "ann", "write", "upsert", request="write-1")
    assert (again.seq, again.tables) == (first.seq, {})
    assert works.read(name)["length_mm"][0] == 8_000


def test_a_request_that_failed_may_be_sent_again(works):
    name = table_name(toy.Piece)
    good = works.read(name).head(1)
    with pytest.raises(BadInput):
        works.write({name: good.with_columns(length_mm=0)}, "ann", "write", "upsert", request="write-1")
    assert works.write({name: good}, "ann", "write", "upsert", request="write-1").counts


def test_some_rows_may_name_rows_that_are_there_already(works):
    name = table_name(toy.Piece)
    beside = works.read(name).filter(piece_id="D").with_columns(length_mm=4_100)
    assert beside["beside_piece_id"].to_list() == ["C"]
    assert works.write({name: beside}, "ann", "write", "upsert").counts[name]["changed"] == 1
    with pytest.raises(BadInput):
        works.write({name: beside.with_columns(beside_piece_id=pl.lit("Z"))}, "ann", "write", "upsert")
