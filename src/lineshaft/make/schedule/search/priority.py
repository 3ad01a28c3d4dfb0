"""Local search over priorities with non-delay list scheduling as decoder: for sums over orders in large shops.

An operation's key is the key of its unit (all that works for one counted order) plus its own shift; lower goes first.
A unit's first key is its completion in a good timetable. Moves shift units, exchange two, or shift one order or a few
operations. Nothing that happens before the first changed operation becomes ready can change, so a trial continues
from the latest snapshot before that moment.

Sources: search over perturbed dispatching priorities (Storer, Wu and Vaccari 1992, doi:10.1287/mnsc.38.10.1495);
late acceptance (Burke and Bykov 2017, doi:10.1016/j.ejor.2016.07.012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch import decode
from lineshaft.make.schedule.dispatch.deck import END, START, Deck, Desk, Outlook, lay_out
from lineshaft.make.schedule.dispatch.decode import Course
from lineshaft.make.schedule.dispatch.hours import NEVER
from lineshaft.make.schedule.dispatch.rules import (
    REPAIRS,
    Policy,
    delay_predecessors,
    fixed_order,
    rules,
    timetable,
    too_late_s,
)
from lineshaft.make.schedule.search.score import (
    desk_figures,
    level_values,
    lower,
    order_rows,
    projected,
    same_so_far,
    score,
)
from lineshaft.make.schedule.shop import NEVER_S, Goal, Ints, Score, Shop, Timetable

Floats = NDArray[np.float64]
SNAPSHOTS = 10
STRIDES = (0.1, 1.0)
RACE = 0.01
PATIENCE = 60
STARTS = 6
KICKED = 10
WORK_TIMES = (1.0, 2.0, 3.0, 4.0)


class Floor(NamedTuple):
    """What stays the same in a search; `unit` per operation, `members[u]` its operations, `parts[u]` its orders."""

    shop: Shop
    goal: Goal
    deck: Deck
    blank: Desk
    outlook: Outlook
    orders: Ints
    unit: Ints
    members: list[Ints]
    parts: list[Ints]
    units: Ints


class Keys(NamedTuple):
    """A candidate: a key per unit (s) and a shift per operation (s)."""

    unit: Floats
    shift: Floats


class Trial(NamedTuple):
    """A decoded candidate: excess over greatest lags and the levels of the goal, its course, snapshots at marks."""

    values: Floats
    course: Course | None
    snapshots: list[Course]


NO_TRIAL = Trial(np.zeros(0), None, [])


@dataclass
class State:
    """A search between rounds: `best` so far and `work` done (decodings); the rest is where the search stands."""

    best: tuple[Timetable, Score]
    work: int
    best_values: Floats
    floor: Floor
    draw: np.random.Generator
    marks_s: Ints
    not_before_s: Ints
    keys: Keys
    trial: Trial
    starts: list[Keys]
    best_keys: Keys
    stale: int = 0
    restarts: int = 0


def improve_by_priority(
    shop: Shop, goal: Goal, first: Timetable, seed: int, evaluations: int
) -> tuple[Timetable, Score]:
    """Search for `evaluations` decodings; the timetable returned is never worse than `first`."""
    state = start(shop, goal, first, seed)
    step(state, evaluations)
    return state.best


def start(shop: Shop, goal: Goal, first: Timetable, seed: int) -> State:
    """Lay out the shop; the search starts from the completions in `first` or in a rule's timetable, whichever is best."""
    deck, blank, outlook = lay_out(shop)
    unit = np.where(outlook.owner >= 0, outlook.owner, shop.op_order)
    members = [np.flatnonzero(unit == u) for u in range(shop.n_orders)]
    parts = [np.unique(shop.op_order[ops]) for ops in members]
    units = np.flatnonzero([np.any(~shop.fixed[ops]) for ops in members])
    floor = Floor(shop, goal, deck, blank, outlook, order_rows(shop), unit, members, parts, units)
    figures = score(shop, first)
    faults_s = too_late_s(shop, first.start_s, first.end_s).sum()
    best_values = np.concatenate(([float(faults_s)], level_values(goal, figures)))
    not_before_s = np.zeros(shop.n_ops, dtype=np.int64)
    trials = [(keys, decoded(floor, keys, not_before_s)) for keys in first_keys(floor, first, not_before_s)]
    trials.sort(key=lambda pair: tuple(pair[1].values))
    keys, trial = trials[0]
    work = 2 * len(trials)
    for _ in range(REPAIRS):
        if trial.course is None or not delay_predecessors(shop, trial.course.desk, not_before_s):
            break
        trial = decoded(floor, keys, not_before_s)
        work += 1
    marks_s = np.unique(np.quantile(first.start_s, np.linspace(0, 1, SNAPSHOTS + 2)[1:-1]).astype(np.int64))
    trial = decoded(floor, keys, not_before_s, marks_s)
    draw = np.random.default_rng(seed)
    starts = [keys for keys, _ in trials[:STARTS]]
    state = State(
        (first, figures), work, best_values, floor, draw, marks_s, not_before_s, keys, trial, starts, keys
    )
    keep_best(state)
    return state


def step(state: State, evaluations: int) -> None:
    """One round: exactly `evaluations` decodings."""
    for _ in range(evaluations):
        state.work += 1
        if state.stale >= PATIENCE:
            restart(state)
            continue
        state.stale += 1
        keys, changed = neighbour(state)
        if not len(changed):
            continue
        trial = continued(state, keys, changed)
        if trial.course is not None and not lower(state.trial.values, trial.values):
            if lower(trial.values, state.trial.values):
                state.stale = 0
            state.keys, state.trial = keys, trial
            keep_best(state)


def restart(state: State) -> None:
    """Go on from the best keys and the next of the first keys in turn, with a few units moved; nothing where all steps are fixed."""
    state.stale = 0
    state.restarts += 1
    floor = state.floor
    if not len(floor.units):
        return
    odd, number = state.restarts % 2, state.restarts // 2
    keys = state.best_keys if odd else state.starts[number % len(state.starts)]
    unit = keys.unit.copy()
    moved = state.draw.choice(floor.units, -(-len(floor.units) // KICKED), replace=False)
    unit[moved] += state.draw.normal(0.0, STRIDES[0] * np.std(unit[floor.units]), len(moved))
    trial = decoded(floor, Keys(unit, keys.shift), state.not_before_s, state.marks_s)
    if trial.course is not None:
        state.keys, state.trial = Keys(unit, keys.shift), trial
        keep_best(state)


def keep_best(state: State) -> None:
    """Take the present trial as the best when it is better."""
    trial = state.trial
    if trial.course is not None and lower(trial.values, state.best_values):
        plan = timetable(state.floor.deck, trial.course.desk)
        state.best = plan, score(state.floor.shop, plan)
        state.best_values = trial.values
        state.best_keys = state.keys


def first_keys(floor: Floor, first: Timetable, not_before_s: Ints) -> list[Keys]:
    """Completions of the units in `first` and in the timetable of every rule; release or due date plus some work."""
    ends_s = [first.end_s]
    for policy in rules(floor.shop, floor.outlook).values():
        desk, stuck = decode.non_delay(floor.deck, floor.blank, policy, not_before_s)
        if stuck < 0:
            ends_s.append(desk.job[:, END])
    shift = np.zeros(floor.shop.n_ops)
    work_s = np.bincount(floor.unit, weights=floor.outlook.work_s, minlength=floor.shop.n_orders)
    dates_s = [floor.shop.order_release_s, floor.shop.order_due_s]
    mixed = [
        date_s + times * work_s for date_s in dates_s for times in WORK_TIMES if (date_s < NEVER_S).all()
    ]
    return [Keys(key, shift) for key in (*(unit_end_s(floor, end_s) for end_s in ends_s), *mixed)]


def unit_end_s(floor: Floor, end_s: Ints) -> Floats:
    """When each unit has ended (s); 0 for units without operations."""
    done_s = np.zeros(floor.shop.n_orders)
    np.maximum.at(done_s, floor.unit, end_s)
    return done_s


def policy_of(floor: Floor, keys: Keys) -> Policy:
    """The policy that these keys mean."""
    return fixed_order(floor.outlook, keys.unit[floor.unit] + keys.shift)


def decoded(floor: Floor, keys: Keys, not_before_s: Ints, marks_s: Ints | tuple[int, ...] = ()) -> Trial:
    """Decode from the beginning with snapshots at `marks_s`."""
    policy = policy_of(floor, keys)
    course = decode.begin(floor.deck, floor.blank, policy, not_before_s)
    return finished(floor, policy, course, not_before_s, [], marks_s)


def continued(state: State, keys: Keys, changed: Ints) -> Trial:
    """Decode from the latest snapshot before any operation in `changed` is ready."""
    assert state.trial.course is not None
    ready_s = state.trial.course.ready_s[changed].min()
    known = int(np.searchsorted(state.marks_s, ready_s, side="right"))
    policy = policy_of(state.floor, keys)
    if known == 0:
        course = decode.begin(state.floor.deck, state.floor.blank, policy, state.not_before_s)
    else:
        course = decode.copy_course(state.trial.snapshots[known - 1])
    snapshots = state.trial.snapshots[:known]
    for until_s in state.marks_s[known:]:
        if decode.advance(state.floor.deck, policy, course, state.not_before_s, until_s) >= 0:
            return NO_TRIAL
        if hopeless(state, course, state.trial.snapshots[len(snapshots)], changed):
            return NO_TRIAL
        snapshots = [*snapshots, decode.copy_course(course)]
    return finished(state.floor, policy, course, state.not_before_s, snapshots, ())


def hopeless(state: State, course: Course, rival: Course, changed: Ints) -> bool:
    """True when a trial repeats its rival so far for good, or is behind it by more than can be hoped to come back."""
    if same_so_far(course.desk, rival.desk, changed):
        return True
    floor = state.floor
    ours, theirs = (
        float(floor.goal.levels[0] @ projected(floor.deck, floor.orders, floor.outlook.owner, c.desk))
        for c in (course, rival)
    )
    return ours - theirs > RACE * abs(state.trial.values[1])


def finished(
    floor: Floor,
    policy: Policy,
    course: Course,
    not_before_s: Ints,
    snapshots: list[Course],
    marks_s: Ints | tuple[int, ...],
) -> Trial:
    """Run `course` to its end, leaving a snapshot at each mark."""
    for until_s in (*marks_s, NEVER):
        if decode.advance(floor.deck, policy, course, not_before_s, until_s) >= 0:
            return Trial(np.full(1 + len(floor.goal.levels), np.inf), None, [])
        if until_s < NEVER:
            snapshots = [*snapshots, decode.copy_course(course)]
    desk = course.desk
    faults_s = too_late_s(floor.shop, desk.job[:, START], desk.job[:, END]).sum()
    levels = floor.goal.levels @ desk_figures(floor.deck, floor.orders, desk)
    return Trial(np.concatenate(([float(faults_s)], levels)), course, snapshots)


def neighbour(state: State) -> tuple[Keys, Ints]:
    """A random change of the present keys and the operations it touches (none when nothing can move)."""
    draw, floor = state.draw, state.floor
    unit, shift = state.keys.unit.copy(), state.keys.shift
    kind = draw.random()
    if len(floor.units) == 0:
        return state.keys, floor.units
    spread_s = max(1.0, float(np.std(unit[floor.units])))
    stride_s = spread_s * STRIDES[0] * (STRIDES[1] / STRIDES[0]) ** draw.random()
    if kind < 0.8:
        moved = draw.choice(floor.units, min(len(floor.units), 1 + int(draw.integers(3))), replace=False)
        unit[moved] += draw.normal(0.0, stride_s, len(moved))
        return Keys(unit, shift), together(floor, moved)
    if kind < 0.85:
        ranked = floor.units[np.argsort(unit[floor.units], kind="stable")]
        i = int(draw.integers(len(ranked)))
        j = min(len(ranked) - 1, i + 1 + int(draw.integers(10)))
        moved = ranked[[i, j]]
        unit[moved] = unit[moved[::-1]]
        return Keys(unit, shift), together(floor, moved)
    one = int(draw.choice(floor.units))
    ops = floor.members[one]
    if kind < 0.95 and len(floor.parts[one]) > 1:
        ops = ops[floor.shop.op_order[ops] == draw.choice(floor.parts[one])]
    else:
        ops = draw.choice(ops, min(len(ops), 1 + int(draw.integers(3))), replace=False)
    shift = shift.copy()
    shift[ops] += draw.normal(0.0, stride_s)
    return Keys(unit, shift), ops[~floor.shop.fixed[ops]]


def together(floor: Floor, units: Ints) -> Ints:
    """The operations of some units that are not fixed."""
    ops = np.concatenate([floor.members[u] for u in units])
    return ops[~floor.shop.fixed[ops]]
