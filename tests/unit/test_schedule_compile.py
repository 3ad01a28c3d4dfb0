"""The tables of a shop become arrays: every rule of `shop.py` on shops small enough to check by hand."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.core import BadInput
from lineshaft.core.frames import sort_by_key
from lineshaft.make.schedule.example import at, example
from lineshaft.make.schedule.layout.calendars import alike, alike_rows, pointers
from lineshaft.make.schedule.layout.compile import compile_shop
from lineshaft.make.schedule.layout.material import wanted_s
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.shop import NEVER_S
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

H = 3600


def book(**changes):
    """The example with members replaced: a list of rows, a frame, or None."""
    schemas = ShopBook.member_schemas()
    frames = dict(example())
    for member, rows in changes.items():
        frames[member] = rows if not isinstance(rows, list) else frame_of(schemas[member], rows)
    return ShopBook.cast({m: sort_by_key(f, schemas[m]).lazy() for m, f in frames.items() if f is not None})


def compiled(**changes):
    return compile_shop(book(**changes), ScheduleParams())


def op(made, order_id, op_no):
    return made.ops.with_row_index().filter(order_id=order_id, op_no=op_no)["index"][0]


def preds(made, number):
    shop = made.shop
    rows = range(shop.pred_ptr[number], shop.pred_ptr[number + 1])
    return {made.ops.row(shop.pred_op[i]): int(shop.pred_lag_s[i]) for i in rows}


def test_orders_steps_and_modes_are_numbered_by_their_keys():
    made = compiled()
    assert made.orders["order_id"].to_list() == ["WO-1", "WO-2", "WO-3"]
    assert made.shop.order_counts.tolist() == [True, False, True]
    assert made.shop.order_due_s.tolist() == [52 * H, NEVER_S, 4 * H]
    assert made.shop.mode_s.tolist() == [12_600, 7_200, 12_600, 15_300, 12_600, 8_100, 16_200]
    assert made.start == at(0, 8)


def test_routes_named_dependencies_and_component_orders_are_predecessors():
    made = compiled()
    assert preds(made, op(made, "WO-1", 10)) == {("WO-2", 20): 0}
    assert preds(made, op(made, "WO-1", 20)) == {("WO-1", 10): 0}
    assert preds(made, op(made, "WO-2", 20)) == {("WO-2", 10): 7_200}
    assert made.shop.op_last.tolist() == [False, True] * 3


def test_a_named_predecessor_in_the_own_order_replaces_the_route():
    rows = [
        ("WO-1", 20, "WO-2", 10, "start_start", 60, 600),
        ("WO-3", 20, "WO-3", 10, "start_start", 0, None),
    ]
    made = compiled(dependencies=rows)
    assert preds(made, op(made, "WO-1", 20)) == {("WO-1", 10): 0, ("WO-2", 10): 60}
    assert preds(made, op(made, "WO-2", 20)) == {("WO-2", 10): 0}
    assert made.shop.op_last[op(made, "WO-3", 10)]


def test_receipts_go_to_the_earliest_due_order_first():
    needs = [("WO-1", 10, "bearing", 2.0), ("WO-3", 10, "bearing", 2.0)]
    made = compiled(requirements=needs)
    ready = {made.ops.row(row[0]): row[2:] for row in made.material.iter_rows()}
    assert ready[("WO-3", 10)] == ("stock", 0)
    assert ready[("WO-1", 10)] == ("PO-7", 26 * H)
    assert made.shop.op_release_s[op(made, "WO-1", 10)] == 26 * H


def test_an_order_is_wanted_when_the_first_of_those_it_is_made_for_is_due():
    orders = pl.DataFrame(
        {
            "order": range(5),
            "order_id": list("abcde"),
            "parent_order_id": [None, "a", "b", "gone", None],
            "due_s": [50, 70, int(NEVER_S), int(NEVER_S), 9],
        }
    )
    assert wanted_s(orders).tolist() == [50, 50, 50, int(NEVER_S), 9]


def test_material_that_never_comes_is_named():
    with pytest.raises(BadInput) as caught:
        compiled(requirements=[("WO-1", 10, "bearing", 9.0)])
    fault = caught.value.faults[0]
    assert (fault.table, fault.key, fault.rule) == ("material_requirement", ("WO-1", 10, "bearing"), "unmet")


def test_capacity_over_time_closes_and_opens_places():
    resources = example()["resources"].with_columns(
        capacity=pl.when(resource_id="stand").then(2).otherwise("capacity")
    )
    made = compiled(
        resources=resources, capacities=[("stand", at(0, 9), at(0, 11), 1), ("lathe", at(1, 0), at(2, 0), 0)]
    )
    shop, lanes = made.shop, made.lanes.select("resource_id", "place_no").rows()
    assert lanes.count(("stand", 2)) == 1

    def first_two(lane):
        row = shop.cal_ptr[shop.lane_calendar[lanes.index(lane)]]
        return list(zip(shop.cal_start[row : row + 2].tolist(), shop.cal_end[row : row + 2].tolist()))

    assert first_two(("stand", 1)) == [(0, 4 * H), (5 * H, 9 * H)]
    assert first_two(("stand", 2)) == [(0, H), (3 * H, 4 * H)]
    tuesday_off = shop.cal_start[shop.cal_ptr[shop.lane_calendar[lanes.index(("lathe", 1))]] + 2]
    assert tuesday_off == 48 * H


def test_setups_are_the_listed_pair_or_the_default_of_the_new_family():
    made = compiled()
    assert made.families == ("module-2", "module-3")
    assert made.shop.setup_s.tolist() == [[[0, 1_200], [1_800, 0]]]


def test_a_running_step_keeps_its_start_and_pauses_at_noon():
    events = [("E1", "WO-3", 10, "start", at(0, 10), "lathe", None)]
    made = compiled(events=events)
    number = op(made, "WO-3", 10)
    shop = made.shop
    assert made.ways == {number: "running"}
    assert (shop.fixed_start_s[number], shop.fixed_end_s[number]) == (2 * H, 2 * H + 12_600 + H)
    held = [
        made.lanes.row(lane)[:2]
        for lane in shop.fixed_lane[shop.fixed_ptr[number] : shop.fixed_ptr[number + 1]]
    ]
    assert held == [("lathe", 1), ("worker-1", 1)]


def test_finished_locked_and_frozen_steps_stay():
    events = [
        ("E1", "WO-3", 10, "start", at(0, 8), "lathe", None),
        ("E2", "WO-3", 10, "finish", at(0, 9), None, None),
    ]
    previous = [
        ("WO-2", 10, 1, None, at(0, 9), at(0, 11), False),
        ("WO-3", 10, 1, None, at(0, 12), at(0, 14), True),
        ("WO-3", 20, 2, None, at(2, 9), at(2, 11), True),
    ]
    held = [("WO-3", 20, 1, 1, "lathe", 1), ("WO-3", 20, 2, 1, "worker-2", 1)]
    source = book(events=events, previous=previous, previous_resources=held)
    made = compile_shop(source, ScheduleParams(frozen_min=120))
    ways = {made.ops.row(number): way for number, way in made.ways.items()}
    assert ways == {("WO-3", 10): "finished", ("WO-2", 10): "frozen", ("WO-3", 20): "locked"}
    shop, number = made.shop, op(made, "WO-3", 20)
    assert shop.fixed_lane[shop.fixed_ptr[number] :].tolist()[-2:] == [1, 4]
    assert shop.fixed_end_s[op(made, "WO-3", 10)] == H


def test_a_previous_plan_gives_start_values_to_the_rest():
    made = compiled(previous=[("WO-3", 20, 2, None, at(1, 9), at(1, 11), False)])
    number = op(made, "WO-3", 20)
    assert made.shop.warm_start_s[number] == 25 * H
    assert made.modes.row(made.shop.warm_mode[number])[:2] == (number, 2)


def test_a_step_longer_than_any_shift_is_named():
    steps = example()["operations"].with_columns(pausable=False)
    with pytest.raises(BadInput) as caught:
        compiled(operations=steps)
    assert [(f.key, f.rule) for f in caught.value.faults] == [(("WO-2", 20), "no_working_time")]


def test_the_plan_starts_where_the_planner_says():
    made = compile_shop(book(), ScheduleParams(start=datetime(2026, 1, 4, 23, 59, 59, 1)))
    assert made.start == at(0, 8)
    assert compile_shop(book(), ScheduleParams(start=at(1, 8))).shop.order_release_s.tolist() == [-24 * H] * 3
    assert made.start.tzinfo == UTC


def test_an_empty_book_compiles():
    made = compile_shop(
        book(**{member: frame.clear() for member, frame in example().items()}), ScheduleParams()
    )
    assert (made.shop.n_ops, made.shop.n_orders, made.shop.n_lanes) == (0, 0, 0)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from([-1, 0, 3]), st.sampled_from([-(1 << 60), 7, 1 << 60])), max_size=8)
)
def test_equal_rows_have_one_number_by_first_appearance(rows):
    columns = (np.array([row[k] for row in rows], dtype=np.int64) for k in (0, 1))
    seen = {}
    assert alike(*columns).tolist() == [seen.setdefault(row, len(seen)) for row in rows]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(0, 2), max_size=3), max_size=9))
def test_rows_of_equal_values_have_one_number(rows):
    ptr = pointers(np.array([len(row) for row in rows], dtype=np.int64))
    values = np.array([value for row in rows for value in row], dtype=np.int64)
    seen = {}
    assert alike_rows(ptr, values).tolist() == [seen.setdefault(tuple(row), len(seen)) for row in rows]
