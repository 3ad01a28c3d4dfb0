"""The crane works: valid, whole, of the size it says, and with the figures its description gives."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
import pytest

from lineshaft.core.digest import frame_digest
from lineshaft.core.frames import check_tables
from lineshaft.crane_works import figures, generate, summary
from lineshaft.crane_works.park import grown
from lineshaft.crane_works.timing import START, calendar_hours
from lineshaft.tables import TABLES
from lineshaft.tables.rules import RULES
from lineshaft.tables.worktime import intersect, working_intervals

README = Path(__file__).parents[2] / "examples" / "crane-works" / "README.md"


@cache
def works(scale: float = 1, seed: int = 1) -> dict[str, pl.DataFrame]:
    return generate(scale, seed)


def products(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return frames["work_order"].filter(pl.col("parent_order_id").is_null())


@pytest.mark.parametrize(("scale", "seed"), [(0.02, 3), (0.3, 2), (1, 1), (2.5, 7)])
def test_every_table_is_valid_and_refers_only_to_rows_that_exist(scale: float, seed: int) -> None:
    good, faults = check_tables(works(scale, seed), TABLES, RULES)
    assert faults == []
    assert all(len(good[name]) == len(frame) for name, frame in works(scale, seed).items())


def test_it_has_the_size_it_says() -> None:
    frames = works()
    kinds = dict(frames["resource"].group_by("kind").len().iter_rows())
    assert len(products(frames)) == 60
    assert 1_400 <= len(frames["operation"]) <= 1_600
    assert 38 <= kinds["machine"] <= 44
    assert 56 <= kinds["person"] <= 64
    said = README.read_text(encoding="utf-8")
    for kind, words in (("machine", "machines"), ("crane", "shop cranes"), ("person", "people")):
        assert f"{kinds[kind]} {words}" in said
    levels = frames["work_order"]["order_id"].str.count_matches(".", literal=True)
    assert levels.max() == 4


@pytest.mark.parametrize("seed", range(1, 6))
def test_other_seeds_give_other_orders_of_the_same_size(seed: int) -> None:
    assert 1_400 <= len(works(1, seed)["operation"]) <= 1_650


def test_the_same_seed_gives_the_same_tables_and_another_seed_does_not() -> None:
    def digests(frames: dict[str, pl.DataFrame]) -> dict[str, str]:
        return {name: frame_digest(frame, TABLES[name]) for name, frame in frames.items()}

    assert digests(generate(0.3, 2)) == digests(works(0.3, 2))
    assert digests(generate(0.3, 3)) != digests(works(0.3, 2))


def test_ten_thousand_steps_take_less_than_three_seconds() -> None:
    began = process_time()
    frames = works(6.7)
    assert process_time() - began < 3
    assert 9_500 <= len(frames["operation"]) <= 10_500


@pytest.mark.parametrize("scale", [1, 6.7])
@pytest.mark.parametrize("load", [0.6, 0.85])
def test_the_busiest_group_is_loaded_as_asked_at_any_scale(scale: float, load: float) -> None:
    busiest = summary(generate(scale, 1, load)).row(0, named=True)
    assert busiest["load"] == pytest.approx(load, rel=0.1)


def test_several_trades_and_machines_are_busy_and_none_is_overloaded() -> None:
    loads = summary(works())["load"]
    assert loads.max() < 1
    assert (loads > 0.5).sum() >= 8


def test_every_way_can_be_worked_at_some_time_and_what_may_not_pause_runs_by_the_clock() -> None:
    frames = works()
    calendars = (frames[name] for name in ("calendar", "shift", "shift_break", "calendar_exception"))
    tables = list(calendars)
    week = START, START + timedelta(days=7)
    names = [*frames["calendar"]["calendar_id"], None]
    hours = {name: working_intervals(name, *tables, *week) for name in names if name}
    hours[None] = (np.array([int(week[0].timestamp())]), np.array([int(week[1].timestamp())]))
    kept: dict[str, set[str | None]] = {}
    members = frames["class_member"].join(frames["resource"], on="resource_id")
    for class_id, calendar in members.select("class_id", "calendar_id").iter_rows():
        kept.setdefault(class_id, set()).add(calendar)
    keys = ["order_id", "op_no", "mode_no"]
    demands = frames["resource_demand"].join(frames["operation"], on=keys[:2])
    ways = demands.group_by(*keys, maintain_order=True).agg("class_id", pl.col("pausable").first())
    for classes, pausable in ways.select("class_id", "pausable").unique().iter_rows():
        common = [hours[None]]
        for class_id in classes:
            common = [intersect(one, hours[name]) for one in common for name in kept[class_id]]
        assert any(len(starts) for starts, _ in common), classes
        if not pausable:
            assert all(kept[class_id] == {None} for class_id in classes), classes


def test_it_shows_what_a_machinery_works_has() -> None:
    frames = works()
    keys = ["order_id", "op_no", "mode_no"]
    outside = frames["operation_mode"].join(frames["resource_demand"], on=keys, how="anti")
    assert outside["lot_s"].min() >= 5 * 86_400
    ways = frames["operation_mode"].group_by(keys[:2]).len()["len"]
    assert (ways > 1).sum() > 200
    across = frames["segment_dependency"].filter(pl.col("order_id") != pl.col("after_order_id"))
    assert 0 < len(across) < len(frames["segment_dependency"])
    assert set(frames["calendar_exception"]["kind"]) == {"holiday", "work_as", "overtime", "closed"}
    assert frames["shift"]["end_min"].max() > 1_440
    assert frames["operation"]["family_id"].n_unique() > 10
    needed = frames["material_requirement"].group_by("item_id").agg(pl.col("quantity").sum())
    both = needed.join(frames["receipt"].group_by("item_id").agg(came=pl.col("quantity").sum()), on="item_id")
    assert len(both) == len(needed)
    assert (both["came"] >= both["quantity"] - 1e-6).all()


def test_due_dates_follow_their_factor() -> None:
    tight, loose = products(generate(0.5, 1, due_factor=1.5)), products(generate(0.5, 1, due_factor=3))
    assert (tight["release"] == loose["release"]).all()
    allowed_tight = (tight["due"] - tight["release"]).dt.total_hours() - 72
    allowed_loose = (loose["due"] - loose["release"]).dt.total_hours() - 72
    assert (abs(allowed_loose - 2 * allowed_tight) <= 48).all()


def test_work_runs_over_the_hours_of_a_calendar() -> None:
    day = calendar_hours(works(), START + timedelta(days=60))["DAY"]
    six = int(START.timestamp())
    hour = 3_600
    assert day.after(six, 2 * hour) == six + 4 * hour
    assert day.after(six, 5 * hour) == six + 8 * hour
    assert day.after(six + 6 * hour + 1_800, hour) == six + 8 * hour
    assert day.after(six, 8 * hour) == six + 11 * hour
    assert day.after(six, 41 * hour) == six + (7 * 24 + 3) * hour


def test_resources_grow_with_the_square_root_of_the_scale_and_never_shrink() -> None:
    assert [grown(4, scale) for scale in (0.1, 1, 4, 6.7)] == [4, 4, 8, 10]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (figures.hob_min(8, 60, 120, cnc=True), "77 min"),
        (figures.hob_min(8, 60, 120, cnc=False), "177 min"),
        (figures.tooth_grinding_min(8, 60, 120), "96 min"),
        (figures.turning_min(30), "43 min"),
        (figures.saw_min(100), "6 min"),
        (figures.carburising_h(6), "10.9 h"),
        (figures.carburising_h(10), "16.0 h"),
        (figures.stress_relief_h(25), "11 h"),
        (figures.MAG_WELD_M_H, "4 m/h"),
        (figures.SUBMERGED_WELD_M_H, "15 m/h"),
        (figures.PLASMA_CUT_M_H, "60 m/h"),
        (figures.PAINT_M2_H, "25 m²/h"),
        (figures.PRIMER_DRY_H, "6 h"),
        (figures.TOP_COAT_DRY_H, "16 h"),
    ],
)
def test_the_description_states_the_figures_that_are_used(value: float, said: str) -> None:
    number, _ = said.split(" ")
    decimals = len(number.partition(".")[2])
    assert f"{value:.{decimals}f}" == number
    assert f"**{said}**" in README.read_text(encoding="utf-8")
