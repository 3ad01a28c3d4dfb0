from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shops import random_shop, shop

from lineshaft.make.schedule.dispatch.rules import best_rule
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.layout.compile import compile_shop
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.search import tabu
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.store.instances import read_fjsp, read_fjssp_w, read_jsp
from lineshaft.tables import table_name

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "aps"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no shared data")
MAKESPAN = parse_goal("makespan", 1)


def load(read, name):
    tables = read(DATA / name)
    members = {member: tables.get(table_name(kind)) for member, kind in ShopBook.member_schemas().items()}
    book = ShopBook.validate({member: frame.lazy() for member, frame in members.items() if frame is not None})
    return compile_shop(book, ScheduleParams(objective="makespan")).shop


def crowded(seed, n_orders, **features):
    """A random shop in which all work is there from the start."""
    s = random_shop(seed, n_orders, machines=6, **features)
    return replace(s, op_release_s=0 * s.op_release_s, order_release_s=0 * s.order_release_s)


def searched(s, rounds, moves, *, seed=1, workers=1):
    search = tabu.start(s, best_rule(s, MAKESPAN)[0], seed)
    for _ in range(rounds):
        tabu.step(search, moves, workers)
    return search.best


@needs_data
@pytest.mark.parametrize(
    ("read", "name", "optimum"),
    [
        (read_jsp, "jsp/FisherThompson1963/ft06.txt", 55),
        (read_fjsp, "fjsp/Brandimarte1993/mk01.txt", 40),
        (read_fjsp, "fjsp/Brandimarte1993/mk09.txt", 307),
        (read_fjsp, "fjsp/KacemHammadiBorne2002/kacem1.txt", 11),
    ],
)
def test_known_optima_are_reached(read, name, optimum):
    assert searched(load(read, name), 12, 6_000).end_s.max() == optimum * 60


@needs_data
def test_two_lanes_an_operation_machine_and_worker():
    s = load(read_fjssp_w, "fjssp-w/BrandimarteMk2.fjsw")
    first = best_rule(s, MAKESPAN)[0]
    assert searched(s, 4, 1_500).end_s.max() < first.end_s.max()


@pytest.mark.parametrize("features", [{}, {"calendars": True, "people": 6, "families": 3}])
def test_the_answer_does_not_depend_on_the_threads(features):
    s = crowded(5, 12, **features)
    alone, together = (searched(s, 3, 150, workers=workers) for workers in (1, 2))
    for part in ("mode", "start_s", "end_s", "lane"):
        assert np.array_equal(getattr(alone, part), getattr(together, part))


def test_another_seed_searches_elsewhere():
    s = crowded(5, 12)
    assert not np.array_equal(searched(s, 3, 150).start_s, searched(s, 3, 150, seed=2).start_s)


def test_a_shop_with_calendars_people_and_setups_gets_no_longer():
    s = crowded(3, 15, people=6, calendars=True, families=3)
    first = best_rule(s, MAKESPAN)[0]
    assert searched(s, 4, 400).end_s.max() <= first.end_s.max()


@pytest.mark.parametrize(
    "s", [shop([]), shop([{"modes": [(60, [])]}]), shop([{"modes": [(60, [(0, 1)])]}], [{}])]
)
def test_nothing_to_move_is_no_trouble(s):
    assert searched(s, 2, 10).end_s.tolist() == [60] * s.n_ops


def test_elites_that_grew_alike_are_founded_anew_and_the_best_is_kept():
    s = crowded(3, 4)
    search = tabu.start(s, best_rule(s, MAKESPAN)[0], 1)
    spans = []
    for _ in range(40):
        tabu.step(search, 100)
        spans.append(search.best.end_s.max())
    assert search.rounds < 40
    assert spans == sorted(spans, reverse=True)
    assert search.champion.span_s == spans[-1]
