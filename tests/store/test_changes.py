"""Tables changed by a function of themselves: shown, written as an accepted proposal, taken back by undo."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from toy_line import TOY, orders

from lineshaft.core import BadInput, Missing, Refused
from lineshaft.store import Works
from lineshaft.store.changes import change, preview

READS = ("work_order",)


@pytest.fixture
def works(place):
    with Works.create(place, "Test") as works:
        works.use(TOY)
        works.write({"work_order": orders("1", "2")}, actor="li", action="import")
        yield works


def doubled(tables):
    return {"work_order": tables["work_order"].with_columns(pl.col("quantity") * 2)}


def test_a_preview_shows_and_changes_nothing(works):
    before = works.read("work_order")
    assert preview(works, doubled, READS).counts == {
        "work_order": {"inserted": 0, "changed": 2, "removed": 0}
    }
    assert_frame_equal(works.read("work_order"), before)
    assert works.runs() == []


def test_a_change_is_written_logged_and_taken_back_by_undo(works):
    before = works.read("work_order")
    accept = change(works, TOY, doubled, READS, "li", {"what": "double"})
    assert_frame_equal(works.read("work_order"), doubled({"work_order": before})["work_order"])
    (record,) = works.runs()
    assert (record.kind, record.actor, record.params, record.is_plan) == (
        "tables",
        "li",
        {"what": "double"},
        False,
    )
    assert [event.action for event in works.log()] == ["create", "import", "accept"]
    undone = works.undo(accept, "li")
    assert undone.proposal is None
    assert_frame_equal(works.read("work_order"), before)
    assert works.accept(record.run_id, "li") != accept
    assert_frame_equal(works.read("work_order"), doubled({"work_order": before})["work_order"])


def test_when_something_came_on_top_the_undo_is_a_proposal(works):
    accept = change(works, TOY, doubled, READS, "li", {})
    works.write({"work_order": orders("1", "2", "3")}, actor="li", action="import")
    undone = works.undo(accept, "li")
    assert undone.proposal is not None
    assert len(works.read("work_order")) == 3


def test_a_plan_made_before_a_change_is_refused_after_it(works):
    run = works.propose(TOY)
    change(works, TOY, doubled, READS, "li", {})
    with pytest.raises(Refused, match="work_order"):
        works.accept(run, "li")


@pytest.mark.parametrize(
    "call", [preview, lambda works, make, reads: change(works, TOY, make, reads, "li", {})]
)
def test_a_change_that_breaks_a_rule_leaves_nothing_behind(works, call):
    def broken(tables):
        return {"work_order": tables["work_order"].with_columns(pl.col("quantity") * 0)}

    def missing(tables):
        raise Missing("no", "无")

    before = works.read("work_order")
    with pytest.raises(BadInput):
        call(works, broken, READS)
    with pytest.raises(Missing):
        call(works, missing, READS)
    assert_frame_equal(works.read("work_order"), before)
    assert works.runs() == []
    assert works.accepts() == []


def test_what_no_engine_made_is_not_read_as_an_engine_s(works):
    change(works, TOY, doubled, READS, "li", {})
    for read in (works.result, works.inputs, works.replay):
        with pytest.raises(Refused):
            read("r1")
    assert works.preview("r1").counts["work_order"]["changed"] == 0
