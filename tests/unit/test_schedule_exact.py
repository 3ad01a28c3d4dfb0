"""CP-SAT rounds: published optima, and where they must not be used."""

import numpy as np
import pytest
from test_schedule_bound import shop

from lineshaft.make.schedule.bounds.bound import lower_bounds
from lineshaft.make.schedule.dispatch.rules import best_rule
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.search.exact import prove, suits
from lineshaft.make.schedule.search.rounds import Rounds
from lineshaft.make.schedule.search.score import score

FT06 = """
2 1 0 3 1 6 3 7 5 3 4 6
1 8 2 5 4 10 5 10 0 10 3 4
2 5 3 4 5 8 0 9 1 1 4 7
1 5 0 5 2 5 3 3 4 8 5 9
2 9 1 3 4 5 5 4 0 3 3 1
1 3 3 3 5 9 0 10 4 4 2 1
"""


def ft06(due_s=None):
    rows = [list(map(int, line.split())) for line in FT06.split("\n") if line]
    return shop(
        [[{f"M{m}": p} for m, p in zip(row[::2], row[1::2])] for row in rows],
        [f"M{i}" for i in range(6)],
        due_s,
    )


def test_ft06_ends_at_55():
    made, goal = ft06(), parse_goal("makespan", 6)
    first = best_rule(made, goal)[0]
    proof = prove(made, goal, first, seed=1, work_s=1.0, time_left_s=None)
    assert score(made, proof.timetable).makespan_s == proof.bound_s == 55
    assert lower_bounds(made).makespan_s <= 55


@pytest.mark.parametrize(
    ("objective", "figure"), [("mean_flow_time", "flow_s"), ("weighted_tardiness", "weighted_tardiness_s")]
)
def test_sums_over_orders_are_proven_too(objective, figure):
    made = ft06(due_s=[40] * 6)
    goal = parse_goal(objective, 6)
    proof = prove(made, goal, best_rule(made, goal)[0], seed=1, work_s=4.0, time_left_s=None)
    found = getattr(score(made, proof.timetable), figure)
    assert getattr(lower_bounds(made), figure) <= proof.bound_s <= found


def test_rounds_prove_and_stop():
    made, goal = ft06(), parse_goal("makespan", 6)
    rounds = Rounds(made, goal, best_rule(made, goal)[0], lower_bounds(made), seed=1, workers=1)
    while not rounds.leader_proven:
        assert rounds.next(None)
    assert rounds.figures.makespan_s == rounds.proven.makespan_s == 55


def test_a_cut_run_changes_nothing():
    made, goal = ft06(), parse_goal("mean_flow_time", 6)
    proof = prove(made, goal, best_rule(made, goal)[0], seed=1, work_s=100.0, time_left_s=0.01)
    assert proof.complete is False or proof.bound_s == score(made, proof.timetable).flow_s


def test_setup_goals_and_sums_are_left_to_the_search():
    made = ft06()
    assert suits(made, parse_goal("makespan", 6))
    assert not suits(made, parse_goal("setup", 6))
    assert not suits(made, parse_goal("makespan:1+setup:1", 6))


def test_alternatives_and_their_machines():
    made, goal = shop([[{"a": 4, "b": 4}]] * 5, "ab"), parse_goal("makespan", 5)
    proof = prove(made, goal, best_rule(made, goal)[0], seed=1, work_s=1.0, time_left_s=None)
    assert (score(made, proof.timetable).makespan_s, proof.bound_s) == (12, 12)
    assert np.bincount(proof.timetable.lane).max() == 3
