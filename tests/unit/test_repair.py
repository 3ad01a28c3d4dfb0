"""Repair and promise on a shop small enough to reckon by hand: what moves, what stays, what is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lineshaft.core import BadInput, Change, Run, find_engine
from lineshaft.core.saying import reason_words
from lineshaft.core.solve import edit as core_edit
from lineshaft.core.solve import prepare_edit
from lineshaft.make.schedule import PROMISE, REPAIR
from lineshaft.make.schedule.params import PromiseParams, RepairParams, ScheduleParams
from lineshaft.make.schedule.repair import promise, solve
from lineshaft.make.schedule.repair.edit import edit, mend, prepare
from lineshaft.make.schedule.repair.example import example
from lineshaft.make.schedule.repair.facts import GONE, what_happened, with_facts
from lineshaft.make.schedule.repair.insert import overlapped
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
A, A2, B, C, D = ("A", 10), ("A", 20), ("B", 10), ("C", 10), ("D", 10)
M1_OUT = Change(
    "resource_capacity",
    ("M1", MONDAY + timedelta(hours=1)),
    {"end": MONDAY + timedelta(hours=3), "capacity": 0},
)


def at(hour):
    return MONDAY + timedelta(hours=hour)


def book(hours, plan, **more):
    """Machines M1 and M2 (class `any`): {step: hours}, {step: (start h, machine)}; `on`: {step: the machine it needs}."""
    orders = sorted({order for order, _ in hours})
    rows = {
        "work_orders": [(o, None, 1, None, at(0), more.get("due", {}).get(o), 1, None, None) for o in orders],
        "operations": [(*key, "", None, True, None) for key in hours],
        "modes": [(*key, 1, round(3600 * hour), 0) for key, hour in hours.items()],
        "demands": [
            (*key, 1, 1, *((more["on"][key], None) if key in more.get("on", {}) else (None, "any")), 1)
            for key in hours
        ],
        "resources": [(name, name, "machine", None, 1, None, None) for name in ("M1", "M2")],
        "classes": [("any", "any", "machine")],
        "members": [("any", "M1"), ("any", "M2")],
        "dependencies": more.get("dependencies", []),
        "previous": [
            (*key, 1, None, at(start), at(start + hours[key]), key in more.get("locked", ()))
            for key, (start, _) in plan.items()
        ],
        "previous_resources": [(*key, 1, 1, name, 1) for key, (_, name) in plan.items()],
    }
    schemas = ShopBook.member_schemas()
    return ShopBook.cast({m: frame_of(schemas[m], found).lazy() for m, found in rows.items()})


def answer(shop, *changes, frozen_min=0):
    return edit(prepare(shop, ScheduleParams(start=MONDAY, frozen_min=frozen_min)), changes)


def starts(result):
    frame = result.tables.operation_plan.select("order_id", "op_no", "start").rows()
    return {(order, op_no): (start - MONDAY).total_seconds() / 3600 for order, op_no, start in frame}


def machines(result):
    frame = result.tables.resource_plan.select("order_id", "op_no", "resource_id").rows()
    return {(order, op_no): name for order, op_no, name in frame}


def codes(result):
    return {(reason.key, reason.code) for reason in result.reasons}


def test_a_step_on_a_broken_machine_goes_to_another_that_is_free():
    result = answer(book({A: 2, B: 2}, {A: (1, "M1"), B: (4, "M1")}), M1_OUT)
    assert (starts(result)[A], machines(result)[A], starts(result)[B]) == (1, "M2", 4)
    assert codes(result) == {(A, "repair_reassigned")}


def test_a_step_that_cannot_go_elsewhere_waits_and_the_plan_returns_to_what_it_was():
    hours, plan = {A: 2, B: 2, C: 2}, {A: (1, "M1"), B: (3, "M1"), C: (8, "M1")}
    shop = book(hours, plan, on=dict.fromkeys(hours, "M1"), due={"A": at(3)})
    result = answer(shop, M1_OUT)
    assert starts(result) == {A: 3, B: 5, C: 8}
    assert codes(result) == {(A, "repair_no_hours"), (B, "edit_gives_way"), (("A",), "edit_late")}
    said = [reason_words(find_engine("make.schedule"), reason) for reason in result.reasons]
    assert all("{" not in words.en + words.zh and words.en != words.zh for words in said)


def test_who_can_wait_for_a_later_gap_lets_the_next_one_stay():
    hours, plan = {A: 2, B: 2, C: 2}, {A: (1, "M1"), B: (3, "M1"), C: (8, "M1")}
    result = answer(book(hours, plan, on=dict.fromkeys(hours, "M1")), M1_OUT)
    assert starts(result) == {A: 5, B: 3, C: 8}


def test_frozen_and_locked_steps_stay_on_a_broken_machine():
    shop = book({A: 2, B: 2}, {A: (1, "M1"), B: (3, "M1")}, locked=[A], on={A: "M1", B: "M1"})
    assert starts(answer(shop, M1_OUT)) == {A: 1, B: 3}
    free = book({A: 2, B: 2}, {A: (1, "M1"), B: (3, "M1")}, on={A: "M1", B: "M1"})
    assert starts(answer(free, M1_OUT, frozen_min=90)) == {A: 1, B: 3}


def test_a_longer_step_pushes_what_follows_only_as_far_as_it_must():
    shop = book({A: 2, A2: 1, B: 1}, {A: (0, "M1"), A2: (2.5, "M2"), B: (6, "M2")}, on={A: "M1", A2: "M2"})
    result = answer(shop, Change("operation_mode", ("A", 10, 1), {"lot_s": 3 * 3600}))
    assert starts(result) == {A: 0, A2: 3, B: 6}


def test_a_new_quantity_lengthens_every_step_of_the_order():
    shop = book({A: 1, B: 1}, {A: (0, "M1"), B: (1, "M1")}, on={A: "M1", B: "M1"}, due={"A": at(4)})
    per_piece = Change("operation_mode", ("A", 10, 1), {"lot_s": 0, "piece_s": 3600})
    result = answer(shop, per_piece, Change("work_order", ("A",), {"quantity": 4}))
    assert starts(result) == {A: 0, B: 4}


def with_frames(shop, **frames):
    members = {name: getattr(shop, name) for name in ShopBook.member_schemas()} | frames
    return ShopBook.cast({name: frame.lazy() for name, frame in members.items() if frame is not None})


def ends(result):
    frame = result.tables.operation_plan.select("order_id", "op_no", "end").rows()
    return {(order, op_no): (end - MONDAY).total_seconds() / 3600 for order, op_no, end in frame}


def load_of_two(**more):
    """Furnace M1 takes two: A and B share a load until A, the longer one, is done; C needs the furnace after them."""
    hours, plan = {A: 2, B: 1, C: 1}, {A: (0, "M1"), B: (0, "M1"), C: (2, "M1")}
    shop = book(hours, plan, on=dict.fromkeys(hours, "M1"), **more)
    recipe = pl.col("order_id").replace_strict({"A": "temper", "B": "temper"}, default="anneal")
    furnace = pl.when(pl.col("resource_id") == "M1")
    schema = ShopBook.member_schemas()["recipes"]
    return with_frames(
        shop,
        previous=shop.previous.with_columns(
            end=pl.when(pl.col("order_id") == "B").then(at(2)).otherwise("end")
        ),
        recipes=frame_of(schema, [(name, name, None) for name in ("anneal", "temper")]),
        operations=shop.operations.with_columns(recipe_id=recipe, load=pl.lit(1.0)),
        resources=shop.resources.with_columns(
            load_max=furnace.then(2.0), load_unit=furnace.then(pl.lit("place"))
        ),
    )


def test_a_load_that_loses_its_furnace_waits_together():
    result = answer(load_of_two(), M1_OUT)
    assert (starts(result), ends(result)) == ({A: 0, B: 0, C: 4}, {A: 4, B: 4, C: 5})


def test_a_load_ends_with_its_longest_step():
    longer = answer(load_of_two(), Change("operation_mode", ("B", 10, 1), {"lot_s": 3 * 3600}))
    assert (starts(longer), ends(longer)) == ({A: 0, B: 0, C: 3}, {A: 3, B: 3, C: 4})
    shorter = answer(load_of_two(), Change("operation_mode", ("A", 10, 1), {"lot_s": 1800}))
    assert (starts(shorter), ends(shorter)) == ({A: 0, B: 0, C: 2}, {A: 1, B: 1, C: 3})


def test_a_load_stays_with_its_locked_step():
    assert starts(answer(load_of_two(locked=[A]))) == {A: 0, B: 0, C: 2}


def test_a_new_step_joins_a_load_that_has_room():
    shop = load_of_two()
    alone = [
        Change("operation", ("A", 10), {"recipe_id": "temper", "load": 1.0}),
        Change("operation", ("B", 10), {"load": 0.5}),
    ]
    result = answer(
        shop, *alone, *rush(1, on="M1"), Change("operation", ("D", 10), {"recipe_id": "temper", "load": 0.5})
    )
    assert (starts(result), ends(result)[D]) == ({A: 0, B: 0, C: 2, D: 0}, 2)


def rush(hours, due=None, on=None):
    demand = {"resource_id": on, "quantity": 1} if on else {"class_id": "any", "quantity": 1}
    return [
        Change("work_order", ("D",), {"quantity": 1, "release": at(0), "due": due, "weight": 9}),
        Change("operation", ("D", 10), {"pausable": True}),
        Change("operation_mode", ("D", 10, 1), {"lot_s": round(3600 * hours), "piece_s": 0}),
        Change("resource_demand", ("D", 10, 1, 1), demand),
    ]


def test_a_new_order_goes_into_a_gap_and_moves_nobody():
    shop = book({A: 2, B: 2}, {A: (0, "M1"), B: (4, "M1")}, on={A: "M1", B: "M1"})
    result = answer(shop, *rush(2, on="M1"))
    assert starts(result) == {A: 0, B: 4, D: 2}
    assert codes(result) == {(D, "repair_joins")}


def test_a_rush_order_goes_first_where_that_pays():
    shop = book(
        {A: 4, B: 4}, {A: (0, "M1"), B: (4, "M1")}, on={A: "M1", B: "M1"}, due={"A": at(9), "B": at(90)}
    )
    result = answer(shop, *rush(2, due=at(2), on="M1"))
    assert starts(result)[D] == 0
    assert starts(result)[A] <= 5


def test_an_order_longer_than_the_calendars_laid_out_is_put_in_all_the_same():
    shop = book({A: 2}, {A: (0, "M1")}, on={A: "M1"})
    result = answer(shop, *rush(24 * 300, on="M1"))
    assert starts(result) == {A: 0, D: 2}


def test_what_must_follow_soon_makes_what_is_before_it_wait_too():
    shop = book(
        {A: 1, A2: 2}, {A: (0, "M2"), A2: (1, "M1")}, on={A: "M2", A2: "M1"},
        dependencies=[("A", 20, "A", 10, "end_start", 0, 1800)],
    )  # fmt: skip
    assert starts(answer(shop, M1_OUT)) == {A: 1.5, A2: 3}


def test_facts_that_make_no_sense_are_faults():
    state = prepare(book({A: 2}, {A: (0, "M1")}), ScheduleParams(start=MONDAY))
    for change, column, rule in (
        (Change("weather", ("rain",), {}), "", "unknown_table"),
        (Change("work_order", ("A",), {"colour": "red"}), "colour", "unknown_column"),
        (Change("work_order", ("A",), {"quantity": 0}), "quantity", "min"),
        (Change("resource_capacity", ("M9", at(0)), {"end": at(1), "capacity": 0}), "resource_id", "ref"),
        (Change("work_order", ("N",), {"quantity": 1}), "release", "nullability"),
    ):
        with pytest.raises(BadInput) as refused:
            edit(state, [change])
        found = refused.value.faults
        assert (found[0].table, change.key) == (change.table, found[0].key)
        assert (column, rule) in [(fault.column, fault.rule) for fault in found]


def test_what_is_over_is_taken_back():
    shop = book({A: 2}, {A: (1, "M1")}, on={A: "M1"})
    broken = with_facts(shop, [M1_OUT])
    assert starts(answer(broken)) == {A: 3}
    assert starts(answer(broken, Change("resource_capacity", M1_OUT.key, {GONE: True}))) == {A: 1}
    assert [(c.table, c.key, c.values) for c in what_happened(broken, shop)] == [
        ("resource_capacity", M1_OUT.key, {GONE: True})
    ]


def test_facts_come_as_text_through_the_front_door():
    engine = find_engine("make.schedule")
    if not engine.facts:
        pytest.skip("another version is installed")
    shop = book({A: 2}, {A: (1, "M1")}, on={A: "M1"})
    frames = {
        member: getattr(shop, member) for member in ShopBook.members() if getattr(shop, member) is not None
    }
    prepared = prepare_edit(engine, frames, ScheduleParams(start=MONDAY))
    told = Change("resource_capacity", ("M1", at(1).isoformat()), {"end": at(3).isoformat(), "capacity": "0"})
    assert starts(core_edit(prepared, [told])) == {A: 3}


def test_repair_moves_a_step_only_where_that_is_worth_its_price():
    plan = {A: (0, "M1"), A2: (2, "M1"), B: (4, "M1")}
    shop = book({A: 2, A2: 1, B: 2}, plan, due={"B": at(2)}, on={A: "M1", A2: "M1"})
    late = with_facts(shop, [Change("operation_mode", ("A", 10, 1), {"lot_s": 3 * 3600})])
    for price, b_starts, moved in ((0.0, 0, 2), (1e6, 4, 1)):
        params = RepairParams(start=MONDAY, moved_min=price)
        result = solve.solve(late, params, Run(work_limit=3))
        assert starts(result) == {A: 0, A2: 3, B: b_starts}
        assert solve.check(late, result.tables, params).violations == ()
        assert result.kpis[-1].value == moved


def test_a_promise_is_the_end_in_the_first_gap_with_its_buffer():
    shop = with_facts(
        book({A: 2, B: 2}, {A: (0, "M1"), B: (3, "M1")}, on={A: "M1", B: "M1"}), rush(2, on="M1")
    )
    result = promise.solve(shop, PromiseParams(start=MONDAY, buffer_pct=50), Run())
    row = result.tables.promises.row(0, named=True)
    assert [(row[name] - MONDAY) / timedelta(hours=1) for name in ("start", "end", "promised", "earliest")] == [
        5, 7, 10.5, 2,
    ]  # fmt: skip
    assert (row["resource_id"], row["waiting_min"]) == ("M1", 300)
    assert {**starts(result), D: 5} == {A: 0, B: 3, D: 5}


def test_a_promise_that_its_plan_does_not_keep_is_found():
    shop = with_facts(book({A: 2}, {A: (0, "M1")}), rush(2, on="M1"))
    params = PromiseParams(start=MONDAY)
    tables = promise.solve(shop, params, Run()).tables
    sooner = tables.promises.with_columns(promised=pl.col("end"), earliest=pl.col("end") + timedelta(hours=1))
    wrong = type(tables).cast(
        {m: (sooner if m == "promises" else getattr(tables, m)).lazy() for m in type(tables).members()}
    )
    found = promise.check(shop, wrong, params).violations
    assert len(found) == 2
    assert "another buffer" in found[0]


@pytest.mark.parametrize("engine", [REPAIR, PROMISE], ids=lambda engine: engine.name)
def test_the_example_has_something_to_tell(engine):
    frames = example()
    shop = ShopBook.cast({member: frame.lazy() for member, frame in frames.items()})
    params = engine.load("params")()
    result = engine.load("solve")(shop, params, Run(work_limit=2))
    assert engine.load("check")(shop, result.tables, params).violations == ()
    assert {"repair_joins", "repair_no_hours"} & {reason.code for reason in result.reasons}


def test_a_step_in_the_way_on_one_of_its_lanes_is_in_the_way():
    bools, ints = (lambda *row: np.array(row, dtype=np.bool_)), (lambda *row: np.array(row, dtype=np.int64))
    nobody = bools(False, False, False)
    standing = Standing(
        ints(0, 1, 2), ints(0, 3, 5), ints(4, 6, 7), ints(0, 1, 3, 4), ints(0, 0, 1, 1), nobody, nobody
    )
    assert overlapped(standing, bools(True, False, False)).tolist() == [False, True, False]
    assert overlapped(standing, bools(False, False, True)).tolist() == [False, True, False]


def test_a_plan_that_moves_few_steps_is_preferred_to_a_better_one_that_stirs_up_the_shop():
    many = {(f"L{number:03}", 10): 1 for number in range(120)}
    plan = {A: (0, "M1"), **{key: (2 + number, "M1") for number, key in enumerate(many)}}
    shop = book({A: 2, **many}, plan, on=dict.fromkeys(plan, "M1"), due={"A": at(2)})
    longer = Change("operation_mode", ("A", 10, 1), {"lot_s": 3 * 3600})
    state = prepare(shop, ScheduleParams(start=MONDAY))
    kept = edit(state, [longer])
    moved = [key for key, start in starts(kept).items() if start != plan[key][0]]
    assert 0 < len(moved) <= state.force.calm_moves
    moves_are_free = mend(with_facts(shop, [longer]), ScheduleParams(start=MONDAY), 0.0)
    assert moves_are_free.force.moved(moves_are_free.standing).sum() == len(many)
