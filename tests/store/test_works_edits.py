"""Changes by hand in a works: answered at once, proposed as runs, accepted, undone, replayed, refused when stale."""

import threading
from datetime import timedelta

import polars as pl
import pytest
from places import SLOW_ON_POSTGRES
from polars.testing import assert_frame_equal

from lineshaft.core import Change, Missing, Refused, find_engine
from lineshaft.core.solve import table_name
from lineshaft.store import Cell, Works

ENGINE = find_engine("make.schedule")
SHAFT = ("WO-3", 20)


@pytest.fixture
def works(place):
    schemas = ENGINE.load("inputs").member_schemas()
    frames = {table_name(schemas[member]): frame for member, frame in ENGINE.load("example")().items()}
    items = ["bearing", "gear", "reducer", "shaft"]
    frames["item"] = pl.DataFrame({"item_id": items, "name": items, "kind": "part"})
    with Works.create(place, "Test") as works:
        works.write(frames, actor="li", action="import")
        yield works


@pytest.fixture
def planned(works):
    works.accept(works.propose(ENGINE, {"objective": "makespan"}, {"work_limit": 1}), "li")
    return works


def row(plan, key=SHAFT):
    return plan.row(by_predicate=(pl.col("order_id") == key[0]) & (pl.col("op_no") == key[1]), named=True)


def later(plan, hours, key=SHAFT):
    return Change("operation_plan", key, {"start": row(plan, key)["start"] + timedelta(hours=hours)})


def test_an_edit_changes_nothing_and_a_proposed_one_is_a_run_like_any_other(planned):
    before = planned.read("operation_plan")
    change = later(before, 24)
    answer = planned.edit(ENGINE, [change])
    assert answer.status == "feasible"
    assert row(answer.tables.operation_plan)["start"] == change.values["start"]
    assert_frame_equal(planned.read("operation_plan"), before)
    run = planned.propose_edit(ENGINE, [change], actor="wang")
    record = planned.run(run)
    assert (record.kind, record.status, record.result_status, record.actor) == (
        "edit",
        "done",
        "feasible",
        "wang",
    )
    assert (record.basis_run, record.params["objective"]) == (None, "makespan")
    assert record.changes[0].key == SHAFT
    assert_frame_equal(planned.result(run).tables.operation_plan, answer.tables.operation_plan)
    assert planned.preview(run).counts["operation_plan"]["changed"] >= 1
    assert planned.replay(run)
    accept = planned.accept(run, "li")
    assert row(planned.read("operation_plan"))["start"] == change.values["start"]
    planned.undo(accept, "li")
    assert_frame_equal(planned.read("operation_plan"), before)
    assert [event.action for event in planned.log()][-3:] == ["edit", "accept", "undo"]


@SLOW_ON_POSTGRES
def test_edits_can_stand_on_runs_that_nobody_accepted(planned):
    before = planned.read("operation_plan")
    first = planned.propose_edit(ENGINE, [later(before, 24)])
    second = planned.propose_edit(
        ENGINE, [Change("operation_plan", SHAFT, {"locked": True})], basis_run=first
    )
    plan = planned.result(second).tables.operation_plan
    assert row(plan)["locked"]
    assert row(plan)["start"] == row(before)["start"] + timedelta(hours=24)
    assert planned.run(second).basis_run == first
    assert row(planned.inputs(second)["previous"])["start"] == row(plan)["start"]
    assert planned.replay(second)
    planned.accept(second, "li")
    assert_frame_equal(planned.read("operation_plan"), plan)
    with pytest.raises(Refused, match="operation_plan"):
        planned.accept(first, "li")


@SLOW_ON_POSTGRES
def test_the_run_in_force_is_the_plan_in_force(planned):
    in_force = planned.accepts()[-1].run_id
    run = planned.propose_edit(ENGINE, [later(planned.read("operation_plan"), 24)], basis_run=in_force)
    assert planned.run(run).basis_run is None
    planned.accept(run, "li")


@SLOW_ON_POSTGRES
def test_a_stale_edit_is_refused(planned):
    run = planned.propose_edit(ENGINE, [later(planned.read("operation_plan"), 24)])
    orders = planned.read("work_order").with_columns(weight=pl.lit(3, pl.Int64))
    planned.write({"work_order": orders}, actor="li", action="import")
    with pytest.raises(Refused, match="work_order"):
        planned.accept(run, "li")
    assert planned.replay(run)


@SLOW_ON_POSTGRES
def test_an_edit_of_a_what_if_stays_a_what_if(planned):
    run = planned.propose(
        ENGINE, overlay=[Cell("work_order", ("WO-3",), "quantity", 1)], limits={"work_limit": 1}
    )
    edited = planned.propose_edit(
        ENGINE, [later(planned.result(run).tables.operation_plan, 24)], basis_run=run
    )
    assert planned.run(edited).overlay == planned.run(run).overlay
    assert planned.replay(edited)
    with pytest.raises(Refused, match="what-if"):
        planned.accept(edited, "li")


@SLOW_ON_POSTGRES
def test_what_cannot_be_is_not_stored_and_says_why(planned):
    runs = len(planned.runs())
    too_early = later(planned.read("operation_plan"), -24 * 9)
    assert planned.edit(ENGINE, [too_early]).status == "infeasible"
    with pytest.raises(Refused, match="WO-3 step 20 cannot start") as refused:
        planned.propose_edit(ENGINE, [too_early])
    assert "WO-3 工序 20" in refused.value.words.zh
    assert len(planned.runs()) == runs


@SLOW_ON_POSTGRES
def test_without_a_plan_there_is_nothing_to_edit(works):
    with pytest.raises(Refused, match="Make a new plan"):
        works.edit(ENGINE, [])
    with pytest.raises(Missing):
        works.edit(ENGINE, [], basis_run="r9")
    run = works.propose(ENGINE, limits={"work_limit": 1})
    assert works.edit(ENGINE, [], basis_run=run).status == "feasible"


@SLOW_ON_POSTGRES
def test_the_same_request_makes_one_run(planned):
    change = later(planned.read("operation_plan"), 24)
    runs = {planned.propose_edit(ENGINE, [change], request="q1") for _ in range(3)}
    assert len(runs) == 1
    assert planned.propose_edit(ENGINE, [change], request="q2") not in runs


@SLOW_ON_POSTGRES
def test_states_are_prepared_once_and_anew_when_tables_change(planned):
    threads = [threading.Thread(target=planned.prepared, args=(ENGINE,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = planned.prepared(ENGINE)
    assert planned.prepared(ENGINE) is first
    orders = planned.read("work_order").with_columns(weight=pl.lit(3, pl.Int64))
    planned.write({"work_order": orders}, actor="li", action="import")
    assert planned.prepared(ENGINE).digest != first.digest
