"""Local search for sums over orders: tardiness, flow time and any goal with them, in shops of up to 100,000 steps.

Moves of one step (`late_moves`) and whole orders placed anew (`exchange`) take turns. What makes the plan worse passes
within a random allowance that shrinks from round to round.

Sources: critical tree of the late orders, Bierwirth and Kuhpfahl 2017, doi:10.1016/j.ejor.2017.02.001; Mati,
Dauzère-Pérès and Lahlou 2011, doi:10.1016/j.ejor.2011.01.030; threshold accepting, Dueck and Scheuer 1990, doi:10.1016/0021-9991(90)90201-B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lineshaft.make.schedule.bounds.alone import each_alone, earliest_orders
from lineshaft.make.schedule.search.exchange import Bench, bench_of, exchange
from lineshaft.make.schedule.search.late_moves import Room, climb, rate
from lineshaft.make.schedule.search.propagate import Field, Plan
from lineshaft.make.schedule.search.sequences import blank_plan, field_of, plan_of, settled, timetable_of
from lineshaft.make.schedule.shop import Goal, Ints, Shop, Timetable

WARMTH = np.array([[0.02, 0.001], [2.0, 0.02]])
CYCLE, COOL = 80, 60


@dataclass
class State:
    """A search between rounds; `sound` is False where the timetable cannot be improved here."""

    shop: Shop
    first: Timetable
    goal: Goal
    field: Field
    plan: Plan
    room: Room
    bench: Bench
    counted: Ints
    earliest_s: Ints
    sound: bool
    rounds: int = 0

    @property
    def cold(self) -> bool:
        """True when the allowance is about to begin anew."""
        return self.rounds > 0 and self.rounds % CYCLE == 0

    @property
    def best(self) -> Timetable:
        """The best timetable so far: the given one until a better is found."""
        if np.isinf(self.room.best[0]):
            return self.first
        return timetable_of(self.field, self.room.best_mode, self.room.best_time, self.room.best_held)


def start(shop: Shop, goal: Goal, timetable: Timetable, seed: int, warm: bool = True) -> State:
    """A search from a timetable; one that is not `warm` begins with the allowance of the last rounds of a cycle."""
    field = field_of(shop, goal)
    plan = plan_of(shop, field, timetable)
    sound = plan is not None and settled(shop, field, plan)
    plan = plan or blank_plan(shop, field)
    counted = np.flatnonzero(shop.order_counts & (np.diff(field.last_ptr) > 0))
    earliest_s = earliest_orders(shop, each_alone(shop)) if len(counted) else counted
    levels, n, slots = len(goal.levels), shop.n_ops, len(field.holder)
    room = Room(
        *(np.zeros(n, dtype=np.int64) for _ in range(2)),
        np.full(plan.old.shape[1], -1, dtype=np.int64),
        *(np.zeros(levels) for _ in range(2)),
        np.full(levels, np.inf),
        np.zeros((n, 2), dtype=np.int64),
        np.zeros(n, dtype=np.int64),
        np.full(slots, -1, dtype=np.int64),
        np.random.default_rng(seed).integers(1, 1 << 62, size=1),
    )
    rate(goal.levels, plan.now, room.value)
    bench = bench_of(shop, field, plan)
    sound = sound and len(counted) > 0
    return State(
        shop, timetable, goal, field, plan, room, bench, counted, earliest_s, sound, 0 if warm else COOL
    )


def step(state: State, moves: int, exchanges: int) -> None:
    """One round of so many moves and exchanges; the allowance for worse plans shrinks from round to round and begins anew.

    It is a share of what an order loses in the mean; of tardiness, of which most orders have none, a larger one.
    """
    if not state.sound:
        return
    cooled = (state.rounds % CYCLE) / CYCLE
    levels = state.goal.levels
    timely = ~(levels[:, [0, 2, 3]] > 0).any(axis=1)
    first, last = WARMTH[timely.astype(int)].T
    heat = first * (last / first) ** cooled * np.abs(state.room.value) / len(state.counted)
    known = levels, state.counted, state.earliest_s, heat
    climb(state.field, state.plan, state.room, *known, moves)
    exchange(state.field, state.plan, state.room, state.bench, *known, exchanges)
    state.rounds += 1
