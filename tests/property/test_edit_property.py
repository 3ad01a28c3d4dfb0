"""What edits promise on random shops: every possible one breaks no rule, moves nothing needlessly, and can be repeated."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from random_books import random_book, random_params

from lineshaft.core import Change, Run
from lineshaft.core.digest import result_bytes
from lineshaft.make.schedule.checks.check import check, find_pins, plan_start_s
from lineshaft.make.schedule.checks.hours import rows
from lineshaft.make.schedule.repair.edit import edit, prepare
from lineshaft.make.schedule.solve import solve

SEEDS = st.integers(0, 2**31)
EDITS = 6


class Scene:
    """A random shop with a plan in force, some of it locked, and random drags."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.params = random_params(seed)
        book = random_book(seed, max_ops=30)
        plan = solve(book, self.params, Run(work_limit=0)).tables
        locks = [locked or self.rng.random() < 0.1 for locked in plan.operation_plan["locked"]]
        self.book = in_force(book, plan, locks)
        self.state = prepare(self.book, self.params)
        self.plan = edit(self.state, []).tables
        self.steps = self.plan.operation_plan.rows(named=True)
        members = {}
        for row in rows(self.book.members):
            members.setdefault(row["class_id"], []).append(row["resource_id"])
        self.can = {}
        for row in rows(self.book.demands):
            named = [row["resource_id"]] if row["resource_id"] else members[row["class_id"]]
            self.can.setdefault(key(row), []).extend(named)
        pins = find_pins(self.book, self.params, plan_start_s(self.book, self.params))
        self.free = [row for row in self.steps if key(row) not in pins] or self.steps

    def change(self):
        row = self.rng.choice(self.free if self.rng.random() < 0.9 else self.steps)
        reach = self.rng.choice((300, 4000))
        values = {"start": row["start"] + timedelta(minutes=self.rng.randint(-reach, reach))}
        if self.rng.random() < 0.3:
            values["resource_id"] = self.rng.choice(
                self.can.get(key(row)) or self.book.resources["resource_id"]
            )
        if self.rng.random() < 0.15:
            values["locked"] = self.rng.random() < 0.7
        return Change("operation_plan", key(row), values)

    def checked(self, changes, plan):
        """The checker's verdict; what somebody unlocked is no longer held to its place."""
        freed = {change.key for change in changes if change.values.get("locked") is False}
        locks = [row["locked"] and key(row) not in freed for row in rows(self.book.previous)]
        previous = self.book.previous.with_columns(locked=pl.Series(locks, dtype=pl.Boolean))
        return check(with_members(self.book, previous=previous), plan, self.params)

    def moved_back(self, plan, step):
        """The plan with one step where it was before."""
        was = next(row for row in self.steps if key(row) == step)
        here = (pl.col("order_id") == step[0]) & (pl.col("op_no") == step[1])
        columns = {name: pl.when(here).then(pl.lit(was[name])).otherwise(name) for name in ("start", "end")}
        return with_members(plan, operation_plan=plan.operation_plan.with_columns(**columns))


def key(row):
    return row["order_id"], row["op_no"]


def with_members(collection, **members):
    frames = {name: getattr(collection, name) for name in type(collection).members()} | members
    return collection.cast({name: frame.lazy() for name, frame in frames.items() if frame is not None})


def in_force(book, plan, locks):
    previous = plan.operation_plan.with_columns(locked=pl.Series(locks, dtype=pl.Boolean))
    return with_members(book, previous=previous, previous_resources=plan.resource_plan)


def starts(plan):
    return {key(row): row["start"] for row in plan.operation_plan.rows(named=True)}


@settings(max_examples=40, deadline=None)
@given(SEEDS)
@example(40952)
def test_a_possible_edit_breaks_no_rule_and_does_what_was_asked(seed):
    scene = Scene(seed)
    assert scene.checked([], scene.plan).violations == ()
    for _ in range(EDITS if scene.steps else 0):
        changes = [scene.change() for _ in range(scene.rng.choice((1, 1, 2, 3)))]
        result = edit(scene.state, changes)
        checked = scene.checked([] if result.status == "infeasible" else changes, result.tables)
        assert checked.violations == ()
        assert {kpi.name: kpi.value for kpi in result.kpis} == pytest.approx(checked.kpis, rel=1e-12)
        if result.status == "infeasible":
            assert starts(result.tables) == starts(scene.plan)
            assert [reason.code[:5] for reason in result.reasons] == ["edit_"]
            continue
        last = changes[-1]
        assert starts(result.tables)[last.key] == last.values["start"]
        if "resource_id" in last.values:
            held = result.tables.resource_plan.rows(named=True)
            assert last.values["resource_id"] in [row["resource_id"] for row in held if key(row) == last.key]


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_others_move_to_the_right_only_when_they_must(seed):
    scene = Scene(seed)
    before = starts(scene.plan)
    for _ in range(EDITS if scene.steps else 0):
        change = scene.change()
        result = edit(scene.state, [change])
        after = starts(result.tables)
        moved = [step for step in after if after[step] != before[step] and step != change.key]
        told = {r.key for r in result.reasons if r.code in ("edit_gives_way", "edit_follows", "edit_shifts")}
        if result.status == "feasible":
            given_ = starts(with_members(scene.plan, operation_plan=scene.book.previous))
            assert told == {step for step in after if after[step] != given_[step] and step != change.key}
        assert all(after[step] > before[step] for step in moved)
        for step in scene.rng.sample(moved, min(2, len(moved))):
            found = scene.checked([change], scene.moved_back(result.tables, step)).violations
            assert [line for line in found if "order plan" not in line], (
                f"{step} need not have moved for {change}"
            )


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_nearest_possible_time_is_possible(seed):
    scene = Scene(seed)
    for _ in range(EDITS if scene.steps else 0):
        change = scene.change()
        result = edit(scene.state, [change])
        nearest = result.reasons[0].facts.get("nearest_at") if result.status == "infeasible" else None
        if nearest:
            there = Change(
                change.table, change.key, {**change.values, "start": datetime.fromisoformat(nearest)}
            )
            assert edit(scene.state, [there]).status == "feasible"


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_same_changes_give_the_same_bytes_and_count_together_or_not_at_all(seed):
    scene = Scene(seed)
    if scene.steps:
        first, second = scene.change(), scene.change()
        together = edit(scene.state, [first, second])
        assert result_bytes(edit(prepare(scene.book, scene.params), [first, second])) == result_bytes(
            together
        )
        alone = edit(scene.state, [first])
        if alone.status == "infeasible":
            assert result_bytes(alone) == result_bytes(together)
