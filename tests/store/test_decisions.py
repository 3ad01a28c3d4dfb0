"""Propose, preview, accept, undo: what each does to the works and when it is refused."""

import threading
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from toy_line import FREE, TOY, orders

from lineshaft.core import BadInput, Cancelled, Missing, Refused
from lineshaft.store import Cell, Works
from lineshaft.store.overlay import lay_over


@pytest.fixture
def works(place):
    with Works.create(place, "Test") as works:
        works.use(TOY)
        works.use(FREE)
        works.write({"work_order": orders("1", "2")}, actor="li", action="import")
        yield works


def test_a_proposal_changes_nothing_until_it_is_accepted(works):
    before = works.tables()
    run = works.propose(TOY, {"delay_h": 2}, {"seed": 7}, actor="li")
    assert works.tables() == before
    record = works.run(run)
    assert (record.status, record.engine, record.engine_version, record.actor) == (
        "done",
        "toy.line",
        1,
        "li",
    )
    assert (record.stopped_by, record.work, record.kpis[0].value, record.limits["seed"]) == (
        "done",
        5,
        125,
        7,
    )
    assert set(record.inputs) == {"order_plan", "work_order"}
    assert works.preview(run).counts == {"order_plan": {"inserted": 2, "changed": 0, "removed": 0}}
    accept = works.accept(run, "li")
    assert_frame_equal(works.read("order_plan"), works.result(run).tables.plan)
    assert works.accept(run, "li") == accept
    assert [event.action for event in works.log()] == ["create", "import", "run", "accept"]


def test_a_stale_proposal_is_refused_and_says_which_table_changed(works):
    run = works.propose(TOY)
    works.write({"work_order": orders("1", "2", "3")}, actor="li", action="import")
    with pytest.raises(Refused, match="work_order") as refused:
        works.accept(run, "li")
    assert "work_order" in refused.value.words.zh
    assert works.tables()["order_plan"] == 0


def test_of_two_proposals_on_the_same_tables_one_wins(works):
    first, second = works.propose(TOY), works.propose(TOY, {"delay_h": 1})
    works.accept(second, "wang")
    with pytest.raises(Refused, match="order_plan"):
        works.accept(first, "li")


def test_undo_restores_the_tables_as_they_were(works):
    works.accept(works.propose(TOY), "li")
    before = works.read("order_plan")
    accept = works.accept(works.propose(TOY, {"delay_h": 9}), "li")
    undone = works.undo("last", "li")
    assert (undone.accept_id, undone.proposal) == (accept, None)
    assert_frame_equal(works.read("order_plan"), before)
    with pytest.raises(Refused, match="already"):
        works.undo(accept, "li")
    assert works.undo(actor="li").accept_id == "a1"
    assert works.read("order_plan").is_empty()
    with pytest.raises(Missing):
        works.undo(actor="li")


def test_undo_beneath_a_later_accept_is_a_proposal(works):
    first = works.accept(works.propose(TOY), "li")
    works.accept(works.propose(TOY, {"delay_h": 9}), "li")
    now = works.read("order_plan")
    undone = works.undo(first, "li")
    assert_frame_equal(works.read("order_plan"), now)
    assert works.run(undone.proposal).kind == "undo"
    assert works.preview(undone.proposal).counts == {
        "order_plan": {"inserted": 0, "changed": 0, "removed": 2}
    }
    works.accept(undone.proposal, "li")
    assert works.read("order_plan").is_empty()
    assert [accept.undone for accept in works.accepts()] == [True, False, False]


def test_an_upsert_keeps_the_rows_it_does_not_name(works):
    works.accept(works.propose(FREE), "li")
    works.write(
        {
            "work_order": orders("2", "3"),
            "order_plan": works.read("order_plan").filter(pl.col("order_id") == "2"),
        },
        actor="li",
        action="import",
    )
    works.write({"work_order": orders("1")}, actor="li", action="import", mode="upsert")
    assert works.read("work_order")["order_id"].to_list() == ["1", "2", "3"]
    run = works.propose(FREE, {"delay_h": 4})
    assert works.preview(run).counts == {"order_plan": {"inserted": 2, "changed": 1, "removed": 0}}


def test_accepting_rows_that_lost_their_order_is_bad_input(works):
    run = works.propose(FREE)
    accept = works.accept(run, "li")
    works.write({"order_plan": works.read("order_plan").clear()}, actor="li", action="clear")
    with pytest.raises(BadInput):
        works.write(
            {"order_plan": works.result(run).tables.plan, "work_order": orders("1")}, actor="li", action="x"
        )
    assert works.tables()["work_order"] == 2
    assert works.undo(accept, "li").proposal


def test_a_what_if_sees_its_cells_and_cannot_be_accepted(works):
    run = works.propose(TOY, overlay=[Cell("work_order", ("2",), "release", "2026-02-01T00:00:00Z")])
    assert works.result(run).tables.plan["start"].dt.month().to_list() == [1, 2]
    assert works.replay(run)
    with pytest.raises(Refused, match="what-if"):
        works.accept(run, "li")
    for cell in (
        Cell("item", ("2",), "name", 1),
        Cell("work_order", ("9",), "weight", 1),
        Cell("work_order", ("2",), "order_id", 1),
        Cell("work_order", ("2",), "weight", -1),
    ):
        with pytest.raises(BadInput):
            works.propose(TOY, overlay=[cell])


def test_replay_needs_only_what_was_stored(works):
    run = works.propose(TOY, limits={"work_limit": 3})
    works.write({"work_order": orders("9")}, actor="li", action="import")
    assert (works.run(run).stopped_by, works.run(run).work) == ("work", 3)
    assert works.replay(run)


def test_the_same_question_with_a_work_limit_is_answered_once(works):
    run = works.propose(TOY, limits={"work_limit": 3})
    assert works.propose(TOY, limits={"work_limit": 3}) == run
    assert works.propose(TOY, limits={"work_limit": 3}, again=True) != run
    assert works.propose(TOY, limits={"work_limit": 3, "seed": 2}) != run
    assert works.propose(TOY) != works.propose(TOY)


def test_a_cancel_keeps_the_best_offer(works):
    run = works.propose(TOY, {"stop": "cancel"})
    record = works.run(run)
    assert (record.status, record.stopped_by, record.work) == ("done", "cancel", 2)
    assert works.offers.read(1) is None


def test_a_cancel_before_an_answer_and_a_crash_are_recorded(works):
    with pytest.raises(Cancelled):
        works.propose(TOY, {"stop": "before"})
    with pytest.raises(ZeroDivisionError):
        works.propose(TOY, {"stop": "crash"})
    assert [record.status for record in works.runs()] == ["cancelled", "failed"]
    assert works.runs()[1].error["kind"] == "ZeroDivisionError"
    with pytest.raises(Refused, match="no result"):
        works.accept("r1", "li")
    with pytest.raises(Missing):
        works.run("r99")


def test_broken_tables_fail_the_run_and_name_the_cell(works):
    with pytest.raises(BadInput) as bad:
        works.propose(TOY, {"delay_h": -1})
    assert bad.value.faults[0].column == "delay_h"
    assert works.runs() == []


@pytest.mark.parametrize("engine", [TOY, FREE], ids=lambda engine: engine.name)
def test_of_many_planners_who_accept_at_once_one_wins(works, engine):
    """Half of them through another connection to the same file."""
    proposals = [works.propose(engine, {"delay_h": delay_h}) for delay_h in range(8)]
    outcomes = {}
    barrier = threading.Barrier(len(proposals))

    def decide(desk, run):
        barrier.wait(30)
        try:
            outcomes[run] = desk.accept(run, "li")
        except Refused as refused:
            outcomes[run] = refused

    with Works.open(works.place) as other:
        other.use(engine)
        threads = [
            threading.Thread(target=decide, args=(desk, run))
            for desk, run in zip([works, other] * 4, proposals, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (winner,) = [run for run, outcome in outcomes.items() if outcome == "a1"]
    assert len(outcomes) == 8
    assert works.read("order_plan").equals(works.result(winner).tables.plan)


def test_a_key_in_a_what_if_may_be_text(works):
    actual = pl.DataFrame({"resource_id": ["M1"], "capacity": [2], "name": [None], "kind": ["machine"]})
    moment = datetime(2026, 1, 5, 8, tzinfo=UTC)
    down = pl.DataFrame(
        {"resource_id": ["M1"], "start": [moment], "end": [moment + timedelta(1)], "capacity": [0]}
    )
    works.write({"resource": actual, "resource_capacity": down}, "li", "import")
    frames = {"resource_capacity": works.read("resource_capacity")}
    for key in (("M1", moment), ("M1", "2026-01-05T08:00:00Z"), ("M1", "2026-01-05T16:00:00+08:00")):
        cell = Cell("resource_capacity", key, "capacity", "1")
        laid = lay_over(frames, [cell], works.catalog.schemas)["resource_capacity"]
        assert laid["capacity"].to_list() == [1]
    with pytest.raises(BadInput):
        lay_over(frames, [Cell("resource_capacity", ("M1", "never"), "capacity", 1)], works.catalog.schemas)
