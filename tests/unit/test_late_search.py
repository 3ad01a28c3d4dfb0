"""The search of late orders: never worse, always sound, the same again, and its short cuts agree with the long way."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.make.schedule.dispatch.rules import best_rule
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.search import exchange, late, late_moves, policy_beam, tuned
from lineshaft.make.schedule.search.gaps import placed
from lineshaft.make.schedule.search.propagate import (
    CHAIN,
    END,
    LANE,
    MARK,
    OPENED,
    SETUP,
    START,
    everything,
    take_back,
)
from lineshaft.make.schedule.search.score import better, score
from lineshaft.make.schedule.search.sequences import closed_up, field_of, plan_of, settled
from lineshaft.make.schedule.shop import END_START, NEVER_S, START_START, Timetable
from tests.searches import Beginning
from tests.shops import random_shop, shop

QUICK = settings(max_examples=15, deadline=None, derandomize=True)


def crowded(seed=1, orders=12, **more):
    shop = random_shop(seed, orders, people=6, calendars=True, families=3, **more)
    goal = parse_goal("weighted_tardiness,mean_flow_time,makespan,setup", int(shop.order_counts.sum()))
    return shop, goal, best_rule(shop, goal)[0]


@QUICK
@given(st.integers(0, 10_000))
def test_what_it_finds_breaks_no_rule_and_is_never_worse(seed):
    begin = Beginning(seed)
    state = late.start(begin.shop, begin.goal, begin.first, seed)
    for _ in range(3):
        late.step(state, 200, 5)
    assert begin.violations(state.best) == ()
    assert not state.rounds or not begin.worse(state.best)


@QUICK
@given(st.integers(0, 10_000))
def test_times_and_figures_after_many_moves_are_those_of_timing_everything_anew(seed):
    state = late.start(*crowded(seed % 7), seed)
    late.step(state, 300, 10)
    plan = state.plan
    was, figures = plan.time[:, START : END + 1].copy(), plan.now[: SETUP + 1].copy()
    assert everything(state.field, plan)
    assert np.array_equal(was, plan.time[:, START : END + 1])
    assert np.array_equal(figures, plan.now[: SETUP + 1])
    kept = score(state.shop, state.best)
    assert np.allclose(state.goal.levels @ kept.as_array(), state.room.best)


@QUICK
@given(st.integers(0, 10_000))
def test_a_move_taken_back_leaves_no_trace(seed):
    state = late.start(*crowded(seed % 5), seed)
    field, plan, room = state.field, state.plan, state.room
    for _ in range(20):
        order = late_moves.pick_order(field, plan, state.counted, state.earliest_s, room.rng)
        many = late_moves.trace(field, plan, order, room)
        was = [
            plan.time.copy(),
            plan.job[:, :MARK].copy(),
            plan.held[:, LANE].copy(),
            plan.order.copy(),
            plan.now[: SETUP + 1].copy(),
        ]
        changes = 0
        while changes < CHAIN and late_moves.attempt(field, plan, room, many):
            changes += 1
            many = late_moves.trace(field, plan, order, room)
        while plan.now[OPENED] > 0:
            take_back(field, plan)
        now = [plan.time, plan.job[:, :MARK], plan.held[:, LANE], plan.order, plan.now[: SETUP + 1]]
        assert all(np.array_equal(a, b) for a, b in zip(was, now))


@QUICK
@given(st.integers(0, 10_000))
def test_orders_taken_up_placed_anew_and_put_back_leave_no_trace(seed):
    state = late.start(*crowded(seed % 5), seed)
    field, plan, room, bench = state.field, state.plan, state.room, state.bench
    late.step(state, 50, 1)
    lanes = [plan.seq[a : a + n].copy() for a, n in zip(field.base, plan.size)]
    was = [plan.time.copy(), plan.job[:, :MARK].copy(), plan.held.copy(), plan.order.copy(), plan.now.copy()]
    order = late_moves.pick_order(field, plan, state.counted, state.earliest_s, room.rng)
    chosen = exchange.pick(field, plan, room, bench, order, late_moves.trace(field, plan, order, room))
    steps = exchange.gather(field, plan, bench, 0, chosen, 0, 0)
    exchange.take_up(field, plan, bench, steps)
    assert all(
        (plan.held[field.step[v, 0] : field.step[v + 1, 0], LANE] < 0).all() for v in bench.steps[:steps]
    )
    half = steps // 2
    assert exchange.place_again(field, plan, bench, 0, half) == half
    exchange.put_back(field, plan, bench, steps, half)
    now = [plan.time, plan.job[:, :MARK], plan.held, plan.order, plan.now]
    assert steps > 1
    assert all(np.array_equal(a, b) for a, b in zip(was, now))
    assert all(np.array_equal(a, plan.seq[b : b + len(a)]) for a, b in zip(lanes, field.base))


def test_orders_placed_anew_make_a_crowded_plan_better_without_any_other_move():
    shop, goal, first = crowded(3, 40)
    state = late.start(shop, goal, first, 1)
    for _ in range(3):
        late.step(state, 0, 50)
    assert better(goal, score(shop, state.best), score(shop, first))


@QUICK
@given(st.integers(0, 10_000))
def test_a_plan_placed_anew_breaks_no_rule_and_keeps_its_modes(seed):
    begin = Beginning(seed)
    if begin.shop.sequenced:
        closer = placed(begin.shop, field_of(begin.shop, begin.goal), begin.first)
        assert begin.violations(closer) == ()
        assert np.array_equal(closer.mode, begin.first.mode)


@QUICK
@given(st.integers(0, 10_000))
def test_a_plan_that_dawdles_closes_up_with_the_same_lanes_and_sequences(seed):
    begin = Beginning(seed)
    shop, first = begin.shop, begin.first
    if not shop.sequenced or shop.fixed.any():
        return
    dawdling = replace(first, start_s=2 * first.start_s, end_s=first.start_s + first.end_s)
    closer = closed_up(shop, field_of(shop, begin.goal), dawdling)
    assert closer is not None
    assert begin.violations(closer) == ()
    assert np.array_equal(closer.lane, first.lane)
    assert (closer.start_s <= first.start_s).all() or (shop.pred_lag_max_s < NEVER_S).any()


def test_placing_anew_closes_gaps():
    shop, goal, first = crowded(1, 40)
    stretched = replace(first, start_s=2 * first.start_s, end_s=first.start_s + first.end_s)
    assert score(shop, placed(shop, field_of(shop, goal), stretched)).flow_s < score(shop, stretched).flow_s


def test_the_same_seed_and_work_give_the_same_timetable():
    def found(seed):
        state = late.start(*crowded(), seed)
        for _ in range(3):
            late.step(state, 400, 5)
        return state.best

    one, again = found(5), found(5)
    assert np.array_equal(one.start_s, again.start_s)
    assert np.array_equal(one.lane, again.lane)


@pytest.mark.parametrize(
    "objective", ["mean_flow_time", "weighted_tardiness,mean_flow_time", "mean_flow_time:1+setup:0.1"]
)
def test_it_is_better_than_the_best_rule_in_a_crowded_shop(objective):
    shop, _, _ = crowded(3, 40)
    goal = parse_goal(objective, int(shop.order_counts.sum()))
    first = best_rule(shop, goal)[0]
    state = late.start(shop, goal, first, 1)
    for _ in range(4):
        late.step(state, 2_000, 20)
    assert better(goal, score(shop, state.best), score(shop, first))


def test_tuned_policies_break_no_rule_are_never_worse_and_come_out_the_same_again():
    for seed in range(4):
        begin = Beginning(seed)
        one, again = (tuned.start(begin.shop, begin.goal, begin.first, seed) for _ in range(2))
        tuned.step(one, 12)
        for _ in range(3):
            tuned.step(again, 4)
        assert np.array_equal(one.best.start_s, again.best.start_s)
        assert begin.violations(one.best) == ()
        assert not begin.worse(one.best)


def test_a_beam_breaks_no_rule_is_never_worse_and_comes_out_the_same_in_other_rounds(monkeypatch):
    monkeypatch.setattr(tuned, "TUNINGS", 2)
    for name, number in (("MARKS", 4), ("WIDTH", 2), ("KIDS", 3)):
        monkeypatch.setattr(policy_beam, name, number)
    for seed in range(4):
        begin = Beginning(seed, "weighted_tardiness")
        one, again = (tuned.start(begin.shop, begin.goal, begin.first, seed) for _ in range(2))
        tuned.step(one, 15)
        for _ in range(5):
            tuned.step(again, 3)
        assert one.beam is not None
        assert np.array_equal(one.best.start_s, again.best.start_s)
        assert begin.violations(one.best) == ()
        assert not begin.worse(one.best)


def test_a_step_without_length_keeps_its_place_before_one_that_begins_with_it():
    """The first key of the order fails for the two that begin together in turn; the lane's order is kept none the less."""
    ops = [
        {"order": 0, "modes": [(10, [(0, 1)])]},
        {"order": 0, "modes": [(5, [(1, 1)])], "after": [(0, START_START, 0)]},
        {"order": 1, "modes": [(0, [(0, 1)])]},
        {"order": 1, "modes": [(7, [(1, 1)])], "after": [(2, END_START, 0)]},
    ]
    made = shop(ops, [{}, {}])
    goal = parse_goal("mean_flow_time", 2)
    start_s = np.array([0, 0, 0, 5])
    timetable = Timetable(np.arange(4), start_s, start_s + made.mode_s, np.arange(5), np.array([0, 1, 0, 1]))
    field = field_of(made, goal)
    plan = plan_of(made, field, timetable)
    assert settled(made, field, plan)
    assert np.array_equal(plan.time[:, START], start_s)
