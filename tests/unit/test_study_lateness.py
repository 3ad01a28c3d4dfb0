"""Remedies and bottlenecks of shops whose answers are known by hand."""

import polars as pl
import pytest

from lineshaft.core import Run
from lineshaft.core.solve import read_book, solve
from lineshaft.make.schedule import LATENESS
from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.studies.checks import check_lateness
from lineshaft.make.schedule.studies.example import example
from lineshaft.make.schedule.studies.lateness import LatenessParams
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of


def report(frames, **given):
    params = LatenessParams(**given)
    found = solve(LATENESS, frames, params, Run())
    assert check_lateness(read_book(LATENESS, frames), found.tables, params).violations == ()
    return found


def rows(frame):
    return {row["kind"]: row for row in frame.to_dicts()}


def two_on_a_lathe(**more):
    """Two orders of four hours on one lathe, both released at eight; A, which weighs more, goes first, B ends at 16:00."""
    members = {
        "work_orders": [
            ("A", None, 1, None, at(0, 8), at(0, 12), 5),
            ("B", None, 1, None, at(0, 8), at(0, 13), 1),
        ],
        "operations": [("A", 10, None, None, True), ("B", 10, None, None, True)],
        "modes": [("A", 10, 1, 14_400, 0), ("B", 10, 1, 14_400, 0)],
        "demands": [("A", 10, 1, 1, "lathe", None, 1), ("B", 10, 1, 1, "lathe", None, 1)],
        "resources": [("lathe", None, "machine", None, 1)],
    } | more
    schemas = ShopBook.member_schemas()
    return {member: frame_of(schemas[member], found) for member, found in members.items()}


def test_a_second_lathe_brings_the_order_back_on_time():
    found = report(two_on_a_lathe())
    late = found.tables.late_order.row(0, named=True)
    assert (late["order_id"], late["tardiness_s"], late["resource_s"], late["work_s"]) == (
        "B",
        10_800,
        14_400,
        14_400,
    )
    tried = rows(found.tables.remedy)
    assert (tried["second_place"]["order_won_min"], tried["second_place"]["left_min"]) == (180, 0)
    assert "overtime" not in tried, "the lathe never closes"
    assert tried["expedite"]["order_won_min"] == 180, "B now goes first"
    assert tried["expedite"]["goal_won_min"] == 180 - 5 * 240, "and A pays for it, at its own weight"


def test_the_lathe_is_the_bottleneck_and_its_hour_has_a_value():
    """Five hours more until the last due date save three hours of B."""
    (lathe,) = report(two_on_a_lathe()).tables.bottleneck.to_dicts()
    assert (lathe["resource_id"], lathe["load_pct"], lathe["waiting_min"], lathe["orders"]) == (
        "lathe",
        100,
        240,
        1,
    )
    assert lathe["extra_h"] == 5
    assert lathe["value_min_h"] == pytest.approx(180 / 5)


def test_late_material_is_asked_for_sooner():
    needs = {"requirements": [("B", 10, "bar", 1.0)], "receipts": [("PO-1", "bar", at(0, 20), 1.0)]}
    tried = rows(report(two_on_a_lathe(**needs)).tables.remedy)
    sooner = tried["earlier_material"]
    assert (sooner["receipt_id"], sooner["amount_min"]) == ("PO-1", 720)
    assert sooner["order_won_min"] == 480, "then the lathe, busy until noon, holds it up"


def test_overtime_lets_a_day_shift_finish():
    """Eight hours a day and two orders of six: an hour a day ends B two hours sooner, and at the same time next day it closes."""
    day = {
        "resources": [("lathe", None, "machine", "day", 1)],
        "calendars": [("day", None, "Asia/Shanghai")],
        "shifts": [("day", weekday, 1, 480, 960) for weekday in range(1, 8)],
        "modes": [("A", 10, 1, 21_600, 0), ("B", 10, 1, 21_600, 0)],
    }
    tried = rows(report(two_on_a_lathe(**day), overtime_min=120).tables.remedy)
    assert (tried["overtime"]["resource_id"], tried["overtime"]["order_won_min"]) == ("lathe", 120)


def test_pieces_handed_on_in_lots_overlap():
    lots = {
        "work_orders": [("A", None, 4, None, at(0, 8), at(0, 12), 1)],
        "operations": [("A", 10, None, None, True), ("A", 20, None, None, True)],
        "modes": [("A", 10, 1, 0, 3_600), ("A", 20, 1, 0, 3_600)],
        "demands": [("A", 10, 1, 1, "lathe", None, 1), ("A", 20, 1, 1, "mill", None, 1)],
        "resources": [("lathe", None, "machine", None, 1), ("mill", None, "machine", None, 1)],
    }
    tried = rows(report(two_on_a_lathe(**lots), rounds=0).tables.remedy)
    assert tried["smaller_lots"]["order_won_min"] == 180, "the mill begins after one piece instead of four"


def test_nothing_late_needs_no_remedy():
    frames = example()
    frames["work_orders"] = frames["work_orders"].with_columns(
        due=pl.lit(None, frames["work_orders"]["due"].dtype)
    )
    found = report(frames)
    assert all(getattr(found.tables, member).is_empty() for member in ("late_order", "remedy", "bottleneck"))
    assert found.kpis[1].value == 0
