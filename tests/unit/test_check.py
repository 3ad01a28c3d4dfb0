"""The checker on a plan small enough to check by hand: one lathe, a lunch break, a setup, one order too late."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from random_plans import make_plan

from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook

FREE = {"setup_cost_cny": 0, "energy_cost_cny": 0, "overtime_cost_cny": 0}


def at(hour, minute=0):
    """A time on Monday, 5 January 2026; the shop is in UTC."""
    return datetime(2026, 1, 5, hour, minute, tzinfo=UTC)


ORDERS = [
    {"order_id": "A", "quantity": 3, "release": at(8), "due": at(12), "weight": 2},
    {"order_id": "B", "quantity": 1, "release": at(9), "due": at(16), "weight": 1},
]
STEPS = [
    {"order_id": "A", "op_no": 10, "family_id": "red", "pausable": True},
    {"order_id": "B", "op_no": 10, "family_id": "blue", "pausable": False},
]
BOOK = {
    "work_orders": ORDERS,
    "operations": STEPS,
    "modes": [
        {"order_id": "A", "op_no": 10, "mode_no": 1, "lot_s": 1_800, "piece_s": 3_600},
        {"order_id": "B", "op_no": 10, "mode_no": 1, "lot_s": 0, "piece_s": 5_400},
    ],
    "demands": [
        {"order_id": order, "op_no": 10, "mode_no": 1, "demand_no": 1, "resource_id": "L", "quantity": 1}
        for order in ("A", "B")
    ],
    "resources": [
        {
            "resource_id": "L",
            "kind": "machine",
            "calendar_id": "day",
            "capacity": 1,
            "setup_group": "g",
            "family_id": "blue",
        }
    ],
    "calendars": [{"calendar_id": "day", "time_zone": "UTC"}],
    "shifts": [{"calendar_id": "day", "weekday": 1, "shift_no": 1, "start_min": 480, "end_min": 1_020}],
    "breaks": [
        {"calendar_id": "day", "weekday": 1, "shift_no": 1, "break_no": 1, "start_min": 720, "end_min": 780}
    ],
    "families": [{"family_id": family, "setup_s": 600} for family in ("red", "blue")],
    "setups": [{"setup_group": "g", "from_family_id": "red", "to_family_id": "blue", "setup_s": 1_800}],
}


def book():
    schemas = ShopBook.member_schemas()
    return ShopBook.cast(
        {
            member: pl.LazyFrame(
                [{name: row.get(name) for name in schemas[member].columns()} for row in rows],
                schema={name: column.dtype for name, column in schemas[member].columns().items()},
            )
            for member, rows in BOOK.items()
        }
    )


def plan(b_start, b_setup, b_end):
    """A from 8:10 after 10 minutes of setup to 11:40; B after 30 minutes of setup."""
    steps = [
        {
            "order_id": "A",
            "op_no": 10,
            "mode_no": 1,
            "setup_start": at(8),
            "start": at(8, 10),
            "end": at(11, 40),
            "locked": False,
        },
        {
            "order_id": "B",
            "op_no": 10,
            "mode_no": 1,
            "setup_start": b_setup,
            "start": b_start,
            "end": b_end,
            "locked": False,
        },
    ]
    held = [
        {"order_id": order, "op_no": 10, "demand_no": 1, "unit_no": 1, "resource_id": "L", "place_no": 1}
        for order in ("A", "B")
    ]
    orders = [
        {"order_id": "A", "start": at(8, 10), "end": at(11, 40), "tardiness_s": 0},
        {"order_id": "B", "start": b_start, "end": b_end, "tardiness_s": 0},
    ]
    return make_plan(steps, held, orders)


def test_the_figures_are_those_of_pencil_and_paper():
    """Setup 10 + 30 min; B works 13:10 to 14:40; flow 3 h 40 and 5 h 40; nothing late."""
    good = plan(b_start=at(13, 10), b_setup=at(11, 40), b_end=at(14, 40))
    found = check(book(), good, ScheduleParams())
    assert found.violations == ()
    times = {"makespan_min": 400, "weighted_tardiness_min": 0, "mean_flow_time_min": 280, "setup_min": 40}
    assert found.kpis == pytest.approx(times | FREE)


def test_a_setup_takes_working_time():
    """From 11:40 to 13:05 the clock counts 85 minutes, the lathe works 25 of them: 5 too few."""
    early = plan(b_start=at(13, 5), b_setup=at(11, 40), b_end=at(14, 35))
    found = check(book(), early, ScheduleParams())
    assert (
        "B step 10: starts 2026-01-05 13:05:00Z on L place 1, needs 1800 s of setup, has 1500 s since"
        in found.violations[0]
    )


def test_what_may_not_pause_does_not_run_through_lunch():
    """B ahead of A: from 11:00 it would be 60 minutes to lunch and 30 after it."""
    through = plan(b_start=at(11), b_setup=None, b_end=at(13, 30))
    found = " ".join(check(book(), through, ScheduleParams()).violations)
    assert "B step 10 on L place 1: may not pause, but is interrupted" in found
    assert "starts 2026-01-05 11:00:00Z on L place 1, where A step 10 ends 2026-01-05 11:40:00Z" in found


def test_tardiness_is_weighed():
    """A alone, due 12:00 with weight 2, moved to the afternoon: 13:10 to 16:40 is 280 min late, weighed 560."""
    late = plan(b_start=at(8), b_setup=None, b_end=at(9, 30))
    steps = late.operation_plan.with_columns(
        start=pl.Series([at(13, 10), at(9)]),
        end=pl.Series([at(16, 40), at(10, 30)]),
        setup_start=pl.Series([at(13), None]),
    )
    orders = late.order_plan.with_columns(
        start=pl.Series([at(13, 10), at(9)]),
        end=pl.Series([at(16, 40), at(10, 30)]),
        tardiness_s=pl.Series([16_800, 0]),
    )
    moved = make_plan(*(frame.to_dicts() for frame in (steps, late.resource_plan, orders)))
    found = check(book(), moved, ScheduleParams(start=at(8)))
    assert found.violations == ()
    times = {"makespan_min": 520, "weighted_tardiness_min": 560, "mean_flow_time_min": 305, "setup_min": 10}
    assert found.kpis == pytest.approx(times | FREE)
