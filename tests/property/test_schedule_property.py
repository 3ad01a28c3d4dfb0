"""What `make.schedule` promises on random shops: no violation, true figures, bounds that hold, the same bytes again."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import OVERLAP, random_book, random_features, random_params
from random_plans import random_plan

from lineshaft.core import Run
from lineshaft.core.digest import result_bytes
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.solve import solve

SEEDS = st.integers(0, 2**31)
FEW_ROUNDS = 2


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_plan_breaks_no_rule_and_its_figures_are_true(seed):
    book, params = random_book(seed), random_params(seed)
    result = solve(book, params, Run(work_limit=FEW_ROUNDS))
    checked = check(book, result.tables, params)
    assert checked.violations == ()
    assert {kpi.name: kpi.value for kpi in result.kpis} == pytest.approx(checked.kpis, rel=1e-12)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_plan_of_the_whole_model_breaks_no_rule_and_its_figures_are_true(seed):
    """Loads, transfer lots, least ends, transport, routes, efficiency, costs …; budgets are for `test_projects`."""
    book, params = random_book(seed, features=random_features(seed) - {"budgets"}), random_params(seed)
    result = solve(book, params, Run(work_limit=FEW_ROUNDS))
    checked = check(book, result.tables, params)
    assert checked.violations == ()
    assert {kpi.name: kpi.value for kpi in result.kpis} == pytest.approx(checked.kpis, rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_no_plan_is_better_than_a_stated_bound(seed):
    book, params = random_book(seed, max_ops=12), random_params(seed)
    result = solve(book, params, Run(work_limit=FEW_ROUNDS))
    found = [check(book, random_plan(book, params, n), params) for n in range(6)]
    assert all(plan.violations == () for plan in found)
    for kpi in result.kpis:
        if kpi.bound is not None:
            least = min([kpi.value, *(plan.kpis[kpi.name] for plan in found)])
            assert kpi.bound <= least + 1e-6, f"{kpi.name}: bound {kpi.bound} above {least}"


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_the_same_work_gives_the_same_bytes(seed):
    book, params = random_book(seed), random_params(seed)
    once, again = (solve(book, params, Run(seed=7, work_limit=FEW_ROUNDS)) for _ in range(2))
    assert result_bytes(once) == result_bytes(again)
    replayed = solve(book, params, Run(seed=7, work_limit=once.work))
    assert result_bytes(replayed) == result_bytes(once)


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.data())
def test_planning_again_keeps_what_is_locked(seed, data):
    book, params = random_book(seed), random_params(seed)
    plan = solve(book, params, Run(work_limit=FEW_ROUNDS)).tables
    many = len(plan.operation_plan)
    locks = data.draw(st.lists(st.booleans(), min_size=many, max_size=many))
    again = planned_again(book, plan, pl.Series(locks, dtype=pl.Boolean))
    result = solve(again, params, Run(work_limit=FEW_ROUNDS))
    assert check(again, result.tables, params).violations == ()


def test_any_member_of_a_class_and_a_named_one():
    for seed in range(40):
        book, params = random_book(seed, features={"classes", "two_demands", OVERLAP}), random_params(seed)
        assert check(book, solve(book, params, Run(work_limit=0)).tables, params).violations == ()


@pytest.mark.parametrize("seed", [3, 5])
def test_a_plan_that_is_locked_as_a_whole_stays(seed):
    book, params = random_book(seed), random_params(seed)
    plan = solve(book, params, Run(work_limit=1)).tables
    again = planned_again(book, plan, pl.lit(True))
    result = solve(again, params, Run(work_limit=FEW_ROUNDS))
    assert check(again, result.tables, params).violations == ()
    kept = ["order_id", "op_no", "start", "end"]
    assert result.tables.operation_plan.select(kept).equals(plan.operation_plan.select(kept))


def planned_again(book, plan, locked):
    """The book with the plan in force and its locks."""
    given = {name: getattr(book, name) for name in type(book).members() if getattr(book, name) is not None}
    previous = plan.operation_plan.with_columns(locked=locked)
    given |= {"previous": previous, "previous_resources": plan.resource_plan}
    return book.cast({name: frame.lazy() for name, frame in given.items()})
