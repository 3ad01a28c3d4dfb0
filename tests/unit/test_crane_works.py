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


def test_plain_due_dates_are_the_factor_times_the_unloaded_flow_time() -> None:
    once, loose = (products(generate(0.5, 1, due_factor=k, plain_due=True)) for k in (1, 1.5))
    flow_s, allowed_s = ((part["due"] - part["release"]).dt.total_seconds() for part in (once, loose))
    assert flow_s.min() > 0
    assert (abs(allowed_s - 1.5 * flow_s) <= 1).all()


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


# --- the whole model


@cache
def whole_works(scale: float = 1, seed: int = 1) -> dict[str, pl.DataFrame]:
    return generate(scale, seed, full=True)


@pytest.mark.parametrize(("scale", "seed"), [(0.02, 3), (1, 1), (2.5, 7)])
def test_the_whole_model_is_valid_and_keeps_orders_and_dates(scale: float, seed: int) -> None:
    plain, whole = works(scale, seed), whole_works(scale, seed)
    good, faults = check_tables(whole, TABLES, RULES)
    assert faults == []
    assert all(len(good[name]) == len(frame) for name, frame in whole.items())
    same = ("work_order", "item", "bom_line", "material_requirement", "receipt", "customer", "setup_family")
    assert all(plain[name].equals(whole[name]) for name in same)
    steps = plain["operation"].select("order_id", "op_no", "name", "family_id", "pausable")
    assert len(steps.join(whole["operation"], on=steps.columns, how="anti", nulls_equal=True)) == 0
    times = plain["operation_mode"].select("order_id", "op_no", "mode_no", "lot_s", "piece_s")
    assert len(times.join(whole["operation_mode"], on=times.columns, how="anti")) == 0


def test_the_whole_model_loads_every_group_as_the_plain_one_but_the_cranes_that_lift() -> None:
    plain, whole = (summary(frames).sort("class_id") for frames in (works(), whole_works()))
    both = plain.join(whole, on="class_id")
    assert len(both) == len(plain)
    other = set(both.filter(pl.col("asked_h") != pl.col("asked_h_right"))["class_id"])
    assert other == {"CRW", "CRA"}
    added = whole.join(plain, on="class_id", how="anti")
    assert set(added["kind"]) == {"crane", "contractor"}
    assert added["load"].max() < 0.3


def test_heavy_parts_are_lifted_wherever_the_next_step_stands_in_another_bay() -> None:
    frames = whole_works()
    keys = ["order_id", "op_no"]
    lifts = frames["operation_mode"].filter(pl.col("to_bay_id").is_not_null())
    assert len(lifts) == len(frames["operation"]) - len(works()["operation"]) - len(bought(frames))
    mass = frames["work_order"].join(frames["item"], on="item_id").select("order_id", "mass_kg")
    assert lifts.join(mass, on="order_id")["mass_kg"].min() >= 500
    stands = frames["class_member"].join(frames["resource"], on="resource_id").select("class_id", "bay_id")
    done = (
        frames["resource_demand"]
        .filter(pl.col("demand_no") == 1, pl.col("mode_no") == 1)
        .join(stands.unique(), on="class_id", how="left")
        .select(*keys, "bay_id")
    )
    for order, steps in lifts.group_by("order_id"):
        ways = done.join(lifts, on=keys, how="left").filter(pl.col("order_id") == order[0]).sort("op_no")
        here = None
        for bay, start, to in ways.select("bay_id", "from_bay_id", "to_bay_id").iter_rows():
            assert here is None or (start or bay) in (None, here)
            here = to or bay or here
        assert steps["from_bay_id"].is_not_null().all()
    cranes = lifts.join(frames["resource_demand"], on=keys).group_by(keys).agg("class_id")
    assert all(names[1] == "CAR" for names in cranes["class_id"])


def bought(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return frames["operation"].filter(pl.col("route_no") == 2)


def test_shafts_and_axles_can_be_made_or_bought() -> None:
    frames = whole_works()
    routed = frames["operation"].filter(pl.col("route_no").is_not_null())
    items = routed.join(frames["work_order"], on="order_id")["item_id"]
    assert set(items.str.split("-").list.first()) == {"AXLE", "SHAFT"}
    assert routed["order_id"].n_unique() == len(bought(frames)) > 0
    taken = frames["material_requirement"].join(bought(frames), on=["order_id", "op_no"], how="semi")
    assert taken.is_empty()
    demands = frames["resource_demand"].join(bought(frames), on=["order_id", "op_no"], how="semi")
    assert set(demands["class_id"]) == {"OUTTURN"}
    outside = frames["resource"].filter(pl.col("kind") == "contractor")
    assert outside["capacity"].is_between(1, 10).all()
    kept = frames["operation_mode"].join(
        frames["resource_demand"], on=["order_id", "op_no", "mode_no"], how="anti"
    )
    assert kept.is_empty()


def test_furnaces_and_booths_take_loads_of_recipes_that_fit() -> None:
    frames = whole_works()
    first = frames["resource_demand"].filter(pl.col("demand_no") == 1, pl.col("mode_no") == 1)
    most = frames["class_member"].join(frames["resource"], on="resource_id").drop_nulls("load_max")
    most = most.select("class_id", "load_max").unique()
    batch = frames["operation"].join(first, on=["order_id", "op_no"]).join(most, on="class_id")
    batch = batch.select("order_id", "op_no", "class_id", "recipe_id", "load", "load_max")
    assert set(batch["class_id"]) == {"CARB", "SRF", "BOOTH"}
    assert batch.select((pl.col("load") > 0).all() & (pl.col("load") <= pl.col("load_max")).all()).item()
    assert batch["recipe_id"].is_not_null().all()
    assert frames["operation"]["recipe_id"].is_not_null().sum() == len(batch)
    groups = frames["recipe"].drop_nulls("mix_group").group_by("mix_group").len()
    assert dict(groups.iter_rows()) == {"SR-600": 4, "CARB-THIN": 2}
    mass = frames["work_order"].join(frames["item"], on="item_id")
    relieved = batch.filter(pl.col("class_id") == "SRF").join(mass, on="order_id")
    assert (abs(relieved["load"] - relieved["mass_kg"] * relieved["quantity"]) < 0.06).all()
    power = frames["operation_mode"].filter(pl.col("mode_no") == 1).join(batch, on=["order_id", "op_no"])
    share = power.filter(pl.col("class_id") == "SRF")
    assert (abs(share["power_kw"] - 420 * share["load"] / 8_000) < 0.06).all()


def test_large_lots_of_blanks_are_handed_on_in_parts() -> None:
    frames = whole_works()
    lots = frames["operation"].drop_nulls("transfer_quantity").join(frames["work_order"], on="order_id")
    assert len(lots) > 20
    assert lots["quantity"].min() >= 12
    assert (lots["transfer_quantity"] * 3 >= lots["quantity"]).all()
    assert (lots["transfer_quantity"] * 2 < lots["quantity"]).all()


def test_energy_is_cheap_at_night_and_dear_at_noon_without_a_gap() -> None:
    prices = whole_works()["energy_price"].sort("start")
    assert (prices["end"].head(-1) == prices["start"].tail(-1)).all()
    assert prices["end"].max() > whole_works()["work_order"]["due"].max() + timedelta(days=100)
    local = prices.with_columns(hour=pl.col("start").dt.convert_time_zone("Asia/Shanghai").dt.hour())
    of_hour = dict(local.select("hour", "price_fen_kwh").unique().iter_rows())
    assert (of_hour[0], of_hour[8], of_hour[10]) == (26.6, 70.0, 119.0)


def test_overtime_costs_for_people_only_and_every_booth_but_one_takes_any_colour() -> None:
    frames = whole_works()
    paid = frames["calendar_exception"].drop_nulls("cost_fen_h")
    assert set(paid["kind"]) == {"overtime"}
    kinds = frames["resource"].join(paid.select("calendar_id").unique(), on="calendar_id", how="semi")["kind"]
    assert set(kinds) == {"person"}
    never = frames["setup_time"].filter(pl.col("forbidden"))
    barred = frames["resource"].filter(pl.col("setup_group").is_in(never["setup_group"].implode()))
    assert barred["resource_id"].to_list() == ["BOOTH-01"]
    assert frames["setup_time"]["cost_fen"].min() > 0
    assert frames["resource"]["efficiency_pct"].drop_nulls().to_list() == [80, 90]


def test_cooling_and_drying_come_before_a_lift() -> None:
    plain, whole = works()["segment_dependency"], whole_works()["segment_dependency"]
    assert whole["lag_s"].sum() == plain["lag_s"].sum()
    assert whole.select("after_order_id", "after_op_no").equals(plain.select("after_order_id", "after_op_no"))
    moved = whole.filter(pl.col("op_no") % 10 == 5)
    assert len(moved) > 20
    assert (moved["op_no"] == moved["after_op_no"] + 5).all()
    assert (moved["order_id"] == moved["after_order_id"]).all()
