"""Bounds that can be worked out by hand, and bounds that no feasible plan crosses."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from random_books import random_book, random_params
from random_plans import random_plan

from lineshaft.core.frames import sort_by_key
from lineshaft.make.schedule.bounds.bound import in_time, lower_bounds, shortest_first
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.layout.compile import compile_shop
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

START = datetime(2026, 1, 5, tzinfo=UTC)


def shop(jobs, resources, due_s=None, more=None):
    """Jobs as lists of steps, a step as {resource or "any": seconds} of its modes; a step each ten numbers."""
    rows = {member: [] for member in ("work_orders", "operations", "modes", "demands", "resources")}
    for j, steps in enumerate(jobs):
        due = START + timedelta(seconds=due_s[j]) if due_s else None
        rows["work_orders"].append((f"J{j}", None, 1, None, START, due, 1, None, None))
        for k, modes in enumerate(steps, 1):
            rows["operations"].append((f"J{j}", 10 * k, None, None, True, None))
            for m, (resource, work_s) in enumerate(modes.items(), 1):
                rows["modes"].append((f"J{j}", 10 * k, m, work_s, 0))
                rows["demands"].append((f"J{j}", 10 * k, m, 1, resource, None, 1))
    rows["resources"] = [(name, None, "machine", None, 1, None, None) for name in resources]
    rows |= more or {}
    schemas = ShopBook.member_schemas()
    frames = {m: frame_of(schemas[m], r) for m, r in rows.items()}
    book = ShopBook.cast({m: sort_by_key(f, schemas[m]).lazy() for m, f in frames.items()})
    return compile_shop(book, ScheduleParams()).shop


def test_the_longest_job_alone():
    assert lower_bounds(shop([[{"a": 3}, {"b": 4}], [{"b": 1}]], "ab")).makespan_s == 7


def test_one_machine_between_heads_and_tails():
    jobs = [[{"a": 1}, {"m": 4}, {"b": 5}], [{"c": 2}, {"m": 4}, {"d": 3}], [{"e": 3}, {"m": 4}, {"f": 1}]]
    assert lower_bounds(shop(jobs, "abcdefm")).makespan_s == 1 + 12 + 1


def test_work_that_cannot_leave_two_machines():
    jobs = [[{"a": 4, "b": 4}]] * 5
    bounds = lower_bounds(shop(jobs, "abc"))
    assert bounds.makespan_s == 10
    assert bounds.flow_s == 4 + 4 + 6 + 8 + 10


def test_shortest_work_first_bounds_flow_and_lateness():
    bounds = lower_bounds(shop([[{"m": 3}], [{"m": 1}], [{"m": 2}]], "m", due_s=[3, 3, 3]))
    assert bounds.flow_s == 1 + 3 + 6
    assert bounds.weighted_tardiness_s == 3


def test_interrupting_machine():
    head, work = np.array([0, 1, 2]), np.array([5, 2, 1])
    assert shortest_first(head, work).tolist() == [8, 3, 4]
    assert in_time(head, work, np.array([8, 3, 4]))
    assert not in_time(head, work, np.array([8, 3, 3]))


def test_nothing_takes_no_time():
    assert lower_bounds(shop([], "m")).as_array().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("seed", range(12))
def test_no_feasible_plan_crosses_a_bound(seed):
    book, params = random_book(seed, max_ops=20), random_params(seed)
    made = compile_shop(book, params).shop
    bounds = lower_bounds(made)
    for other in range(3):
        figures = check(book, random_plan(book, params, other), params)
        assert figures.violations == ()
        assert figures.kpis["makespan_min"] * 60 >= bounds.makespan_s - 1e-3
        assert figures.kpis["weighted_tardiness_min"] * 60 >= bounds.weighted_tardiness_s - 1e-3
        assert figures.kpis["mean_flow_time_min"] * 60 * made.order_counts.sum() >= bounds.flow_s - 1e-3
