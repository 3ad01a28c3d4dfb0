"""The checker's newer rules on plans small enough to check by hand: a furnace, transfer lots, a crane, costs, progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from random_plans import make_plan

from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook

DAY = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday


def at(hour, minute=0):
    """A time on Monday; the shop is in UTC."""
    return DAY + timedelta(hours=hour, minutes=minute)


def judge(steps, resources, times, **more):
    """Violations and KPIs. `steps`: (order, step, columns of the operation, mode, resource) with one mode each.

    `times`: (start, end) of each, the plan beginning at 8; orders are of 4 pieces, released at 8.
    """
    orders = sorted({order for order, *_ in steps})
    keys = [{"order_id": order, "op_no": op_no} for order, op_no, *_ in steps]
    members = {
        "work_orders": [{"order_id": o, "quantity": 4, "release": at(8), "weight": 1} for o in orders],
        "operations": [key | {"pausable": True} | step[2] for key, step in zip(keys, steps)],
        "modes": [key | {"mode_no": 1, "lot_s": 0, "piece_s": 0} | step[3] for key, step in zip(keys, steps)],
        "demands": [
            key | {"mode_no": 1, "demand_no": 1, "resource_id": step[4], "quantity": 1}
            for key, step in zip(keys, steps)
            if step[4]
        ],
        "resources": [{"kind": "machine", "capacity": 1} | row for row in resources],
    } | more
    schemas = ShopBook.member_schemas()
    frames = {
        member: pl.LazyFrame(
            [{name: row.get(name) for name in schemas[member].columns()} for row in rows],
            schema={name: column.dtype for name, column in schemas[member].columns().items()},
        )
        for member, rows in members.items()
    }
    planned = [
        key
        | {
            "mode_no": 1,
            "setup_start": setup[0] if setup else None,
            "start": start,
            "end": end,
            "locked": False,
        }
        for key, (start, end, *setup) in zip(keys, times)
    ]
    held = [
        key | {"demand_no": 1, "unit_no": 1, "resource_id": step[4], "place_no": 1}
        for key, step in zip(keys, steps)
        if step[4]
    ]
    spans = {o: [row for row in planned if row["order_id"] == o] for o in orders}
    order_plan = [
        {
            "order_id": o,
            "start": min(r["start"] for r in some),
            "end": max(r["end"] for r in some),
            "tardiness_s": 0,
        }
        for o, some in spans.items()
    ]
    return check(ShopBook.cast(frames), make_plan(planned, held, order_plan), ScheduleParams(start=at(8)))


FURNACE = [{"resource_id": "F", "load_max": 100.0, "load_unit": "kg"}]
RECIPES = {
    "recipes": [
        {"recipe_id": "soft", "mix_group": "heat"},
        {"recipe_id": "hard", "mix_group": "heat"},
        {"recipe_id": "odd"},
    ]
}


def heated(order, recipe_id, load, hours):
    return (order, 10, {"recipe_id": recipe_id, "load": load}, {"lot_s": hours * 3600}, "F")


def test_a_load_works_as_long_as_its_longest_member():
    steps = [heated("A", "soft", 60.0, 2), heated("B", "hard", 40.0, 3)]
    assert judge(steps, FURNACE, [(at(8), at(11))] * 2, **RECIPES).violations == ()
    short = judge(steps, FURNACE, [(at(8), at(10))] * 2, **RECIPES).violations
    assert short[0].startswith("A step 10 on F place 1: works 7200 s, needs 10800 s")
    assert len(short) == 2


@pytest.mark.parametrize(
    ("recipe_id", "load", "end", "found"),
    [
        ("odd", 40.0, at(10), "but soft and odd do not mix"),
        (None, 40.0, at(10), "but soft and no recipe do not mix"),
        ("hard", 40.5, at(10), "load of 100.5 on F place 1, which takes 100"),
        ("hard", 40.0, at(10, 1), "starts 2026-01-05 08:00:00Z on F place 1, where A step 10 ends"),
    ],
)
def test_what_may_not_share_a_load(recipe_id, load, end, found):
    steps = [heated("A", "soft", 60.0, 2), heated("B", recipe_id, load, 2)]
    assert found in " ".join(judge(steps, FURNACE, [(at(8), at(10)), (at(8), end)], **RECIPES).violations)


@pytest.mark.parametrize(("hours", "right"), [(2, True), (3, True), (4, False)])
def test_a_step_may_join_a_load_that_is_locked_if_it_needs_no_longer(hours, right):
    """The locked load takes three hours, though its step would need two by now."""
    steps = [heated("A", "soft", 60.0, 2), heated("B", "hard", 40.0, hours)]
    locked = {"order_id": "A", "op_no": 10, "mode_no": 1, "start": at(8), "end": at(11), "locked": True}
    found = judge(steps, FURNACE, [(at(8), at(11))] * 2, previous=[locked], **RECIPES)
    assert [line for line in found.violations if "was locked" not in line] == (
        []
        if right
        else [
            "B step 10 on F place 1: works 10800 s, needs 14400 s (2026-01-05 08:00:00Z to 2026-01-05 11:00:00Z)"
        ]
    )


def test_a_load_is_set_up_for_once_for_its_worst_change():
    """The furnace stands ready for red; soft is red and hard is blue: 30 min once at 5 CNY; then 10 back at 2."""
    furnace = [FURNACE[0] | {"setup_group": "g", "family_id": "red"}]
    steps = [heated("A", "soft", 1.0, 1), heated("B", "hard", 1.0, 1), heated("C", "soft", 1.0, 1)]
    steps = [
        (*s[:2], s[2] | {"family_id": family}, *s[3:]) for s, family in zip(steps, ("red", "blue", "red"))
    ]
    pair = {
        "setup_group": "g",
        "from_family_id": "red",
        "to_family_id": "blue",
        "setup_s": 1800,
        "cost_fen": 500,
    }
    back = {
        "setup_group": "g",
        "from_family_id": "blue",
        "to_family_id": "red",
        "setup_s": 600,
        "cost_fen": 200,
    }
    more = RECIPES | {
        "families": [{"family_id": f, "setup_s": 9} for f in ("red", "blue")],
        "setups": [pair, back],
    }
    times = [(at(8, 30), at(9, 30), at(8)), (at(8, 30), at(9, 30)), (at(9, 40), at(10, 40), at(9, 30))]
    good = judge(steps, furnace, times, **more)
    assert good.violations == ()
    assert (good.kpis["setup_min"], good.kpis["setup_cost_cny"]) == (40, 7)
    more["setups"] = [pair | {"forbidden": True}, back]
    assert judge(steps, furnace, times, **more).violations == (
        "A step 10: changes F place 1 from red to blue/red, which is forbidden there",
    )


LINE = [{"resource_id": "L"}, {"resource_id": "M", "efficiency_pct": 80}]


def test_the_next_step_starts_with_the_first_lot_and_ends_with_the_last():
    """Lots of 2 of 4 pieces: A is done at 10:10, its first lot at 9:10; on M, 80 % fast, 2 pieces take 25 min."""
    steps = [
        ("A", 10, {"transfer_quantity": 2}, {"lot_s": 600, "piece_s": 1800}, "L"),
        ("A", 20, {}, {"piece_s": 600}, "M"),
    ]
    assert judge(steps, LINE, [(at(8), at(10, 10)), (at(9, 45), at(10, 35))]).violations == ()
    early = judge(steps, LINE, [(at(8), at(10, 10)), (at(9, 9), at(9, 59))]).violations
    assert "but the first lot of A step 10 takes 4200 s of work from 2026-01-05 08:00:00Z" in early[0]
    assert "ends 2026-01-05 09:59:00Z, less than 1500 s after A step 10 ends" in early[1]


def test_bays_of_a_transport():
    """Made in the north, taken from the north to the south, made ready in the south."""
    bays = {"bays": [{"bay_id": "north"}, {"bay_id": "south"}]}
    resources = [
        {"resource_id": "L", "bay_id": "north"},
        {"resource_id": "M", "bay_id": "south"},
        {"resource_id": "C"},
    ]
    move = {"from_bay_id": "north", "to_bay_id": "south", "lot_s": 600}
    times = [(at(8), at(9)), (at(9), at(9, 10)), (at(9, 10), at(10, 10))]

    def plan(first, last):
        hour = {"lot_s": 3600}
        steps = [("A", 10, {}, hour, first), ("A", 20, {}, move, "C"), ("A", 30, {}, hour, last)]
        return judge(steps, resources, times, **bays).violations

    assert plan("L", "M") == ()
    assert plan("M", "M") == ("A step 20: begins in bay north, but A step 10 leaves the work in bay south",)
    assert plan("L", "L") == ("A step 30: begins in bay north, but A step 20 leaves the work in bay south",)


def test_costs_of_pencil_and_paper():
    """10 kW for 3 h: 8 to 9 at 0.5 CNY, 9 to 10 at 0.8, a pause, 12 to 13 without a price but overtime at 30 CNY/h."""
    shift = {"calendar_id": "day", "weekday": 1, "shift_no": 1, "start_min": 480, "end_min": 600}
    over = {"calendar_id": "day", "date": DAY.date(), "exception_no": 1, "kind": "overtime"}
    more = {
        "calendars": [{"calendar_id": "day", "time_zone": "UTC"}],
        "shifts": [shift],
        "exceptions": [over | {"start_min": 720, "end_min": 840, "cost_fen_h": 3000}],
        "energy_prices": [
            {"start": at(7), "end": at(9), "price_fen_kwh": 50.0},
            {"start": at(9), "end": at(12), "price_fen_kwh": 80.0},
        ],
    }
    steps = [("A", 10, {}, {"lot_s": 3 * 3600, "power_kw": 10.0}, "L")]
    found = judge(steps, [{"resource_id": "L", "calendar_id": "day"}], [(at(8), at(13))], **more)
    assert found.violations == ()
    assert found.kpis["energy_cost_cny"] == pytest.approx(10 * (0.5 + 0.8))
    assert found.kpis["overtime_cost_cny"] == pytest.approx(30)


@pytest.mark.parametrize(("end", "right"), [(at(10, 30), True), (at(10), False), (at(9), False)])
def test_a_running_step_ends_when_its_last_pieces_are_done(end, right):
    """Begun at 7, an hour's preparation and half an hour a piece; at 9:30 two of four are done: an hour is left."""
    events = [
        {"event_id": "1", "kind": "start", "at": at(7)},
        {"event_id": "2", "kind": "progress", "at": at(9, 30), "quantity": 2},
    ]
    seen = {"order_id": "A", "op_no": 10}
    steps = [("A", 10, {}, {"lot_s": 3600, "piece_s": 1800}, "L")]
    found = judge(steps, LINE, [(at(7), end)], events=[seen | event for event in events])
    assert (found.violations == ()) is right


def test_a_step_of_a_route_not_taken_is_followed_by_nobody():
    """20 is on route 1, 30 on route 2 and told to come after 20: once 20 is absent it comes after 10 again."""
    hour = {"lot_s": 3600}
    told = {
        "order_id": "A",
        "op_no": 30,
        "after_order_id": "A",
        "after_op_no": 20,
        "kind": "end_start",
        "lag_s": 60,
    }
    own = [{"order_id": "A", "op_no": 20, "mode_no": 1, "lot_s": 60, "piece_s": 0}]
    absent = [{"order_id": "A", "op_no": 20, "pausable": True, "route_no": 1}]
    steps = [("A", 10, {}, hour, "L"), ("A", 30, {"route_no": 2}, hour, None)]

    def plan(start):
        keys = [{"order_id": "A", "op_no": s[1], "pausable": True} | s[2] for s in steps]
        modes = [{"order_id": "A", "op_no": s[1], "mode_no": 1, "piece_s": 0} | hour for s in steps]
        rows = {"operations": keys + absent, "modes": modes + own, "dependencies": [told]}
        return judge(steps, LINE, [(at(8), at(9)), (start, start + timedelta(hours=1))], **rows).violations

    assert plan(at(9)) == ()
    assert plan(at(8)) == ("A step 30: starts 2026-01-05 08:00:00Z, but A step 10 ends 2026-01-05 09:00:00Z",)


def test_end_to_end_lags():
    link = {
        "order_id": "B",
        "op_no": 10,
        "after_order_id": "A",
        "after_op_no": 10,
        "kind": "end_end",
        "lag_s": 600,
    }
    steps = [("A", 10, {}, {"lot_s": 3600}, "L"), ("B", 10, {}, {"lot_s": 1800}, None)]

    def plan(minutes):
        times = [(at(8), at(9)), (at(9, minutes - 30), at(9, minutes))]
        return " ".join(judge(steps, LINE, times, dependencies=[link | {"lag_max_s": 1200}]).violations)

    assert plan(10) == plan(20) == ""
    assert "ends 2026-01-05 09:09:00Z, but A step 10 ends 2026-01-05 09:00:00Z and a lag of 600 s" in plan(9)
    assert "and it must follow within 1200 s" in plan(21)
