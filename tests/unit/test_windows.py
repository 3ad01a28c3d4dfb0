"""Windows solved anew: never worse, always sound, the same again; lengths of work by its start; known optima."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_schedule_exact import ft06

from lineshaft.make.schedule.dispatch.hours import run
from lineshaft.make.schedule.dispatch.rules import best_rule, dispatch
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.search import windows
from lineshaft.make.schedule.search.exact import prove
from lineshaft.make.schedule.search.score import score
from lineshaft.make.schedule.search.sequences import field_of
from lineshaft.make.schedule.search.window_view import lengths
from lineshaft.make.schedule.shop import NEVER_S
from tests.searches import Beginning
from tests.shops import random_shop, shop

FEW = settings(max_examples=6, deadline=None, derandomize=True)
HOUR_S = 3_600
SHIFTS = [(d * 24 + a, d * 24 + b) for d in range(30) for a, b in ((6, 11), (12, 14))]


@FEW
@given(st.integers(0, 10_000))
def test_what_it_finds_breaks_no_rule_and_is_never_worse(seed):
    begin = Beginning(seed)
    state = windows.start(begin.shop, begin.goal, begin.first, seed)
    assert windows.step(state)
    assert begin.violations(state.best) == ()
    assert not begin.worse(state.best)
    assert np.allclose(begin.goal.levels @ score(begin.shop, state.best).as_array(), state.values)


@FEW
@given(st.integers(0, 29 * 24), st.integers(0, 90), st.booleans())
def test_lengths_by_start_are_those_of_the_calendar(begin, work, pausable):
    made = shop([{"modes": [(1, [(0, 1)])]}], [{"calendar": 1}], calendars=[SHIFTS], horizon_s=30 * 24)
    deck = field_of(made, parse_goal("makespan", 1)).deck
    hours = np.column_stack((made.cal_start, made.cal_end, made.cal_before))[1:]
    spans = lengths(hours, work, pausable, begin, begin)
    found = [length for length, where in spans.items() for low, high in where if low <= begin <= high]
    start_s, end_s = run(deck, 1, begin, work, pausable)
    assert found == ([end_s - start_s] if start_s == begin else [])


@pytest.mark.parametrize("objective", ["makespan", "weighted_tardiness", "mean_flow_time"])
def test_a_window_of_the_whole_plan_finds_the_optimum_of_ft06(objective):
    made = ft06([42, 48, 52, 40, 50, 51])
    goal = parse_goal(objective, 6)
    first = dispatch(made, "SPT")
    state = windows.start(made, goal, first, 1)
    for _ in range(4):
        windows.step(state)
    proof = prove(made, goal, first, seed=1, work_s=0.5, time_left_s=None)
    reached = score(made, state.best)
    figures = (reached.makespan_s, reached.weighted_tardiness_s, reached.flow_s)
    assert figures[int(np.flatnonzero(goal.levels[0])[0])] == proof.bound_s


def test_setups_shifts_and_teams_are_worth_a_wait():
    """Two machines, one person by day: the order that is due goes ahead of the family that is set up."""
    ops = [{"order": i, "family": i % 2, "modes": [(2 * HOUR_S, [(0, 1), (1, 1)])]} for i in range(4)]
    shifts = [(a * HOUR_S, b * HOUR_S) for a, b in SHIFTS]
    made = shop(
        ops,
        [{"group": 0, "family": 0}, {"calendar": 1}],
        calendars=[shifts],
        orders=[{"due": due * HOUR_S, "weight": 1 + i} for i, due in enumerate((8, 30, 10, 34))],
        setups=[[[0, HOUR_S], [HOUR_S, 0]]],
    )
    goal = parse_goal("weighted_tardiness", 4)
    worst = dispatch(made, np.array([3.0, 0.0, 2.0, 1.0]))
    state = windows.start(made, goal, worst, 1)
    for _ in range(4):
        windows.step(state)
    assert score(made, worst).weighted_tardiness_s > 0
    assert score(made, state.best).weighted_tardiness_s == 0


def test_the_same_seed_and_work_give_the_same_timetable_on_any_number_of_threads():
    made = random_shop(1, 6, people=6, calendars=True, families=3)
    goal = parse_goal("mean_flow_time,weighted_tardiness", int(made.order_counts.sum()))
    first = best_rule(made, goal)[0]

    def found(workers):
        state = windows.start(made, goal, first, 5)
        assert windows.step(state, workers)
        return state

    one, two = found(1), found(2)
    assert one.gained == two.gained > 0
    assert np.array_equal(one.best.start_s, two.best.start_s)
    assert np.array_equal(one.best.lane, two.best.lane)


def test_a_plan_that_gives_no_order_is_left_alone():
    made = shop(
        [{"modes": [(0, [(0, 1)])], "after": [(1, 0, -10, NEVER_S)] if i == 0 else []} for i in range(2)],
        [{}],
    )
    goal = parse_goal("makespan", 1)
    first = dispatch(made, "SPT")
    state = windows.start(made, goal, first, 1)
    assert windows.step(state)
    assert state.best is first
