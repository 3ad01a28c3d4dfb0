"""Large neighbourhoods: CP-SAT decides anew on a hundred or two steps of a plan, all else keeps its place.

A window is the steps of a stretch of time, or those that hold one group of lanes around a moment of a late order's
course. What comes after it is known by the longest ways to the ends of the orders. Within a window
the model is exact, calendars, teams and setups with it; so are not the ways, which last as they do now whenever they
begin. Each answer is therefore timed as a plan is, and kept only when the whole goal is better.

Sources: Shaw 1998, doi:10.1007/3-540-49481-2_30 (large neighbourhoods); Pacino and Van Hentenryck 2011,
doi:10.5591/978-1-57735-516-8/IJCAI11-333 (time and machine windows of flexible job shops); Mati, Dauzère-Pérès and
Lahlou 2011, doi:10.1016/j.ejor.2011.01.030 (longest ways to each order's end).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.bounds.groups import connected
from lineshaft.make.schedule.search.propagate import END, LANE, MODE, START, Field, Plan
from lineshaft.make.schedule.search.score import level_values, lower, score
from lineshaft.make.schedule.search.sequences import field_of, plan_of, settled, timetable_of
from lineshaft.make.schedule.search.window_model import Answer, Window, solved
from lineshaft.make.schedule.search.window_view import Opening, View, unit_of
from lineshaft.make.schedule.shop import Bools, Goal, Ints, Shop, Timetable

Floats = NDArray[np.float64]
WINDOW_OPS, GROUP_OPS = 150, 80
WINDOW_WORK_S = 0.15


@dataclass
class State:
    """A search between rounds: the best timetable and what it reaches, and the windows tried and those that paid."""

    shop: Shop
    goal: Goal
    field: Field
    unit_s: int
    groups: list[Ints]
    best: Timetable
    values: Floats
    plan: Plan | None
    draw: np.random.Generator
    tried: int = 0
    gained: int = 0


def suits(shop: Shop, goal: Goal) -> bool:
    """True where sequences are all there is to a plan, something may move, and ends lead the goal."""
    return shop.sequenced and not bool(shop.fixed.all()) and bool(goal.levels[0, :3].any())


def start(shop: Shop, goal: Goal, timetable: Timetable, seed: int) -> State:
    """A search from a timetable."""
    field = field_of(shop, goal)
    plan = plan_of(shop, field, timetable) if suits(shop, goal) else None
    if plan is not None and not settled(shop, field, plan):
        plan = None
    pools = {frozenset(shop.pool_lane[a:b].tolist()) for a, b in pairwise(shop.pool_ptr)}
    groups = sorted((np.array(sorted(part)) for part in connected(pools - {frozenset()})), key=lambda g: g[0])
    values = level_values(goal, score(shop, timetable))
    draw = np.random.default_rng(seed)
    return State(shop, goal, field, unit_of(shop), groups, timetable, values, plan, draw)


def step(state: State, workers: int = 1, time_left_s: float | None = None) -> bool:
    """Two windows of the same plan, in as many threads as there are workers, then one after the other put into it.

    False when the clock cut that short and nothing of it counts.
    """
    if state.plan is None:
        return True
    view = view_of(state)
    drawn = [Opening(view, choose(state, view), state.draw).window() for _ in range(2)]
    chosen = [window for window in drawn if window.steps]
    seeds = state.draw.integers(1, 1 << 30, size=len(chosen)).tolist()
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda x: solved(*x, WINDOW_WORK_S, time_left_s), zip(chosen, seeds)))
    if None in found:
        return False
    for window, answers in zip(chosen, found):
        state.tried += 1
        better = [take(state, view, window, answer) for answer in reversed(answers or [])]
        state.gained += any(better)
    return True


def view_of(state: State) -> View:
    """The best plan as windows see it."""
    return View(state.shop, state.goal, state.field, state.plan, state.unit_s)


def take(state: State, view: View, window: Window, answer: Answer) -> bool:
    """Time an answer as a plan; True when it is better and therefore kept."""
    shop = state.shop
    if state.plan is not view.plan:
        view = view_of(state)
    plan = plan_of(shop, state.field, view.with_answer(state.best, window, answer))
    if plan is None:
        return False
    fixed = shop.fixed
    plan.time[fixed, START], plan.time[fixed, END] = shop.fixed_start_s[fixed], shop.fixed_end_s[fixed]
    if not settled(shop, state.field, plan):
        return False
    values = state.goal.levels @ plan.now[:4].astype(np.float64)
    if not lower(values, state.values):
        return False
    best = timetable_of(state.field, plan.job[:, MODE], plan.time, plan.held[:, LANE])
    state.plan, state.values, state.best = plan, values, best
    return True


def choose(state: State, view: View) -> Bools:
    """The steps of the next window: about a moment of a late order's course, of all lanes or of one group."""
    shop, draw = state.shop, state.draw
    free = ~shop.fixed
    op = view.course(draw)
    begin_s = state.best.start_s
    if draw.random() < 0.5 or op < 0:
        middle_s = begin_s[op] if op >= 0 else draw.integers(begin_s.max() + 1)
        return nearest(free, np.abs(begin_s - middle_s), WINDOW_OPS)
    lanes = view.lanes(op)
    if len(lanes):
        lane = lanes[draw.integers(len(lanes))]
        group = next(group for group in state.groups if lane in group)
        member = np.zeros(shop.n_lanes, dtype=np.bool_)
        member[group] = True
        holder = np.repeat(np.arange(shop.n_ops), np.diff(state.best.lane_ptr))
        inside = np.zeros(shop.n_ops, dtype=np.bool_)
        inside[holder[member[state.best.lane]]] = True
        free &= inside
    return nearest(free, np.abs(begin_s - begin_s[op]), GROUP_OPS)


def nearest(free: Bools, away: Ints, many: int) -> Bools:
    """Those `many` of the free that are least away."""
    candidates = np.flatnonzero(free)
    chosen = np.zeros(len(free), dtype=np.bool_)
    chosen[candidates[np.argsort(away[candidates], kind="stable")[:many]]] = True
    return chosen
