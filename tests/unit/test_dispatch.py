"""List scheduling on shops small enough to check by hand, one constraint each; and the search over priorities."""

import sys
from pathlib import Path

import numpy as np
import pytest

from lineshaft.make.schedule.dispatch.rules import NoRoom, best_rule, dispatch, too_late_s
from lineshaft.make.schedule.search import priority
from lineshaft.make.schedule.search.score import better, score
from lineshaft.make.schedule.shop import Goal, Score

sys.path.insert(0, str(Path(__file__).parents[1]))
from shops import random_shop, shop

TARDINESS = Goal(np.array([[0.0, 1, 0, 0]]))
FLOW = Goal(np.array([[0.0, 0, 1, 0]]))


def on(seconds, *pools, **rest):
    """An operation of one mode that holds one lane of each pool."""
    return {"modes": [(seconds, [(pool, 1) for pool in pools])], **rest}


def starts(s, key=None, **flavour):
    return list(
        dispatch(
            s, np.arange(s.n_ops, dtype=float) if key is None else np.array(key, float), **flavour
        ).start_s
    )


def test_one_lane_serves_one_operation_at_a_time_lowest_key_first():
    s = shop([on(10, 0), on(20, 0), on(5, 0)], [{}])
    assert starts(s, [2, 1, 3]) == [20, 0, 30]


def test_release_and_lags_from_end_and_from_start():
    s = shop(
        [
            on(10, 0, release=3),
            on(5, 1, after=[(0, 0, 7)]),
            on(5, 2, after=[(0, 1, 2)]),
            on(5, 3, after=[(0, 0, -4)]),
        ],
        [{}, {}, {}, {}],
    )
    assert starts(s) == [3, 20, 5, 9]


def test_the_mode_that_ends_first_is_taken():
    s = shop(
        [{"modes": [(30, [(0, 1)]), (10, [(1, 1)])]}, {"modes": [(12, [(0, 1)]), (10, [(1, 1)])]}], [{}, {}]
    )
    plan = dispatch(s, np.array([1.0, 2.0]))
    assert list(plan.mode) == [1, 2]
    assert list(plan.end_s) == [10, 12]


def test_a_team_works_only_when_all_its_lanes_work():
    day, night = [(0, 10), (20, 30), (40, 90)], [(5, 25), (50, 95)]
    lanes = [{"calendar": 1}, {"calendar": 2}]
    pausing = dispatch(shop([on(8, 0, 1)], lanes, calendars=[day, night]), np.zeros(1))
    assert (pausing.start_s[0], pausing.end_s[0]) == (5, 23)
    whole = dispatch(shop([on(8, 0, 1, pausable=False)], lanes, calendars=[day, night]), np.zeros(1))
    assert (whole.start_s[0], whole.end_s[0]) == (50, 58)


def test_a_demand_for_two_takes_two_different_lanes():
    s = shop([on(10, 1), {"modes": [(5, [(0, 2)])]}], [{}, {}, {}], pools=[[0, 1, 2], [0]])
    plan = dispatch(s, np.array([0.0, 1.0]))
    assert list(plan.start_s) == [0, 0]
    assert sorted(plan.lane[1:]) == [1, 2]


def test_a_setup_takes_working_time_of_its_lane_and_does_not_wait_for_the_order():
    setups = [[[0, 6], [4, 0]]]
    ops = [on(10, 0, family=0), on(20, 1, after=[(2,)]), on(5, 2), on(5, 0, family=1, after=[(2, 0, 30)])]
    s = shop(
        ops,
        [{"calendar": 1, "group": 0, "family": 0}, {}, {}],
        calendars=[[(0, 12), (20, 99)]],
        setups=setups,
    )
    assert starts(s) == [0, 5, 0, 35]
    waiting = shop([on(10, 0, family=0), on(5, 0, family=1)], [{"calendar": 1, "group": 0}],
                   calendars=[[(0, 12), (20, 99)]], setups=setups)  # fmt: skip
    assert starts(waiting) == [0, 24]
    assert score(waiting, dispatch(waiting, np.arange(2.0))).setup_s == 6


def test_work_goes_before_fixed_work_only_when_it_fits_with_the_setup_after_it():
    setups = [[[0, 6], [6, 0]]]
    lane = [{"group": 0}]
    fixed = {2: (20, 30, 0, [0])}
    ops = [on(12, 0, family=1), on(14, 0, family=0), on(10, 0, family=0)]
    assert starts(shop(ops, lane, setups=setups, fixed=fixed)) == [0, 30, 20]
    ops[0] = on(16, 0, family=1)
    assert starts(shop(ops[:1] + ops[2:], lane, setups=setups, fixed={1: (20, 30, 0, [0])})) == [36, 20]


def test_without_demands_work_runs_by_the_clock():
    s = shop([on(10, 0), {"modes": [(7, [])], "after": [(0,)]}], [{"calendar": 1}], calendars=[[(0, 10)]])
    assert starts(s) == [0, 10]


def test_gaps_are_filled_only_when_asked():
    s = shop([on(5, 0, release=10), on(8, 0)], [{}])
    assert starts(s, serial=True) == [10, 15]
    assert starts(s, serial=True, insert=True) == [10, 0]
    assert starts(s) == [10, 0]


def test_the_end_of_all_calendars_is_said():
    s = shop([on(10, 0), on(10, 0)], [{"calendar": 1}], calendars=[[(0, 15)]], horizon_s=100)
    with pytest.raises(NoRoom) as said:
        dispatch(s, np.arange(2.0))
    assert said.value.op == 1
    assert said.value.words.zh


def test_a_predecessor_is_delayed_for_a_greatest_lag():
    s = shop([on(5, 0), on(5, 1, after=[(0, 0, 0, 3)]), on(20, 1)], [{}, {}])
    plan = dispatch(s, np.array([0.0, 2.0, 1.0]))
    assert list(plan.start_s) == [12, 20, 0]
    assert too_late_s(s, plan.start_s, plan.end_s).sum() == 0


def test_rules_differ_as_they_should():
    s = shop(
        [on(10, 0, order=0), on(2, 0, order=1), on(5, 0, order=2)],
        [{}],
        orders=[{"due": 10}, {"due": 40, "weight": 1}, {"due": 30, "weight": 9}],
    )
    assert list(dispatch(s, "SPT").start_s) == [7, 0, 2]
    assert list(dispatch(s, "EDD").start_s) == [0, 15, 10]
    assert list(dispatch(s, "WSPT").start_s) == [7, 5, 0]
    plan, name, scores = best_rule(s, TARDINESS)
    assert scores[name].weighted_tardiness_s == score(s, plan).weighted_tardiness_s == 0


def test_better_goes_level_by_level():
    goal = Goal(np.array([[0.0, 1, 0, 0], [1.0, 0, 0, 0]]))
    assert better(goal, Score(9, 1, 0, 0), Score(5, 2, 0, 0))
    assert better(goal, Score(4, 2, 0, 0), Score(5, 2, 9, 9))
    assert not better(goal, Score(5, 2, 0, 0), Score(5, 2, 9, 9))


@pytest.mark.parametrize("goal", [TARDINESS, FLOW])
def test_the_search_is_no_worse_than_any_rule_and_repeats_itself(goal):
    s = random_shop(3, 12, steps=5, machines=6, people=8, calendars=True, families=3)
    first, _, scores = best_rule(s, goal)
    plan, figures = priority.improve_by_priority(s, goal, first, seed=1, evaluations=120)
    again, _ = priority.improve_by_priority(s, goal, first, seed=1, evaluations=120)
    assert not any(better(goal, other, figures) for other in scores.values())
    assert goal is TARDINESS or better(goal, figures, score(s, first))
    assert figures == score(s, plan)
    assert (plan.start_s == again.start_s).all()
    assert (plan.lane == again.lane).all()


def test_a_round_more_is_the_same_as_a_longer_round():
    s = random_shop(4, 10, steps=4, machines=3)
    first = best_rule(s, FLOW)[0]
    state = priority.start(s, FLOW, first, seed=2)
    began = state.work
    for _ in range(3):
        priority.step(state, 20)
    assert state.work == began + 60
    assert state.best[1] == priority.improve_by_priority(s, FLOW, first, seed=2, evaluations=60)[1]
