"""Local search for sums over orders: tardiness, flow time and any goal with them, in shops of up to 100,000 steps.

A move picks a late order, walks back from its end along what each step waited for, and takes one step that waited
for a lane (or the step it waited for) to another time, another lane or another way of doing it. Moves that make the
plan worse pass within a random allowance that shrinks from round to round.

Sources: critical tree of the late orders, Bierwirth and Kuhpfahl 2017, doi:10.1016/j.ejor.2017.02.001; Mati,
Dauzère-Pérès and Lahlou 2011, doi:10.1016/j.ejor.2011.01.030; threshold accepting, Dueck and Scheuer 1990, doi:10.1016/0021-9991(90)90201-B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.bounds.alone import each_alone, earliest_orders
from lineshaft.make.schedule.dispatch.deck import (
    CALENDAR,
    FAMILY,
    FIRST_DEMAND,
    FIRST_MODE,
    FIRST_PRED,
    FIRST_SLOT,
    FIXED,
    HIGH,
    KIND,
    LAG_S,
    LOW,
    OP,
    PAUSABLE,
    QUANTITY,
    WORK_S,
    lay_out,
    plain,
)
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, joint, run
from lineshaft.make.schedule.dispatch.rules import REPAIRS, put_off
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.moves import draw
from lineshaft.make.schedule.search.propagate import (
    CHAIN,
    END,
    ENDED,
    ENDINGS,
    FROM,
    LANE,
    LAST_MOVED,
    MARK,
    MODE,
    OPEN,
    OPENED,
    PLACE,
    SETUP,
    START,
    WHO,
    Field,
    Plan,
    drop,
    everything,
    lane_ready,
    lift,
    place_at,
    take_back,
    work_ready,
)
from lineshaft.make.schedule.search.score import COUNTS, DUE_S, WEIGHT, order_rows, setup_total_s
from lineshaft.make.schedule.shop import END_START, NEVER_S, Goal, Ints, Shop, Timetable

Floats = NDArray[np.float64]
BACK = 12
COPIES = 100
DRAWS = 32
LOOKS = 5
FAR_STEPS = 1000
WARMTH = np.array([[0.02, 0.001], [2.0, 0.02]])
CYCLE = 60


class Room(NamedTuple):
    """Working memory: `path` and `slot` (what a late order waited for: step, and the slot on whose lane; -1 where it
    waited for another step), `team` lanes being tried, `value` of the present plan and `trial` of the one tried;
    `best`, `best_job`, `best_held` the best so far; `rng` an own random stream.
    """

    path: Ints
    slot: Ints
    team: Ints
    value: Floats
    trial: Floats
    best: Floats
    best_job: Ints
    best_held: Ints
    rng: Ints


@njit(cache=True, nogil=True, _nrt=False)
def rate(levels, now, value):
    """What the goal minimises, from the figures."""
    for k in range(levels.shape[0]):
        value[k] = 0.0
        for i in range(4):
            value[k] += levels[k, i] * now[i]


@njit(cache=True, nogil=True, _nrt=False)
def pick_order(f, p, counted, earliest_s, timely, rng):
    """A random counted order that could end earlier, a late one if need be; -1 where the draw found none."""
    for turn in range(2 * DRAWS):
        order = counted[draw(rng, len(counted))]
        due_s = f.orders[order, DUE_S] if timely and turn < DRAWS else 0
        if p.done[order, ENDED] > max(earliest_s[order], due_s):
            return order
    return -1


@njit(cache=True, nogil=True, _nrt=False)
def trace(f, p, order, room):
    """Walk back from the end of an order along what each step waited for; how many steps."""
    d = f.deck
    v, many = -1, 0
    for i in range(f.last_ptr[order], f.last_ptr[order + 1]):
        if p.job[f.last_op[i], END] == p.done[order, ENDED]:
            v = f.last_op[i]
    while v >= 0 and not d.op[v, FIXED] and many < len(room.path):
        room.path[many] = v
        room.slot[many] = -1
        latest_s, before = f.release_s[v], -1
        for a in range(d.op[v, FIRST_PRED], d.op[v + 1, FIRST_PRED]):
            u = d.pred[a, OP]
            since_s = p.job[u, END] if d.pred[a, KIND] == END_START else p.job[u, START]
            if since_s + d.pred[a, LAG_S] > latest_s:
                latest_s, before = since_s + d.pred[a, LAG_S], u
        for slot in range(d.op[v, FIRST_SLOT], d.op[v + 1, FIRST_SLOT]):
            lane, place = p.held[slot, LANE], p.held[slot, PLACE]
            if lane < 0:
                break
            if place > 0:
                ready_s = lane_ready(f, p, lane, place, d.op[v, FAMILY])
                if ready_s > latest_s:
                    latest_s, before = ready_s, f.holder[p.seq[f.base[lane] + place - 1]]
                    room.slot[many] = slot
        many += 1
        v = before
    return many


@njit(cache=True, nogil=True, _nrt=False)
def gather(f, p, v, mode, t_s, keep, room):
    """Find a team for v, lifted, in `mode` at `t_s`; lane `keep` (-1: none) is to be in it. Its calendar, or -1."""
    d = f.deck
    ready_s, calendar, chosen = work_ready(f, p, v), 0, 0
    for k in range(d.op[v + 1, FIRST_SLOT] - d.op[v, FIRST_SLOT]):
        room.team[k] = -1
    for demand in range(d.mode[mode, FIRST_DEMAND], d.mode[mode + 1, FIRST_DEMAND]):
        for _ in range(d.demand[demand, QUANTITY]):
            lane, ready_s = best_lane(f, p, v, mode, demand, t_s, ready_s, calendar, chosen, keep, room)
            if lane < 0:
                return -1
            room.team[chosen] = lane
            calendar = joint(d, calendar, d.lane[lane, CALENDAR])
            chosen += 1
    return calendar


@njit(cache=True, nogil=True, _nrt=False)
def best_lane(f, p, v, mode, demand, t_s, ready_s, calendar, chosen, keep, room):
    """(lane, s) of the lane on which v, inserted at `t_s`, and what it pushes end best; when v is ready there."""
    d = f.deck
    best, best_cost, best_ready, best_free = -1, NEVER, ready_s, -NEVER
    for i in range(d.demand[demand, LOW], d.demand[demand, HIGH]):
        lane = d.pool_lane[i]
        if taken(room, chosen, lane):
            continue
        both = joint(d, calendar, d.lane[lane, CALENDAR])
        if both < 0:
            continue
        place = place_at(f, p, lane, t_s)
        free_s = lane_ready(f, p, lane, place, d.op[v, FAMILY])
        if free_s >= NEVER:
            continue
        at_s = max(ready_s, free_s)
        end_s = run(d, both, at_s, d.mode[mode, WORK_S], d.op[v, PAUSABLE])[1]
        if end_s >= NEVER:
            continue
        cost = 2 * end_s
        if place < p.size[lane]:
            w = f.holder[p.seq[f.base[lane] + place]]
            clear_s = after_setup(d, lane, end_s, d.op[v, FAMILY], d.op[w, FAMILY])
            push_s = max(0, clear_s - p.job[w, START])
            if push_s > 0 and d.op[w, FIXED]:
                continue
            cost += push_s
        if lane == keep:
            return lane, at_s
        if cost < best_cost or (cost == best_cost and free_s > best_free):
            best, best_cost, best_ready, best_free = lane, cost, at_s, free_s
    return best, best_ready


@njit(cache=True, nogil=True, _nrt=False)
def taken(room, chosen, lane):
    """True when `lane` is among the first of the team."""
    for k in range(chosen):
        if room.team[k] == lane:
            return True
    return False


@njit(cache=True, nogil=True, _nrt=False)
def own_team(f, p, v, room):
    """Have v, before it is lifted, keep its lanes."""
    d = f.deck
    for k in range(d.op[v + 1, FIRST_SLOT] - d.op[v, FIRST_SLOT]):
        room.team[k] = p.held[d.op[v, FIRST_SLOT] + k, LANE]


@njit(cache=True, nogil=True, _nrt=False)
def earlier_on(f, p, v, slot, rng):
    """A start on the lane of `slot` before which v could go to gain time (s)."""
    lane, place = p.held[slot, LANE], p.held[slot, PLACE]
    ready_s = work_ready(f, p, v)
    many = 0
    while many < BACK and many < place:
        u = f.holder[p.seq[f.base[lane] + place - 1 - many]]
        if f.deck.op[u, FIXED] or p.job[u, END] <= ready_s:
            break
        many += 1
    if many == 0:
        return -1
    back = 1 + draw(rng, many)
    return p.job[f.holder[p.seq[f.base[lane] + place - back]], START]


@njit(cache=True, nogil=True, _nrt=False)
def later_on(f, p, slot, rng):
    """A moment after the start of the step at `slot` or of one of the next two on its lane (s)."""
    lane, place = p.held[slot, LANE], p.held[slot, PLACE]
    place = min(p.size[lane] - 1, place + draw(rng, 3))
    return p.job[f.holder[p.seq[f.base[lane] + place]], START] + 1


@njit(cache=True, nogil=True, _nrt=False)
def most_promising(f, p, room, many):
    """Of a few random places of the path the one where exchanging the step and what it waited for promises most."""
    best, most = draw(room.rng, many), -NEVER
    for _ in range(LOOKS):
        i = draw(room.rng, many)
        if room.slot[i] < 0:
            continue
        v, lane, place = room.path[i], p.held[room.slot[i], LANE], p.held[room.slot[i], PLACE]
        u = f.holder[p.seq[f.base[lane] + place - 1]]
        gain = hurt(f, p, v) * work_s(f, p, u) - hurt(f, p, u) * work_s(f, p, v)
        if gain > most:
            best, most = i, gain
    return best


@njit(cache=True, nogil=True, _nrt=False)
def work_s(f, p, v):
    """Working time of v as it is done (s)."""
    return f.deck.mode[p.job[v, MODE], WORK_S]


@njit(cache=True, nogil=True, _nrt=False)
def hurt(f, p, v):
    """Weight of the order that v works for where that is late, 1 where it is not."""
    order = f.owner[v]
    if order < 0 or p.done[order, ENDED] <= f.orders[order, DUE_S]:
        return 1
    return f.orders[order, WEIGHT]


@njit(cache=True, nogil=True, _nrt=False)
def urgent(f, p, counted, earliest_s, timely, rng):
    """Of two random orders the one that loses more."""
    one = pick_order(f, p, counted, earliest_s, timely, rng)
    other = pick_order(f, p, counted, earliest_s, timely, rng)
    if one < 0 or other < 0:
        return max(one, other)
    return one if lost(f, p, one, earliest_s, timely) >= lost(f, p, other, earliest_s, timely) else other


@njit(cache=True, nogil=True, _nrt=False)
def lost(f, p, order, earliest_s, timely):
    """Delay of an order that might be avoided, weighted where due dates count (s)."""
    since_s = max(earliest_s[order], f.orders[order, DUE_S] if timely else 0)
    return (f.orders[order, WEIGHT] if timely else 1) * max(0, p.done[order, ENDED] - since_s)


@njit(cache=True, nogil=True, _nrt=False)
def attempt(f, p, room, many):
    """Make a random move on the path; False when it cannot be (`take_back` undoes both)."""
    d, rng = f.deck, room.rng
    i = most_promising(f, p, room, many)
    v, slot, keep = room.path[i], room.slot[i], -1
    kind = draw(rng, 100)
    t_s = -1
    if slot >= 0 and kind < 80:
        lane = p.held[slot, LANE]
        u = f.holder[p.seq[f.base[lane] + p.held[slot, PLACE] - 1]]
        if kind < 40:
            t_s = earlier_on(f, p, v, slot, rng)
            keep = lane
        elif not d.op[u, FIXED]:
            if kind < 60:
                t_s = later_on(f, p, slot, rng)
                keep = lane
            else:
                t_s = p.job[u, START]
            v = u
    if t_s < 0:
        t_s = work_ready(f, p, v)
        keep = -1
    mode, calendar = p.job[v, MODE], p.job[v, OPEN]
    own_team(f, p, v, room)
    lift(f, p, v)
    if keep < 0 or draw(rng, 2) == 0:
        if keep < 0:
            mode = d.op[v, FIRST_MODE] + draw(rng, d.op[v + 1, FIRST_MODE] - d.op[v, FIRST_MODE])
        calendar = gather(f, p, v, mode, t_s, keep, room)
        if calendar < 0:
            return False
    return drop(f, p, v, mode, calendar, room.team, t_s)


@njit(cache=True, nogil=True, _nrt=False)
def below(a, b):
    """True when `a` is below `b` at the first level where they differ."""
    for k in range(len(a)):
        if a[k] != b[k]:
            return a[k] < b[k]
    return False


@njit(cache=True, nogil=True, _nrt=False)
def accepted(room, heat):
    """True when the trial is no worse at the first level where it differs, or not by more than a random allowance."""
    for k in range(len(heat)):
        if room.trial[k] != room.value[k]:
            u = (draw(room.rng, 1 << 30) + 1) / (1 << 30)
            return room.trial[k] <= room.value[k] - heat[k] * np.log(u)
    return True


@njit(cache=True, nogil=True, _nrt=False)
def keep_best(p, room):
    """Keep the present plan when it is the best so far."""
    if not below(room.value, room.best):
        return
    for k in range(len(room.value)):
        room.best[k] = room.value[k]
    for v in range(len(p.job)):
        for column in range(MODE + 1):
            room.best_job[v, column] = p.job[v, column]
    for slot in range(len(p.held)):
        room.best_held[slot] = p.held[slot, LANE]


@njit(cache=True, nogil=True, _nrt=False)
def most_hurt(f, p, earliest_s, timely):
    """The order that the last change has hurt most; -1 where it has hurt none."""
    level, hurt_most, most = p.now[OPENED] - 1, -1, 0
    for i in range(p.change[level, ENDINGS]):
        order = p.endings[level, i, WHO]
        if not f.orders[order, COUNTS]:
            continue
        since_s = max(earliest_s[order], f.orders[order, DUE_S] if timely else 0)
        before_s = max(0, p.endings[level, i, FROM] - since_s)
        more = lost(f, p, order, earliest_s, timely) - (f.orders[order, WEIGHT] if timely else 1) * before_s
        if more > most:
            hurt_most, most = order, more
    return hurt_most


@njit(cache=True, nogil=True, _nrt=False)
def chain(f, p, room, levels, order, earliest_s, timely, heat):
    """Move a step for `order`, then one for the order hurt most by that, and so on until the plan is accepted.

    (accepted, moves tried); a chain that is not accepted is taken back.
    """
    for link in range(CHAIN):
        many = trace(f, p, order, room)
        if many == 0:
            break
        if not attempt(f, p, room, many):
            take_back(f, p)
            break
        rate(levels, p.now, room.trial)
        if accepted(room, heat):
            p.now[OPENED] = 0
            return True, link + 1
        order = most_hurt(f, p, earliest_s, timely)
        if order < 0:
            break
    tried = p.now[OPENED] + 1
    while p.now[OPENED] > 0:
        take_back(f, p)
    return False, tried


@njit(cache=True, nogil=True, _nrt=False)
def climb(f, p, room, levels, counted, earliest_s, timely, heat, moves):
    """Try about `moves` moves; the number of chains accepted."""
    many_accepted, seldom, kept, turn = 0, 1 + len(p.job) // COPIES, 0, 0
    while turn < moves:
        order = urgent(f, p, counted, earliest_s, timely, room.rng)
        if order < 0:
            turn += 1
            continue
        good, tried = chain(f, p, room, levels, order, earliest_s, timely, heat)
        turn += tried
        if not good:
            continue
        many_accepted += 1
        for k in range(len(heat)):
            room.value[k] = room.trial[k]
        if turn - kept >= seldom:
            keep_best(p, room)
            kept = turn
    keep_best(p, room)
    return many_accepted


@dataclass
class State:
    """A search between rounds; `sound` is False where the timetable cannot be improved here."""

    shop: Shop
    first: Timetable
    goal: Goal
    field: Field
    plan: Plan
    room: Room
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
        if self.rounds == 0:
            return self.first
        job, held = self.room.best_job, self.room.best_held >= 0
        op = self.field.holder[held]
        ptr = np.concatenate(([0], np.cumsum(np.bincount(op, minlength=len(job))))).astype(np.int64)
        mode, start_s, end_s = (np.ascontiguousarray(job[:, column]) for column in (MODE, START, END))
        return Timetable(mode, start_s, end_s, ptr, self.room.best_held[held])


def start(shop: Shop, goal: Goal, timetable: Timetable, seed: int) -> State:
    """A search from a timetable."""
    field = field_of(shop, bool((goal.levels[:, 0] > 0).any()))
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
        np.zeros((n, MODE + 1), dtype=np.int64),
        np.full(slots, -1, dtype=np.int64),
        np.random.default_rng(seed).integers(1, 1 << 62, size=1),
    )
    rate(goal.levels, plan.now, room.value)
    return State(shop, timetable, goal, field, plan, room, counted, earliest_s, sound and len(counted) > 0)


def step(state: State, moves: int) -> None:
    """One round of `moves` moves; the allowance for worse plans shrinks from round to round and begins anew.

    It is a share of what an order loses in the mean; of tardiness, of which most orders have none, a larger one.
    """
    if not state.sound:
        return
    cooled = (state.rounds % CYCLE) / CYCLE
    levels = state.goal.levels
    timely = ~(levels[:, [0, 2, 3]] > 0).any(axis=1)
    first, last = WARMTH[timely.astype(int)].T
    heat = first * (last / first) ** cooled * np.abs(state.room.value) / len(state.counted)
    known = state.counted, state.earliest_s, bool(timely[0])
    climb(state.field, state.plan, state.room, levels, *known, heat, moves)
    state.rounds += 1


def field_of(shop: Shop, spans: bool) -> Field:
    """What stays the same; `spans`: the makespan counts."""
    deck, blank, outlook = lay_out(shop)
    last = np.flatnonzero(shop.op_last)
    last = last[np.argsort(shop.op_order[last], kind="stable")]
    outlasted = np.zeros(shop.n_ops, dtype=bool)
    outlasted[shop.pred_op[(shop.pred_kind == END_START) & (shop.pred_lag_s >= 0)]] = True
    return Field(
        deck=deck,
        release_s=np.maximum(plain(shop.op_release_s), 0),
        holder=plain(np.repeat(np.arange(shop.n_ops), np.diff(deck.op[:, FIRST_SLOT]))),
        free_s=np.maximum(plain(blank.slot[:, END]), 0),
        base=rooms(shop),
        last_ptr=pointers(shop.op_order[last], shop.n_orders),
        last_op=plain(last),
        orders=order_rows(shop),
        owner=plain(outlook.owner),
        outer=plain(np.flatnonzero(~outlasted | shop.fixed)[: shop.n_ops if spans else 0]),
        frozen=bool(shop.fixed.any()),
        tight=bool((shop.pred_lag_max_s < NEVER_S).any()),
    )


def pointers(owner: Ints, many: int) -> Ints:
    """CSR pointers of sorted owners."""
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=many))]).astype(np.int64)


def rooms(shop: Shop) -> Ints:
    """Where the sequence of each lane begins: room for every step that may come there."""
    op = np.repeat(np.repeat(np.arange(shop.n_ops), np.diff(shop.mode_ptr)), np.diff(shop.demand_ptr))
    n_pools = len(shop.pool_ptr) - 1
    wanted = np.bincount(np.unique(op * n_pools + shop.demand_pool) % n_pools, minlength=n_pools)
    room = np.bincount(shop.fixed_lane, minlength=shop.n_lanes)
    np.add.at(room, shop.pool_lane, np.repeat(wanted, np.diff(shop.pool_ptr)))
    return np.concatenate([[0], np.cumsum(room)]).astype(np.int64)


def blank_plan(shop: Shop, field: Field) -> Plan:
    """A plan with nothing in it."""
    n, slots, far = shop.n_ops, len(field.holder), min(shop.n_ops, FAR_STEPS)
    width = int(np.diff(field.deck.op[:, FIRST_SLOT]).max(initial=1))
    return Plan(
        job=np.zeros((n, MARK + 1), dtype=np.int64),
        held=np.full((slots, 2), -1, dtype=np.int64),
        seq=np.zeros(field.base[-1], dtype=np.int64),
        size=np.zeros(shop.n_lanes, dtype=np.int64),
        order=np.zeros(n, dtype=np.int64),
        done=np.zeros((shop.n_orders, 2), dtype=np.int64),
        lane=np.zeros((shop.n_lanes, 2), dtype=np.int64),
        now=np.zeros(OPENED + 1, dtype=np.int64),
        waiting=np.zeros(n, dtype=np.bool_),
        change=np.zeros((CHAIN, LAST_MOVED + 1), dtype=np.int64),
        log=np.zeros((CHAIN, far, 3), dtype=np.int64),
        endings=np.zeros((CHAIN, far, 2), dtype=np.int64),
        moved=np.zeros((CHAIN, n), dtype=np.int64),
        old=np.zeros((CHAIN, width, 3), dtype=np.int64),
    )


def plan_of(shop: Shop, field: Field, timetable: Timetable) -> Plan | None:
    """The sequences of a timetable; None where its starts give no order (negative lags, work of no length)."""
    order = topological(shop, timetable)
    if order is None:
        return None
    plan = blank_plan(shop, field)
    rank = np.argsort(order)
    plan.order[:] = order
    many = np.diff(timetable.lane_ptr)
    op, lane = np.repeat(np.arange(shop.n_ops), many), timetable.lane
    slot = field.deck.op[op, FIRST_SLOT] + np.arange(len(op)) - timetable.lane_ptr[op]
    calendar = np.zeros(shop.n_ops, dtype=np.int64)
    for k in range(int(many.max(initial=0))):
        has = np.flatnonzero(many > k)
        calendar[has] = shop.cal_both[calendar[has], shop.lane_calendar[lane[timetable.lane_ptr[has] + k]]]
    columns = (timetable.start_s, timetable.end_s, timetable.mode, calendar, rank)
    plan.job[:, : len(columns)] = np.column_stack(columns)
    by_lane = np.lexsort((rank[op], lane))
    first = pointers(lane, shop.n_lanes)
    place = np.arange(len(op)) - first[lane[by_lane]]
    plan.size[:] = np.diff(first)
    plan.held[slot[by_lane]] = np.column_stack((lane[by_lane], place))
    plan.seq[field.base[lane[by_lane]] + place] = slot[by_lane]
    plan.now[SETUP] = setup_total_s(shop, timetable)
    return plan


def topological(shop: Shop, timetable: Timetable) -> Ints | None:
    """Steps by start so that none comes before its predecessor; None where that cannot be."""
    later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    free = ~shop.fixed[later]
    before, later = shop.pred_op[free], later[free]
    topo = np.argsort(shop.topo)
    for keys in ((topo, timetable.end_s, timetable.start_s), (topo, timetable.start_s)):
        order = np.lexsort(keys)
        rank = np.argsort(order)
        if (rank[before] < rank[later]).all():
            return order.astype(np.int64)
    return None


def settled(shop: Shop, field: Field, plan: Plan) -> bool:
    """Time the plan; what comes too late after another delays that one. True when it holds."""
    for _ in range(REPAIRS):
        if everything(field, plan):
            return True
        if not put_off(shop, plan.job[:, START], plan.job[:, END], shop.fixed, field.release_s):
            return False
    return False
