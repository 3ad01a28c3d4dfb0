"""What repair and promise keep on random shops: rules, what stays, what the event log says, and the same answer again."""

from __future__ import annotations

import random
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import random_book, random_features, random_params

from lineshaft.core import BadInput, Change, Refused, Run
from lineshaft.core.digest import result_bytes
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.layout.compile import compile_shop
from lineshaft.make.schedule.layout.material import allocate
from lineshaft.make.schedule.layout.stages import same
from lineshaft.make.schedule.params import PromiseParams, RepairParams
from lineshaft.make.schedule.repair import promise, solve
from lineshaft.make.schedule.repair.edit import edit, prepare
from lineshaft.make.schedule.repair.facts import what_happened, with_facts
from lineshaft.make.schedule.repair.settle import shifted
from lineshaft.make.schedule.solve import solve as schedule

SEEDS = st.integers(0, 2**31)
FACTS = ("out", "longer", "late", "rework", "order", "event", "quantity")


class Day:
    """A random shop with a plan in force, and what happens to it; `whole`: of the whole model but budgets."""

    def __init__(self, seed, whole=False):
        self.rng = random.Random(seed)
        self.params = random_params(seed)
        features = random_features(seed) - {"budgets"} if whole else None
        book = random_book(seed, max_ops=25, features=features)
        plan = schedule(book, self.params, Run(work_limit=0)).tables
        locks = [locked or self.rng.random() < 0.1 for locked in plan.operation_plan["locked"]]
        previous = plan.operation_plan.with_columns(locked=pl.Series(locks, dtype=pl.Boolean))
        self.book = with_members(book, previous=previous, previous_resources=plan.resource_plan)
        self.steps = plan.operation_plan.rows(named=True)

    def facts(self, kind):
        """Changes of one kind at a random place; none where the shop has nothing of it."""
        return getattr(self, f"_{kind}")()

    def _out(self):
        row = self.rng.choice(self.steps)
        start = row["start"] - timedelta(minutes=self.rng.randint(0, 60))
        end = start + timedelta(minutes=self.rng.randint(10, 3000))
        name = self.rng.choice(self.book.resources["resource_id"].to_list())
        return [Change("resource_capacity", (name, start), {"end": end, "capacity": 0})]

    def _longer(self):
        row = self.rng.choice(self.book.modes.rows(named=True))
        key = (row["order_id"], row["op_no"], row["mode_no"])
        return [Change("operation_mode", key, {"lot_s": row["lot_s"] + 60 * self.rng.randint(1, 30)})]

    def _late(self):
        if self.book.receipts is None or self.book.receipts.is_empty():
            return []
        row = self.rng.choice(self.book.receipts.rows(named=True))
        later = row["available"] + timedelta(minutes=self.rng.randint(1, 3000))
        return [Change("receipt", (row["receipt_id"],), {"available": later})]

    def _quantity(self):
        row = self.rng.choice(self.book.work_orders.rows(named=True))
        more = row["quantity"] + self.rng.randint(1, 4)
        return [Change("work_order", (row["order_id"],), {"quantity": more})]

    def _rework(self):
        row = self.rng.choice(self.steps)
        return self._copied(row["order_id"], row["op_no"], row["order_id"], row["op_no"] + 1)

    def _order(self):
        order = self.rng.choice(self.steps)["order_id"]
        row = self.book.work_orders.filter(pl.col("order_id") == order).row(0, named=True)
        values = {**row, "parent_order_id": None, "parent_op_no": None}
        changes = [Change("work_order", ("NEW",), {k: v for k, v in values.items() if k != "order_id"})]
        steps = [row["op_no"] for row in self.steps if row["order_id"] == order]
        return changes + [change for op_no in steps for change in self._copied(order, op_no, "NEW", op_no)]

    def _copied(self, order, op_no, to_order, to_no):
        changes = []
        for name, member in (
            ("operation", "operations"),
            ("operation_mode", "modes"),
            ("resource_demand", "demands"),
        ):
            frame = getattr(self.book, member)
            mine = frame.filter((pl.col("order_id") == order) & (pl.col("op_no") == op_no))
            for row in mine.rows(named=True):
                numbers = [row.pop(no) for no in ("mode_no", "demand_no") if no in row]
                values = {k: v for k, v in row.items() if k not in ("order_id", "op_no")}
                changes.append(Change(name, (to_order, to_no, *numbers), values))
        return changes

    def _event(self):
        seen = set() if self.book.events is None else set(self.book.events["order_id"])
        free = [row for row in self.steps if row["order_id"] not in seen]
        if not free:
            return []
        row = min(free, key=lambda row: row["start"])
        key = {"order_id": row["order_id"], "op_no": row["op_no"]}
        late = row["end"] + timedelta(minutes=self.rng.randint(0, 300))
        return [
            Change("actual_event", ("X-1",), {**key, "kind": "start", "at": row["start"]}),
            Change("actual_event", ("X-2",), {**key, "kind": "finish", "at": late}),
        ]

    def repaired(self, changes):
        """The answer, or None where what happened cannot be: a step that fits nowhere, what stays in the way."""
        try:
            return edit(prepare(self.book, self.params), changes)
        except (BadInput, Refused):
            return None


def with_members(collection, **members):
    frames = {name: getattr(collection, name) for name in type(collection).members()} | members
    return collection.cast({name: frame.lazy() for name, frame in frames.items() if frame is not None})


def places(plan):
    return {
        (row["order_id"], row["op_no"]): (row["start"], row["end"])
        for row in plan.operation_plan.rows(named=True)
    }


@settings(max_examples=8, deadline=None, derandomize=True)
@given(SEEDS)
def test_whatever_happens_no_rule_is_broken_and_what_stays_stays(seed):
    day = Day(seed)
    for kind in FACTS if day.steps else ():
        changes = day.facts(kind)
        result = day.repaired(changes)
        if result is None:
            continue
        now = with_facts(day.book, changes)
        found = check(now, result.tables, day.params)
        assert found.violations == ()
        assert {kpi.name: kpi.value for kpi in result.kpis} == pytest.approx(found.kpis, rel=1e-12)
        assert set(places(result.tables)) == set(now.operations.select("order_id", "op_no").rows())


@settings(max_examples=8, deadline=None, derandomize=True)
@given(SEEDS)
def test_whatever_happens_to_loads_lots_and_moves_no_rule_is_broken_and_what_stays_stays(seed):
    day = Day(seed, whole=True)
    for kind in FACTS if day.steps else ():
        changes = day.facts(kind)
        result = day.repaired(changes)
        if result is not None:
            now = with_facts(day.book, changes)
            found = check(now, result.tables, day.params)
            assert found.violations == ()
            assert {kpi.name: kpi.value for kpi in result.kpis} == pytest.approx(found.kpis, rel=1e-9)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(SEEDS)
def test_a_layout_that_takes_over_what_did_not_change_is_the_layout_from_the_beginning(seed):
    day = Day(seed, whole=True)
    first = compile_shop(day.book, day.params, as_planned=True)
    for kind in FACTS if day.steps else ():
        now = with_facts(day.book, day.facts(kind))
        try:
            fresh = compile_shop(now, day.params, first.shop.horizon_s, as_planned=True)
        except BadInput:
            continue
        made = compile_shop(now, day.params, first.shop.horizon_s, as_planned=True, earlier=first)
        for part in (
            "shop",
            "orders",
            "ops",
            "modes",
            "demands",
            "lanes",
            "material",
            "ways",
            "routes",
            "tariffs",
        ):
            assert same(getattr(made, part), getattr(fresh, part)), (kind, part)


def test_a_late_receipt_leaves_routes_modes_and_hours_as_they_were_laid_out():
    days = (Day(seed) for seed in range(100))
    day = next(day for day in days if day.facts("late"))
    changes = day.facts("late")
    first = compile_shop(day.book, day.params, as_planned=True)
    made = compile_shop(with_facts(day.book, changes), day.params, as_planned=True, earlier=first)
    again = {stage for stage, done in made.stages.done.items() if done is not first.stages.done[stage]}
    assert again == {allocate}


def test_nearly_everything_that_happens_is_repaired():
    days = [Day(seed, whole=seed % 2 == 0) for seed in range(12)]
    answers = [day.repaired(day.facts(kind)) for day in days for kind in FACTS if day.steps]
    assert len(answers) > 40
    assert sum(answer is not None for answer in answers) > 0.95 * len(answers)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(SEEDS)
def test_the_changes_between_two_books_make_one_of_the_other(seed):
    day = Day(seed)
    if not day.steps:
        return
    changes = [change for kind in FACTS for change in day.facts(kind)]
    try:
        now = with_facts(day.book, changes)
    except BadInput:
        return
    for before, after in ((day.book, now), (now, day.book)):
        again = with_facts(before, what_happened(before, after))
        for member in type(after).members():
            was, is_now = getattr(after, member), getattr(again, member)
            rows = [] if was is None else was.sort(was.columns).rows()
            assert rows == ([] if is_now is None else is_now.sort(is_now.columns).rows())
    assert what_happened(now, now) == ()


@settings(max_examples=3, deadline=None, derandomize=True)
@given(SEEDS)
def test_an_edit_with_facts_and_a_run_of_repair_on_the_tables_agree(seed):
    day = Day(seed)
    for kind in FACTS if day.steps else ():
        changes = day.facts(kind)
        result = day.repaired(changes)
        if result is None:
            continue
        params = RepairParams(day.params.objective, day.params.start, day.params.frozen_min)
        book, offers = with_facts(day.book, changes), []
        repaired = solve.solve(book, params, Run(work_limit=2, on_offer=offers.append))
        assert places(offers[0].tables) == places(result.tables)
        found = solve.check(book, repaired.tables, params)
        assert found.violations == ()
        assert {kpi.name: kpi.value for kpi in repaired.kpis} == pytest.approx(found.kpis, rel=1e-12)
        again = solve.solve(book, params, Run(work_limit=repaired.work))
        assert result_bytes(again) == result_bytes(repaired)
        first, last = (
            solve.mend(book, params).force.goal.levels[0] @ figures(r) for r in (offers[0], repaired)
        )
        price = params.moved_min * (moved(offers[0]) - moved(repaired))
        assert last <= first + price + 1e-6


def figures(result):
    """The four figures (min), the mean of flow times as their sum."""
    names = ("makespan_min", "weighted_tardiness_min", "mean_flow_time_min", "setup_min")
    found = {kpi.name: kpi.value for kpi in result.kpis}
    orders = result.tables.order_plan["order_id"].n_unique()
    return [found[name] * (1 if name != "mean_flow_time_min" else orders) for name in names]


def moved(result):
    return next(kpi.value for kpi in result.kpis if kpi.name == "moved_operations")


@settings(max_examples=8, deadline=None, derandomize=True)
@given(SEEDS, st.booleans())
def test_a_promise_holds_and_moves_nobody(seed, whole):
    day = Day(seed, whole)
    if not day.steps:
        return
    changes = day.facts("order")
    params = PromiseParams(day.params.objective, day.params.start, day.params.frozen_min)
    try:
        before = prepare(day.book, day.params).unchanged.tables
        book = with_facts(day.book, changes)
        result = promise.solve(book, params, Run())
    except (BadInput, Refused):
        return
    assert promise.check(book, result.tables, params).violations == ()
    assert result.tables.promises["order_id"].to_list() == ["NEW"]
    after = places(result.tables)
    assert {step: after[step] for step in places(before)} == places(before)
    ends = dict(
        edit(prepare(day.book, day.params), changes).tables.order_plan.select("order_id", "end").rows()
    )
    assert ends["NEW"] <= result.tables.promises["promised"][0]


def test_a_plan_to_which_nothing_happened_is_left_alone():
    for seed in range(6):
        day = Day(seed)
        state = prepare(day.book, day.params) if day.steps else None
        if state and not state.warnings:
            result = solve.solve(
                day.book, RepairParams(day.params.objective, day.params.start, day.params.frozen_min), Run()
            )
            assert (moved(result), result.work, result.stopped_by) == (0, 0, "done")
            assert (shifted(state.force, state.standing).standing.start_s == state.given.start_s).all()
