"""Lots: nothing is lost and nothing points nowhere when orders are split and merged."""

from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from lineshaft.core import Missing, Refused
from lineshaft.core.frames import check_tables
from lineshaft.crane_works import generate
from lineshaft.make.schedule import lots
from lineshaft.make.schedule.lots import even_lots, merge_orders, split_order, split_step
from lineshaft.tables import TABLES, frame_of
from lineshaft.tables.rules import RULES

RELEASE = datetime(2026, 3, 2, tzinfo=UTC)
LATER = datetime(2026, 3, 9, tzinfo=UTC)
FEW = settings(max_examples=8, deadline=None, derandomize=True)


@cache
def works():
    """The whole crane works, with empty tables where it has none."""
    made = generate(0.08, 5, full=True)
    return {name: made.get(name, frame_of(TABLES[name], [])) for name in TABLES}


def several(tables):
    """Orders of two or more pieces."""
    return tables["work_order"].filter(pl.col("quantity") > 1)["order_id"].to_list()


def after(tables, changed):
    """The tables with a change, which must be valid."""
    now = {**tables, **changed}
    _, faults = check_tables(now, TABLES, RULES)
    assert faults == []
    return now


def work_s(tables, order_ids):
    """Seconds by step of some orders: (per-lot time, time of all pieces) of their first ways."""
    one = tables["operation_mode"].filter(pl.col("order_id").is_in(order_ids), pl.col("mode_no") == 1)
    both = one.join(tables["work_order"].select("order_id", "quantity"), on="order_id")
    return both.select(pl.col("lot_s").sum(), all=(pl.col("piece_s") * pl.col("quantity")).sum()).row(0)


def taken(tables):
    """Material by item, and load in all."""
    by_item = tables["material_requirement"].group_by("item_id").agg(pl.col("quantity").sum()).sort("item_id")
    return by_item, tables["operation"]["load"].sum()


def waits(tables):
    """(later, earlier) pairs of all steps, by whatever says so: numbers, dependencies, components; in plain loops."""
    links = (
        tables["segment_dependency"]
        .select("order_id", "op_no", "after_order_id", "after_op_no", "kind")
        .rows()
    )
    arcs = {((a, b), (c, d)) for a, b, c, d, _ in links}
    told = {(a, b) for a, b, c, _, _ in links if a == c}
    passed = {(c, d) for a, _, c, d, kind in links if a == c and kind != "start_start"}
    steps = {}
    for order, op, route in sorted(
        tables["operation"].select("order_id", "op_no", "route_no").rows(), key=repr
    ):
        steps.setdefault(order, []).append((op, route))
    for order, of_order in steps.items():
        for route in {route for _, route in of_order if route} or {None}:
            chain = sorted(op for op, of in of_order if of in (None, route))
            new = {((order, b), (order, a)) for a, b in pairwise(chain) if (order, b) not in told}
            arcs |= new
            passed |= {earlier for _, earlier in new}
    parents = tables["work_order"].select("order_id", "parent_order_id", "parent_op_no").drop_nulls()
    for child, parent, op in parents.iter_rows():
        arcs |= {((parent, op), (child, last)) for last, _ in steps[child] if (child, last) not in passed}
    return arcs


def split_points(draw, quantity):
    cuts = draw(st.sets(st.integers(1, quantity - 1), min_size=1, max_size=3))
    bounds = [0, *sorted(cuts), quantity]
    return [high - low for low, high in zip(bounds, bounds[1:])]


@given(st.data())
@FEW
def test_split_lots_have_the_order_s_pieces_work_material_and_waits(data):
    tables = works()
    order_id = data.draw(st.sampled_from(several(tables)))
    quantity = lots.found_order(tables, order_id)["quantity"]
    quantities = split_points(data.draw, quantity)
    now = after(tables, split_order(tables, order_id, quantities))
    names = [order_id, *(f"{order_id}/{number}" for number in range(2, len(quantities) + 1))]
    made = now["work_order"].filter(pl.col("order_id").is_in(names)).sort("order_id")
    assert made["quantity"].to_list() == quantities
    assert len(made.drop("order_id", "quantity").unique()) == 1
    lot_s, piece_s = work_s(tables, [order_id])
    assert work_s(now, names) == (lot_s * len(quantities), piece_s)
    for was, now_is in zip(taken(tables), taken(now)):
        if isinstance(was, pl.DataFrame):
            assert_frame_equal(was, now_is)
        else:
            assert now_is == pytest.approx(was)
    of_lot = dict.fromkeys(names, order_id)
    before = waits(tables)
    back = {((of_lot.get(a, a), b), (of_lot.get(c, c), d)) for (a, b), (c, d) in waits(now)}
    assert back == before
    crossing = [
        (later, earlier) for later, earlier in before if (later[0] == order_id) != (earlier[0] == order_id)
    ]
    found = waits(now)
    assert all(
        ((name if a == order_id else a, b), (name if c == order_id else c, d)) in found
        for (a, b), (c, d) in crossing
        for name in names
    )


@given(st.data())
@FEW
def test_merging_the_lots_of_an_order_gives_the_order_back(data):
    tables = works()
    order_id = data.draw(st.sampled_from(several(tables)))
    quantities = split_points(data.draw, lots.found_order(tables, order_id)["quantity"])
    now = after(tables, split_order(tables, order_id, quantities))
    names = [order_id, *(f"{order_id}/{number}" for number in range(2, len(quantities) + 1))]
    again = after(now, merge_orders(now, names))
    for name in ("work_order", *lots.ROUTE):
        keys = TABLES[name].primary_key()
        assert_frame_equal(again[name].sort(keys), tables[name].sort(keys))
    assert waits(again) == waits(tables)


@given(st.data())
@FEW
def test_a_split_step_keeps_its_work_and_what_waits_for_it(data):
    tables = works()
    order_id = data.draw(st.sampled_from(several(tables)))
    op_no = data.draw(
        st.sampled_from(tables["operation"].filter(order_id=order_id)["op_no"].sort().to_list())
    )
    quantity = lots.found_order(tables, order_id)["quantity"]
    quantities = split_points(data.draw, quantity)
    now = after(tables, split_step(tables, order_id, op_no, quantities))
    numbers = range(op_no, op_no + len(quantities))
    parts = now["operation_mode"].filter(order_id=order_id).filter(pl.col("op_no").is_in(numbers))
    for mode, lot_s, piece_s in (
        tables["operation_mode"]
        .filter(order_id=order_id, op_no=op_no)
        .select("mode_no", "lot_s", "piece_s")
        .iter_rows()
    ):
        mine = parts.filter(mode_no=mode).sort("op_no")
        assert mine["lot_s"].to_list() == [lot_s + piece_s * pieces for pieces in quantities]
        assert mine["piece_s"].sum() == 0
    assert taken(now)[1] == pytest.approx(taken(tables)[1])
    assert_frame_equal(taken(now)[0], taken(tables)[0])
    was, now_waits = waits(tables), waits(now)
    step = (order_id, op_no)
    for number in numbers:
        assert {earlier for later, earlier in was if later == step} <= {
            earlier for later, earlier in now_waits if later == (order_id, number)
        }
        assert {later for later, earlier in was if earlier == step} == {
            later for later, earlier in now_waits if earlier == (order_id, number) and later[1] not in numbers
        }
    among = {kind for kind, a, b in _kinds(now, order_id) if a in numbers and b in numbers}
    assert among <= {"start_start"}


def _kinds(tables, order_id):
    own = tables["segment_dependency"].filter(order_id=order_id, after_order_id=order_id)
    return own.select(pl.col("kind").cast(pl.String), "op_no", "after_op_no").iter_rows()


def shop(*orders, events=(), links=()):
    """Orders of one step on one machine: (order, item, quantity, more columns)."""
    plain = {
        "work_order": [
            (o["id"], o.get("item"), o["quantity"], None, o.get("release", RELEASE), o.get("due"), o.get("weight", 1),
             *o.get("parent", (None, None)))
            for o in orders
        ],
        "operation": [(o["id"], 10, "turn", None, True) for o in orders],
        "operation_mode": [(o["id"], 10, 1, 600, o.get("piece_s", 60)) for o in orders],
        "resource_demand": [(o["id"], 10, 1, 1, "M1", None, 1) for o in orders],
        "resource": [("M1", None, "machine", None, 1)],
        "actual_event": list(events),
        "segment_dependency": list(links),
    }  # fmt: skip
    return {name: frame_of(TABLES[name], plain.get(name, [])) for name in TABLES}


def test_merged_orders_come_with_the_last_are_due_with_the_first_and_weigh_as_the_heaviest():
    tables = shop(
        {"id": "A", "quantity": 3, "due": LATER.replace(day=20), "weight": 2},
        {"id": "B", "quantity": 4, "release": LATER, "due": LATER.replace(day=19), "weight": 7},
        {"id": "C", "quantity": 5},
    )
    merged = merge_orders(tables, ["A", "B", "C"])["work_order"].row(0, named=True)
    assert merged["quantity"] == 12
    assert (merged["release"], merged["due"], merged["weight"]) == (LATER, LATER.replace(day=19), 7)


def test_parents_of_merged_orders_wait_for_the_one_that_is_left():
    tables = shop(
        {"id": "P", "quantity": 1},
        {"id": "Q", "quantity": 1},
        {"id": "A", "quantity": 3, "item": None, "parent": ("P", 10)},
        {"id": "B", "quantity": 4, "parent": ("Q", 10)},
    )
    now = after(tables, merge_orders(tables, ["A", "B"]))
    assert waits(now) == {(("P", 10), ("A", 10)), (("Q", 10), ("A", 10))}


def test_the_plan_of_orders_that_are_gone_goes_with_them():
    tables = shop({"id": "A", "quantity": 3}, {"id": "B", "quantity": 4})
    rows = [(order, 10, 1, None, RELEASE, LATER, False) for order in "AB"]
    tables["operation_plan"] = frame_of(TABLES["operation_plan"], rows)
    now = after(tables, merge_orders(tables, ["A", "B"]))
    assert now["operation_plan"]["order_id"].to_list() == ["A"]


EVENT = ("e1", "A", 10, "start", RELEASE)
TWO = ({"id": "A", "quantity": 3}, {"id": "B", "quantity": 4})


@pytest.mark.parametrize(
    ("tables", "call", "error", "says"),
    [
        (shop(*TWO), lambda t: split_order(t, "Z", [1, 2]), Missing, "no order Z"),
        (shop(*TWO), lambda t: split_step(t, "A", 20, [1, 2]), Missing, "no step 20"),
        (shop(*TWO), lambda t: split_order(t, "A", [1, 1]), Refused, "3 pieces"),
        (shop(*TWO), lambda t: split_order(t, "A", [3]), Refused, "two or more"),
        (shop(*TWO), lambda t: split_order(t, "A", [4, -1]), Refused, "two or more"),
        (shop(*TWO, events=[EVENT]), lambda t: split_order(t, "A", [1, 2]), Refused, "A has begun"),
        (shop(*TWO, events=[EVENT]), lambda t: split_step(t, "A", 10, [1, 2]), Refused, "A 10 has begun"),
        (shop(*TWO, events=[EVENT]), lambda t: merge_orders(t, ["B", "A"]), Refused, "A has begun"),
        (shop(*TWO), lambda t: merge_orders(t, ["A", "A"]), Refused, "two or more"),
        (
            shop(TWO[0], {"id": "B", "quantity": 4, "piece_s": 61}),
            lambda t: merge_orders(t, ["A", "B"]),
            Refused,
            "differ in item or route",
        ),
        (
            shop(*TWO, links=[("B", 10, "A", 10, "end_start", 0)]),
            lambda t: merge_orders(t, ["A", "B"]),
            Refused,
            "waits for another",
        ),
        (
            shop(
                *TWO,
                {"id": "C", "quantity": 1},
                links=[("A", 10, "C", 10, "end_start", 0), ("B", 10, "C", 10, "start_start", 0)],
            ),
            lambda t: merge_orders(t, ["A", "B"]),
            Refused,
            "contradict",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_name(tables, call, error, says):
    with pytest.raises(error) as raised:
        call(tables)
    assert says in raised.value.words.en
    assert raised.value.words.zh


def test_even_lots_differ_by_one_piece_at_most():
    assert even_lots(10, 3) == [4, 3, 3]
    assert even_lots(4, 4) == [1, 1, 1, 1]


def test_a_step_without_room_behind_it_cannot_be_split():
    tables = shop({"id": "A", "quantity": 3})
    more = frame_of(TABLES["operation"], [("A", 11, "mill", None, True)])
    tables["operation"] = pl.concat([tables["operation"], more])
    with pytest.raises(Refused, match="only 0 numbers"):
        split_step(tables, "A", 10, [1, 2])
