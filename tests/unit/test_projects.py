"""Projects: which shops are, plans that keep every rule, published optima, budgets."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import shop

from lineshaft.core import BadInput, Run
from lineshaft.core.frames import sort_by_key
from lineshaft.core.solve import table_name
from lineshaft.make.schedule.bounds.bound import lower_bounds
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.dispatch.rules import best_rule
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.search import project_search
from lineshaft.make.schedule.search.project import pooled
from lineshaft.make.schedule.search.project_budget import affordable, narrowed, widened
from lineshaft.make.schedule.search.project_kernels import by_start, justify, make_room, serial
from lineshaft.make.schedule.search.rounds import Rounds
from lineshaft.make.schedule.shop import END_START
from lineshaft.make.schedule.solve import solve
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.store.layouts import read_layout
from lineshaft.store.projects import Activity, to_tables

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "aps"
MAKESPAN = ScheduleParams(objective="makespan")


def random_project(seed, budgets=True):
    """Activities between a source and a sink on two machines' pools, with two modes and a budget."""
    rng = np.random.default_rng(seed)
    many = int(rng.integers(3, 12))
    inner = []
    for number in range(2, many + 2):
        ways = []
        for _ in range(1 + budgets):
            needs = rng.integers(0, 4, size=2 + budgets)
            ways.append((int(rng.integers(1, 9)), needs.tolist()))
        later = np.arange(number + 1, many + 2)
        inner.append(Activity(ways, [*later[rng.random(len(later)) < 0.2].tolist(), many + 2]))
    cheapest = sum(min(needs[-1] for _, needs in activity.ways) for activity in inner)
    spare = int(rng.integers(many))
    nothing = [(0, [0] * (2 + budgets))]
    activities = [Activity(nothing, list(range(2, many + 2))), *inner, Activity(nothing, [])]
    resources = {"R1": ("machine", 3), "R2": ("machine", 4)}
    return to_tables(activities, resources | ({"N1": ("budget", spare + cheapest)} if budgets else {}))


def to_book(tables):
    schemas = ShopBook.member_schemas()
    frames = {member: tables.get(table_name(schema)) for member, schema in schemas.items()}
    return ShopBook.validate(
        {m: sort_by_key(f, schemas[m]).lazy() for m, f in frames.items() if f is not None}, cast=True
    )


def faults(book, plan):
    """What a plan of a project breaks, from the tables alone."""
    steps = {row["op_no"]: row for row in plan.operation_plan.iter_rows(named=True)}
    found = [
        f"{row['op_no']} too early"
        for row in book.dependencies.iter_rows(named=True)
        if steps[row["op_no"]]["start"] < steps[row["after_op_no"]]["end"]
    ]
    for mode in book.modes.iter_rows(named=True):
        step = steps[mode["op_no"]]
        lasts = (step["end"] - step["start"]).total_seconds()
        if mode["mode_no"] == step["mode_no"] and lasts != mode["lot_s"]:
            found.append(f"{mode['op_no']} lasts {lasts}")
    taken = pl.DataFrame(book.demands).join(
        pl.DataFrame(plan.operation_plan), on=["order_id", "op_no", "mode_no"]
    )
    for resource in book.resources.iter_rows(named=True):
        mine = taken.filter(pl.col("resource_id") == resource["resource_id"])
        moments = mine["start"].to_list()
        if resource["kind"] == "budget":
            held = [mine["quantity"].sum()]
        else:
            held = [
                mine.filter((pl.col("start") <= at) & (at < pl.col("end")))["quantity"].sum()
                for at in moments
            ]
        if max(held, default=0) > resource["capacity"]:
            found.append(f"{resource['resource_id']} holds {max(held)}")
    return found


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_plans_keep_every_rule_and_the_bound(seed):
    book = to_book(random_project(seed))
    result = solve(book, MAKESPAN, Run(work_limit=2))
    assert faults(book, result.tables) == []
    assert result.kpis[0].bound <= result.kpis[0].value


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_the_checker_agrees_on_the_lanes(seed):
    book = to_book(random_project(seed, budgets=False))
    result = solve(book, MAKESPAN, Run(work_limit=1))
    checked = check(book, result.tables, MAKESPAN)
    assert checked.violations == ()
    assert faults(book, result.tables) == []


@pytest.mark.parametrize("objective", ["mean_flow_time", "makespan,mean_flow_time"])
def test_every_goal_keeps_the_budgets(objective):
    book = to_book(random_project(11))
    result = solve(book, ScheduleParams(objective=objective), Run(work_limit=2))
    assert faults(book, result.tables) == []


def test_one_worker_and_two_find_the_same():
    book = to_book(random_project(5))
    one, two = (solve(book, MAKESPAN, Run(work_limit=3, workers=workers)) for workers in (1, 2))
    assert one.tables.operation_plan.equals(two.tables.operation_plan)
    assert one.tables.resource_plan.equals(two.tables.resource_plan)


def cumulative(quantities, work_s=60, capacity=4, **more):
    """Steps of one pool, all free to begin at once."""
    ops = [{"modes": [(work_s, [(0, quantity)])]} for quantity in quantities]
    return shop(ops, [{}] * capacity, pools=[list(range(capacity))], **more)


def test_which_shops_are_projects():
    assert pooled(cumulative([2, 2])).net.capacity.tolist() == [4]
    assert pooled(cumulative([2, 2])).unit_s == 60
    assert pooled(cumulative([1, 1])) is None, "a shop of like machines"
    assert pooled(cumulative([2, 2], fixed={0: (0, 60, 0, [0, 1])})) is None, "fixed work"
    closing = shop([{"modes": [(5, [(0, 2)])]}], [{"calendar": 1}, {}], pools=[[0, 1]], calendars=[[(0, 99)]])
    assert pooled(closing) is None, "a calendar"
    crossing = shop([{"modes": [(5, [(0, 2)]), (5, [(1, 2)])]}], [{}] * 3, pools=[[0, 1], [1, 2]])
    assert pooled(crossing) is None, "lanes of two pools"


def test_rounds_prove_what_lanes_alone_do_not_show():
    """Three steps of 3 lanes out of 4: one after the other, though two thirds of the lanes' work would fit at once."""
    made, goal = cumulative([3, 3, 3, 1]), parse_goal("makespan", 1)
    first = best_rule(made, goal)[0]
    rounds = Rounds(made, goal, first, lower_bounds(made), seed=1, workers=1)
    assert rounds.proven.makespan_s == 150
    while not rounds.leader_proven:
        assert rounds.next(None)
    assert rounds.figures.makespan_s == rounds.proven.makespan_s == 180


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_justification_never_lengthens(seed):
    rng = np.random.default_rng(seed)
    ops = []
    for i in range(12):
        after = [(j, END_START, int(rng.integers(3))) for j in range(i) if rng.random() < 0.15]
        demands = [(0, int(rng.integers(1, 5))), (1, int(rng.integers(1, 4)))]
        release = int(rng.integers(20))
        ops.append({"modes": [(int(rng.integers(1, 9)), demands)], "after": after, "release": release})
    net = pooled(shop(ops, [{}] * 7, pools=[[0, 1, 2, 3], [4, 5, 6]])).net
    room = make_room(12, 2)
    room.mode[:] = np.arange(12)
    span = serial(net, room, net.topo, False)
    assert justify(net, room, span) <= span
    ends = room.start + net.work
    for op in range(12):
        assert room.start[op] >= net.op[op, 3]
        for i in range(net.op[op, 0], net.op[op + 1, 0]):
            assert room.start[op] >= ends[net.pred[i, 0]] + net.pred[i, 1]
    for at in room.start:
        assert (net.need[(room.start <= at) & (at < ends)].sum(axis=0) <= net.capacity).all()
    assert by_start(net, room, ends.max(), True)[0] in np.flatnonzero(ends == ends.max())


def test_a_budget_that_no_choice_keeps_is_named():
    tables = random_project(3)
    tables["resource"] = tables["resource"].with_columns(
        capacity=pl.when(pl.col("resource_id") == "N1").then(0).otherwise("capacity").cast(pl.UInt16)
    )
    tables["resource_demand"] = tables["resource_demand"].with_columns(quantity=pl.lit(2, pl.UInt16))
    with pytest.raises(BadInput) as caught:
        solve(to_book(tables), MAKESPAN, Run(work_limit=1))
    fault = caught.value.faults[0]
    assert (fault.table, fault.key, fault.column) == ("resource", ("N1",), "capacity")


def test_the_choice_of_modes_is_the_cheapest_in_work_that_can_be_paid():
    made = shop([{"modes": [(5, []), (9, [])]}, {"modes": [(5, []), (6, [])]}])
    made = replace(made, budget=np.array([3]), mode_spend=np.array([[3], [0], [3], [0]]))
    assert affordable(made, ["N1"]).tolist() == [0, 3]
    narrow = narrowed(made, np.array([0, 3]))
    assert narrow.mode_s.tolist() == [5, 6]
    plan = best_rule(narrow, parse_goal("makespan", 1))[0]
    assert widened(plan, np.array([0, 3])).mode.tolist() == [0, 3]


def test_a_search_never_loses_its_best():
    made = cumulative([3, 2, 2, 1, 1, 3])
    first = best_rule(made, parse_goal("makespan", 1))[0]
    search = project_search.start(pooled(made), first, 0, seed=4)
    span = search.span
    for _ in range(3):
        assert project_search.step(search, None, 1)
        assert search.span <= span
        span = search.span
    assert search.bound_s == span * search.project.unit_s == 180


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared data")
@pytest.mark.parametrize(
    ("layout", "name", "optimum"),
    [("mmrcpsp", "mmrcpsp/j3017_1.mm", 34), ("rcpsp", "rcpsp/j60/j60_1_1.rcp", 77)],
)
def test_published_optima_are_proven(layout, name, optimum):
    book = to_book(read_layout(layout, DATA / name)[0])
    result = solve(book, MAKESPAN, Run(work_limit=10))
    assert (result.kpis[0].value, result.kpis[0].bound, result.status) == (optimum, optimum, "optimal")
    assert faults(book, result.tables) == []
