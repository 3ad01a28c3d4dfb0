"""Plan against actual, by hand."""

from datetime import timedelta

import polars as pl
import pytest

from lineshaft.core import Run
from lineshaft.core.solve import solve
from lineshaft.make.schedule import DEVIATION
from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.studies.example import example


def test_the_morning_of_the_example():
    """WO-3 10: planned 8:00 to 11:30, done 9:00 to 14:00; WO-2 10: planned 11:30, begun at 14:00, when we look."""
    report = solve(DEVIATION, example(), run=Run())
    steps = {(row["order_id"], row["op_no"]): row for row in report.tables.operation_deviation.to_dicts()}
    turned = steps["WO-3", 10]
    assert (turned["state"], turned["resource_id"]) == ("finished", "lathe")
    assert (turned["start_deviation_s"], turned["end_deviation_s"]) == (3_600, 9_000)
    assert turned["duration_deviation_s"] == 5_400
    assert turned["duration_pct"] == pytest.approx(100 * 5 / 3.5)
    assert steps["WO-2", 10]["state"] == "running"
    assert steps["WO-2", 10]["start_deviation_s"] == 9_000
    assert steps["WO-3", 20]["state"] == "overdue"
    assert steps["WO-3", 20]["start_deviation_s"] == 9_000
    assert steps["WO-1", 10]["state"] == "waiting"
    assert steps["WO-1", 10]["start_deviation_s"] is None
    lathe = report.tables.resource_deviation.row(0, named=True)
    assert (lathe["resource_id"], lathe["steps"], lathe["planned_s"], lathe["actual_s"]) == (
        "lathe",
        1,
        12_600,
        18_000,
    )
    figures = {kpi.name: kpi.value for kpi in report.kpis}
    assert figures == {
        "starts_on_time_pct": 0,
        "ends_on_time_pct": 0,
        "mean_end_deviation_min": 150,
        "time_taken_pct": pytest.approx(100 * 5 / 3.5),
        "overdue_steps": 1,
    }


def test_tolerance_and_moment_are_the_readers():
    report = solve(DEVIATION, example(), {"tolerance_min": 150, "now": at(1, 8)}, Run())
    figures = {kpi.name: kpi.value for kpi in report.kpis}
    assert (figures["starts_on_time_pct"], figures["ends_on_time_pct"]) == (100, 100)
    assert figures["overdue_steps"] == 1, "what should begin at this very moment is not overdue"
    later = solve(DEVIATION, example(), {"now": at(1, 8) + timedelta(minutes=1)}, Run())
    assert later.kpis[-1].value == 2


def test_an_order_has_ended_when_all_its_steps_have():
    frames = example()
    milled = frames["events"].head(1).with_columns(
        event_id=pl.lit("E-9"), op_no=pl.lit(20, pl.Int64), kind=pl.lit("finish", frames["events"]["kind"].dtype),
        at=pl.lit(at(0, 16)).cast(frames["events"]["at"].dtype),
    )  # fmt: skip
    frames["events"] = pl.concat([frames["events"], milled])
    orders = {row["order_id"]: row for row in solve(DEVIATION, frames).tables.order_deviation.to_dicts()}
    shaft = orders["WO-3"]
    assert (shaft["steps"], shaft["finished"], shaft["actual_end"]) == (2, 2, at(0, 16))
    assert (shaft["end_deviation_s"], shaft["tardiness_s"]) == (75 * 60, 4 * 3_600)
    assert orders["WO-2"]["actual_end"] is None
    assert orders["WO-2"]["tardiness_s"] is None
