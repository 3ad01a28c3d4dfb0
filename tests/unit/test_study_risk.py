"""The simulated plan against closed forms, and against the plan itself where nothing varies."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import random_frames

from lineshaft.core import Refused, Run, find_engine
from lineshaft.core.solve import on_plan, read_book, solve
from lineshaft.make.schedule import RISK
from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.studies.checks import check_risk
from lineshaft.make.schedule.studies.example import example
from lineshaft.make.schedule.studies.risk import RiskParams
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

SCHEDULE = find_engine("make.schedule")
NORMAL_95 = 1.6449


def chain(steps, due_after_s, spread_pct=None):
    """One order of many like steps on one lathe that never closes, planned without gaps."""
    schemas, start = ShopBook.member_schemas(), at(0, 8)
    ends = [start + timedelta(seconds=1_000 * i) for i in range(steps + 1)]
    due = start + timedelta(seconds=due_after_s)
    numbers = range(1, steps + 1)
    members = {
        "work_orders": [("A", None, 1, None, start, due, 1)],
        "operations": [("A", no, None, None, True) for no in numbers],
        "modes": [("A", no, 1, 1_000, 0, None, None, None, spread_pct) for no in numbers],
        "demands": [("A", no, 1, 1, "lathe", None, 1) for no in numbers],
        "resources": [("lathe", None, "machine", None, 1)],
        "previous": [("A", no, 1, None, ends[no - 1], ends[no], False) for no in numbers],
        "previous_resources": [("A", no, 1, 1, "lathe", 1) for no in numbers],
    }
    return {member: frame_of(schemas[member], rows) for member, rows in members.items()}


def test_a_chain_ends_as_the_sum_of_its_times():
    """120 times of 1,000 s with a spread of 20 %: very nearly normal, mean 120,000 s, deviation 2,191 s."""
    mean_s, deviation_s = 120_000, 200 * 120**0.5
    frames = chain(120, mean_s + 1.2816 * deviation_s, spread_pct=20)
    risk = solve(RISK, frames, {"samples": 4_000, "service_pct": 95}, Run(seed=1))
    row = risk.tables.order_risk.row(0, named=True)
    end_s = {p: (row[f"p{p}_end"] - at(0, 8)).total_seconds() for p in (50, 95)}
    assert end_s[50] == pytest.approx(mean_s, abs=0.06 * deviation_s)
    assert end_s[95] == pytest.approx(mean_s + NORMAL_95 * deviation_s, abs=0.15 * deviation_s)
    assert row["on_time_pct"] == pytest.approx(90, abs=1.5)
    buffer = risk.tables.order_buffer.row(0, named=True)
    assert buffer["buffer_min"] == pytest.approx((NORMAL_95 - 1.2816) * deviation_s / 60, abs=6)
    assert buffer["buffered_pct"] >= 95
    assert buffer["driver_pct"] < 5


def test_one_wild_step_is_named_as_the_driver():
    frames = chain(20, 20_000, spread_pct=1)
    wild = pl.when(pl.col("op_no") == 7).then(80).otherwise(pl.col("spread_pct"))
    frames["modes"] = frames["modes"].with_columns(spread_pct=wild)
    buffer = solve(RISK, frames, run=Run()).tables.order_buffer.row(0, named=True)
    assert (buffer["driver_order_id"], buffer["driver_op_no"]) == ("A", 7)
    assert buffer["driver_pct"] > 95


def test_the_default_spread_is_for_steps_that_name_none():
    given_spread = solve(RISK, chain(30, 30_000, spread_pct=25), run=Run())
    default = solve(RISK, chain(30, 30_000), {"spread_pct": 25}, Run())
    assert default.tables.order_risk.equals(given_spread.tables.order_risk)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_without_spread_no_order_ends_later_than_planned(seed):
    """The plan is feasible: played as planned, every step starts when it was to start, or sooner where it was held."""
    frames = random_frames(seed, max_ops=25)
    frames |= {"previous": None, "previous_resources": None, "events": None}
    plan = solve(SCHEDULE, frames, run=Run(work_limit=1))
    risk_frames = on_plan(SCHEDULE, frames, plan.tables)
    params = RiskParams(spread_pct=0, samples=100)
    risk = solve(RISK, risk_frames, params, Run())
    orders = risk.tables.order_risk
    assert (orders["p95_end"] <= orders["planned_end"]).all()
    assert (orders["p50_end"] == orders["p95_end"]).all()
    assert check_risk(read_book(RISK, risk_frames), risk.tables, params).violations == ()


def test_without_a_plan_there_is_nothing_to_play():
    frames = example() | {"previous": None}
    with pytest.raises(Refused):
        solve(RISK, frames)
    few = example()
    few["previous"] = few["previous"].head(1)
    with pytest.raises(Refused):
        solve(RISK, few)
