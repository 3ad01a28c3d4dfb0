"""The health check never breaks on what it is to find, and what it calls plannable is."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import random_frames

from lineshaft.core import BadInput, Run
from lineshaft.core.saying import reason_words
from lineshaft.core.solve import read_book, solve
from lineshaft.make.schedule import ENGINE, HEALTH
from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.studies.books import without
from lineshaft.make.schedule.studies.checks import check_health
from lineshaft.make.schedule.studies.example import example
from lineshaft.make.schedule.studies.health import HealthParams
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

SCHEMAS = ShopBook.member_schemas()


def checked(frames):
    """The report, after the checker has found nothing against it."""
    report = solve(HEALTH, frames, run=Run())
    found = check_health(read_book(HEALTH, frames), report.tables, HealthParams())
    assert found.violations == ()
    assert {kpi.name: kpi.value for kpi in report.kpis} == pytest.approx(dict(found.kpis))
    return report


def plannable(report):
    return dict(report.tables.order_health.select("order_id", "plannable").iter_rows())


def findings(report, code):
    return report.tables.data_finding.filter(pl.col("code") == code).to_dicts()


def fresh():
    """The example before anything was planned or seen."""
    return example() | {"previous": None, "previous_resources": None, "events": None}


def with_rows(frames, member, *rows):
    more = frame_of(SCHEMAS[member], rows)
    return frames | {member: pl.concat([frames[member], more]) if frames.get(member) is not None else more}


def test_a_sound_book_is_plannable_as_a_whole():
    report = checked(fresh())
    assert all(plannable(report).values())
    assert {kpi.name: kpi.value for kpi in report.kpis}["blocking_findings"] == 0


def test_missing_material_blocks_the_order_that_needs_it():
    frames = fresh()
    frames["receipts"] = frames["receipts"].head(1)
    report = checked(frames)
    assert plannable(report) == {"WO-1": False, "WO-2": True, "WO-3": True}
    (found,) = findings(report, "unmet")
    assert (found["row_key"], found["orders"], found["operations"]) == ("WO-1 10 bearing", 1, 2)


def test_a_component_that_cannot_be_made_blocks_what_it_is_made_for():
    frames = fresh()
    hob = (pl.col("order_id") == "WO-2") & (pl.col("op_no") == 20)
    frames["operations"] = frames["operations"].with_columns(
        pausable=pl.when(hob).then(False).otherwise("pausable")
    )
    report = checked(frames)
    assert plannable(report) == {"WO-1": False, "WO-2": False, "WO-3": True}
    (found,) = findings(report, "no_working_time")
    assert (found["row_key"], found["orders"], found["operations"]) == ("WO-2 20", 2, 4)
    (said,) = [reason_words(HEALTH, r) for r in report.reasons if r.code == "finding_no_working_time"]
    assert said.en.endswith("These cannot all hold: WO-2 step 20 must not pause; calendar day.")
    assert said.zh.endswith("以下条件不能同时成立:WO-2 工序 20 不可中断;日历 day。")


def test_a_lag_that_no_night_allows_names_its_conflict():
    """Turned parts must be hobbed within an hour, but hobbing works only in the afternoon of the next day's calendar."""
    schemas, start = SCHEMAS, at(0, 8)
    members = {
        "work_orders": [("A", None, 1, None, start, None, 1), ("B", None, 1, None, start, None, 1)],
        "operations": [("A", 10, None, None, True), ("A", 20, None, None, True), ("B", 10, None, None, True)],
        "modes": [(o, n, 1, 3_600, 0) for o, n in (("A", 10), ("A", 20), ("B", 10))],
        "demands": [
            ("A", 10, 1, 1, "lathe", None, 1),
            ("A", 20, 1, 1, "hobber", None, 1),
            ("B", 10, 1, 1, "lathe", None, 1),
        ],
        "resources": [
            ("hobber", None, "machine", "late", 1),
            ("lathe", None, "machine", "early", 1),
        ],
        "calendars": [("early", None, "Asia/Shanghai"), ("late", None, "Asia/Shanghai")],
        "shifts": [
            (c, d, 1, a, b) for c, a, b in (("early", 480, 600), ("late", 900, 1_020)) for d in range(1, 8)
        ],
        "dependencies": [("A", 20, "A", 10, "end_start", 0, 3_600)],
    }
    report = checked({member: frame_of(schemas[member], rows) for member, rows in members.items()})
    assert plannable(report) == {"A": False, "B": True}
    (said,) = [reason_words(HEALTH, r).en for r in report.reasons if r.code == "finding_no_plan"]
    assert said == (
        "A finds no place even alone in the shop. These cannot all hold: the greatest lag before A step 20; "
        "calendar early; calendar late."
    )


def test_two_circles_are_two_findings():
    frames = with_rows(
        fresh(),
        "dependencies",
        ("WO-2", 10, "WO-1", 20, "end_start", 0),
        ("WO-3", 10, "WO-3", 20, "start_start", 0),
    )
    frames = with_rows(frames, "dependencies", ("WO-3", 20, "WO-3", 10, "end_start", 0))
    report = checked(frames)
    assert not any(plannable(report).values())
    assert [(row["row_key"], row["orders"]) for row in findings(report, "step_cycle")] == [
        ("WO-1 10", 2),
        ("WO-3 10", 1),
    ]


def test_an_unknown_time_zone_blocks_who_works_by_it():
    frames = fresh()
    frames["calendars"] = frames["calendars"].with_columns(time_zone=pl.lit("Mars/Olympus"))
    report = checked(frames)
    assert not any(plannable(report).values())
    assert findings(report, "time_zone")[0]["orders"] == 3


def test_doubtful_values_block_nothing():
    frames = with_rows(
        fresh(),
        "work_orders",
        ("WO-4", "shaft", 1, None, at(0, 8), None, 1),
        ("WO-5", "shaft", 1, None, at(0, 8), at(4, 8), 1),
    )
    frames = with_rows(frames, "operations", ("WO-4", 10, None, None, True), ("WO-5", 10, None, None, True))
    frames = with_rows(frames, "modes", ("WO-4", 10, 1, 400_000, 0), ("WO-5", 10, 1, 0, 0))
    frames = with_rows(frames, "resources", ("temp", "temporary worker", "person", None, 1))
    report = checked(frames)
    assert all(plannable(report).values())
    kinds = {row["code"] for row in report.tables.data_finding.to_dicts()}
    assert {"odd_time", "zero_time", "no_due_date", "tireless", "due_too_soon"} <= kinds


def test_orders_without_dates_are_told_to_minimise_the_makespan():
    frames = fresh()
    frames["work_orders"] = frames["work_orders"].with_columns(
        due=pl.lit(None, frames["work_orders"]["due"].dtype)
    )
    advised = dict(checked(frames).tables.setting_advice.select("setting", "value").iter_rows())
    assert advised["objective"].startswith("makespan")
    assert advised["frozen_min"] == "0"


def spoil(frames, seed):
    """A few random faults that single rows do not show."""
    rng = random.Random(seed)
    frames = {member: frame for member, frame in frames.items() if frame is not None}
    steps = frames["operations"].select("order_id", "op_no").rows()

    def some(member, share):
        frame = frames.get(member)
        if frame is not None:
            frames[member] = frame.filter(
                pl.Series([rng.random() > share for _ in range(len(frame))], dtype=pl.Boolean)
            )

    ways = {
        "receipts": lambda: some("receipts", 0.5),
        "shifts": lambda: (some("breaks", 1.0), some("shifts", 0.7)),
        "capacity": lambda: frames.update(
            demands=frames["demands"].with_columns(
                quantity=pl.Series([999 if rng.random() < 0.1 else q for q in frames["demands"]["quantity"]], dtype=pl.Int64)
            )
        ),
        "times": lambda: frames.update(
            modes=frames["modes"].with_columns(
                lot_s=pl.Series([31_000_000 if rng.random() < 0.1 else s for s in frames["modes"]["lot_s"]], dtype=pl.Int64)
            )
        ),
        "zone": lambda: "calendars" in frames
        and frames.update(calendars=frames["calendars"].with_columns(time_zone=pl.lit("Nowhere"))),
        "circle": lambda: len(steps) > 1 and frames.update(
            with_rows(
                frames | {"dependencies": None},
                "dependencies",
                *((*a, *b, "end_start", 0) for a, b in zip(steps, steps[1:]) if rng.random() < 0.2),
                *((*b, *a, "end_start", 0) for a, b in zip(steps, steps[1:]) if rng.random() < 0.2),
            )
        ),
    }  # fmt: skip
    for name in rng.sample(sorted(ways), rng.randint(1, 3)):
        ways[name]()
    return frames


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_what_is_called_plannable_can_be_planned(seed):
    frames = spoil(random_frames(seed, max_ops=20), seed)
    try:
        book = read_book(HEALTH, frames)
    except BadInput:
        return
    report = checked(frames)
    blocked = [order for order, good in plannable(report).items() if not good]
    zones = {row["table_name"] for row in report.tables.data_finding.to_dicts()} & {"calendar"}
    if zones:
        return
    rest = without(book, blocked)
    left = {member: getattr(rest, member) for member in SCHEMAS}
    plan = solve(
        ENGINE, {m: pl.DataFrame(f) for m, f in left.items() if f is not None}, run=Run(work_limit=0)
    )
    assert len(plan.tables.operation_plan) == len(left["operations"])
