"""Fronts of shops small enough to enumerate, and what every front keeps."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import random_frames

from lineshaft.core import BadInput, Run
from lineshaft.core.digest import result_bytes
from lineshaft.core.solve import read_book, solve
from lineshaft.make.schedule import FRONT
from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.studies.front import FrontParams
from lineshaft.make.schedule.studies.front_check import check
from lineshaft.make.schedule.studies.front_example import HOURS, PRICES, example
from lineshaft.make.schedule.studies.front_figures import hypervolume
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of
from lineshaft.tables.front import FIGURES

LAST_H = 40
FAMILY = dict(zip(HOURS, "fsfsf"))
TARDINESS, SETUP, ENERGY = "weighted_tardiness_min", "setup_min", "energy_cost_cny"


def front(frames, run=None, **params):
    """A front that its checker finds right."""
    asked = FrontParams(**params)
    found = solve(FRONT, frames, asked, run or Run())
    assert check(read_book(FRONT, frames), found.tables, asked).violations == ()
    return found


def points(found, *columns):
    return found.tables.front_point.select(columns).rows()


def best_of(plans):
    """Those that no other is at or below in every figure."""
    kept = []
    for plan in sorted(set(plans)):
        if not any(all(a <= b for a, b in zip(other, plan)) for other in kept):
            kept.append(plan)
    return kept


@pytest.fixture(scope="module")
def enumerated():
    """(weighted tardiness, setup, electricity) of all plans of the example that begin on the hour and are worth it."""
    fen = np.concatenate([np.full(end - start, price) for start, end, price in PRICES])
    paid = np.concatenate(([0], np.cumsum(fen))) * 40 / 100
    weight = {order: i for i, order in enumerate(HOURS, 1)}
    states = {(frozenset(), "f", 0): [(0, 0, 0.0)]}
    for _ in HOURS:
        later = defaultdict(list)
        for (done, family, now), plans in states.items():
            for order, (work, due) in HOURS.items():
                changes = FAMILY[order] != family
                for start in range(now + changes, LAST_H - work + 1) if order not in done else ():
                    end = start + work
                    more = (60 * weight[order] * max(0, end - due), 60 * changes, paid[end] - paid[start])
                    later[done | {order}, FAMILY[order], end] += [
                        tuple(a + b for a, b in zip(plan, more)) for plan in plans
                    ]
        states = {state: best_of(plans) for state, plans in later.items()}
    return best_of([plan for plans in states.values() for plan in plans])


def test_the_front_of_lateness_and_setup_is_the_enumerated_one(enumerated):
    found = front(example(), figures="weighted_tardiness,setup")
    assert points(found, TARDINESS, SETUP) == best_of([plan[:2] for plan in enumerated])


def test_electricity_is_traded_almost_as_well_as_by_enumeration(enumerated):
    found = front(example(), figures="weighted_tardiness,energy_cost", points=9, effort=2)
    best, ours = best_of([(late, fen) for late, _, fen in enumerated]), points(found, TARDINESS, ENERGY)
    for point in ours:
        assert any(late <= point[0] + 1e-6 and fen <= point[1] + 1e-6 for late, fen in best)
    assert ours[0] == pytest.approx(min(best)), "the most punctual plan, and of these the cheapest"
    assert ours[-1][1] == pytest.approx(min(fen for _, fen in best)), "all in cheap hours"
    worst = np.array([1.1 * max(late for late, _ in best), 500.0])
    assert hypervolume(np.array(ours), worst) > 0.9 * hypervolume(np.array(best), worst)


def test_every_limit_stands_with_the_plan_that_kept_it():
    found = front(example(), figures="weighted_tardiness,energy_cost", points=5)
    limits = found.tables.front_limit
    assert limits["figure"].unique().to_list() == ["energy_cost"], (
        "the first figure is minimised, not limited"
    )
    low, high = found.tables.front_figure.row(1, named=True)["best"], points(found, ENERGY)[0][0]
    assert set(limits["limit"].round(6)) <= {round(low + (high - low) * i / 4, 6) for i in (0, 1, 2, 3)}


def test_the_plan_proposed_is_the_one_chosen():
    frames, figures = example(), "weighted_tardiness,setup"
    for chosen in (1, 2):
        found = front(frames, figures=figures, points=2, chosen=chosen)
        steps = found.tables.front_operation.filter(pl.col("point_no") == chosen).drop("point_no")
        assert found.tables.operation_plan.equals(steps)
        told = {kpi.name: kpi.value for kpi in found.kpis}
        assert (told[TARDINESS], told[SETUP]) == points(found, TARDINESS, SETUP)[chosen - 1]


def test_overtime_is_given_up_for_lateness():
    """A day of eight hours and four of overtime for two orders of six hours: today with overtime, or tomorrow without."""
    rows = {
        "work_orders": [
            ("A", None, 1, None, at(0, 8), at(0, 16), 1),
            ("B", None, 1, None, at(0, 8), at(0, 20), 1),
        ],
        "operations": [("A", 10, None, None, False), ("B", 10, None, None, False)],
        "modes": [("A", 10, 1, 21_600, 0), ("B", 10, 1, 21_600, 0)],
        "demands": [("A", 10, 1, 1, "lathe", None, 1), ("B", 10, 1, 1, "lathe", None, 1)],
        "resources": [("lathe", None, "machine", "day", 1)],
        "calendars": [("day", "day", "Asia/Shanghai")],
        "shifts": [("day", weekday, 1, 480, 960) for weekday in range(1, 6)],
        "exceptions": [("day", at(0, 8).date(), 1, "overtime", None, 960, 1_200)],
    }
    schemas = ShopBook.member_schemas()
    frames = {member: frame_of(schemas[member], found) for member, found in rows.items()}
    frames["exceptions"] = frames["exceptions"].with_columns(cost_fen_h=pl.lit(6_000, pl.Int64))
    found = front(frames, figures="weighted_tardiness,overtime_cost", points=3)
    overnight = 18 * 60
    assert points(found, TARDINESS, "overtime_cost_cny")[0] == (0.0, 240.0)
    assert points(found, TARDINESS, "overtime_cost_cny")[-1][1] == 0.0
    assert points(found, TARDINESS)[-1][0] == overnight


def test_orders_wait_outside_rather_than_half_done():
    """Work in process: nothing is begun before what it waits for lets it go on."""
    found = front(example(), figures="makespan,in_process", points=2)
    assert points(found, "in_process_min")[0][0] == 60 * sum(h for h, _ in HOURS.values()) / len(HOURS)


def test_wrong_figures_are_refused_by_name():
    for figures, said in (
        ("setup,colour", "'colour'"),
        ("setup", "two or three"),
        ("setup,setup", "different"),
    ):
        with pytest.raises(BadInput) as refused:
            front(example(), figures=figures)
        assert said in refused.value.faults[0].words.en


def test_the_same_seed_and_work_give_the_same_bytes():
    one, other = (
        result_bytes(
            solve(FRONT, example(), FrontParams(figures="setup,energy_cost"), Run(seed=7, work_limit=3))
        )
        for _ in range(2)
    )
    assert one == other


@settings(max_examples=3, deadline=None, derandomize=True)
@given(
    st.integers(1, 10_000), st.lists(st.sampled_from(sorted(FIGURES)), min_size=2, max_size=3, unique=True)
)
def test_random_fronts_keep_every_rule(seed, figures):
    """The checker judges every plan, and that none is better than another."""
    features = {
        "levels",
        "lags",
        "alternatives",
        "calendars",
        "setups",
        "costs",
        "energy",
        "batches",
        "efficiencies",
    }
    frames = {m: f for m, f in random_frames(seed, 10, features).items() if f is not None}
    found = front(frames, Run(seed=seed, work_limit=3), figures=",".join(figures), points=5)
    assert found.tables.front_point.is_empty() or found.kpis[0].value >= 1


def test_hypervolume_of_boxes_known_by_hand():
    corner = np.array([3.0, 3.0, 3.0])
    assert hypervolume(np.array([[1.0, 1.0, 1.0]]), corner) == 8
    assert hypervolume(np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 2.0]]), corner) == 9 + 3 - 1
    assert hypervolume(np.array([[3.0, 0.0, 0.0]]), corner) == 0
