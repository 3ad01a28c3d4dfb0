"""Tabu search for the makespan, between elites that two islands share.

Each island takes two elites, mixes them (`mix`) and improves the child by tabu search for a fixed number of moves;
then the children join the elites in the order of the islands. Two islands run in two threads where there are two,
one after the other where there is one: the answer is the same.

Sources: Mastrolilli and Gambardella 2000 (tabu by operation and machine); Peng, Lü and Cheng 2015 (tabu search from
points between elites).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit

from lineshaft.make.schedule.graph import Net, Sol, make_net, make_sol, rebuild, to_timetable
from lineshaft.make.schedule.moves import Room, any_move, choose, critical_path, draw, make_room, move
from lineshaft.make.schedule.shop import Goal, Ints, Shop, Timetable

ISLANDS = 2
ELITES = 12
FOUNDING = 3
SWEEPS = 100


@njit(cache=True, nogil=True)
def search(net: Net, sol: Sol, room: Room, rng: Ints, moves: int, best_option: Ints, best_order: Ints) -> int:
    """Make `moves` moves for the makespan; the best sequences seen go to `best_option`, `best_order`; its makespan."""
    span = sol.end_s.max()
    best = span
    best_option[:], best_order[:] = sol.option, sol.order
    room.tabu_until[:] = 0
    for now in range(1, moves + 1):
        many = critical_path(net, sol, span, rng, room.path)
        v, option = choose(net, sol, room, many, now, best, rng)
        if v < 0:
            v, option = any_move(net, sol, room, many, rng)
            if v < 0:
                break
        old = sol.option[v]
        choices = net.option_ptr[v + 1] - net.option_ptr[v]
        if not move(net, sol, room, v, option):
            room.tabu_until[option] = now + many
            continue
        room.tabu_until[old] = now + 10 + many + choices + draw(rng, 10)
        span = sol.end_s.max()
        if span < best:
            best = span
            best_option[:], best_order[:] = sol.option, sol.order
    return best


@dataclass
class Elite:
    """One good plan as choices: options and a topological order, with its makespan in s."""

    span_s: int
    option: Ints
    order: Ints


@dataclass
class Island:
    """One searcher: its own random stream, sequences and working memory."""

    rng: Ints
    sol: Sol
    room: Room


@dataclass
class Search:
    """A search under way. `moves` counts the moves made per island, `round` the rounds done."""

    net: Net
    islands: list[Island]
    elites: list[Elite]
    first_order: Ints
    moves: int = 0
    rounds: int = 0

    @property
    def best(self) -> Timetable:
        """The best timetable so far."""
        sol = self.islands[0].sol
        sol.option[:], sol.order[:] = self.elites[0].option, self.elites[0].order
        rebuild(self.net, sol)
        return to_timetable(self.net, sol)


def start(shop: Shop, goal: Goal, timetable: Timetable, seed: int) -> Search:
    """A search from a timetable."""
    net = make_net(shop, timetable)
    streams = np.random.default_rng(seed).integers(1, 1 << 62, size=ISLANDS)
    islands = [Island(np.array([s]), make_sol(shop, net, timetable), make_room(net)) for s in streams]
    first = islands[0].sol
    elite = Elite(int(first.end_s.max()), first.option.copy(), first.order.copy())
    return Search(net, islands, [elite], elite.order)


def step(search_: Search, moves: int, workers: int = 1) -> None:
    """One round: `moves` moves on each island, then the children join the elites."""

    def run(number: int) -> Elite:
        return _child(search_, search_.islands[number], number, moves)

    if workers > 1:
        with ThreadPoolExecutor(ISLANDS) as pool:
            children = list(pool.map(run, range(ISLANDS)))
    else:
        children = [run(number) for number in range(ISLANDS)]
    for child in children:
        _join(search_.elites, child)
    search_.rounds += 1
    search_.moves += moves


def _child(search_: Search, island: Island, number: int, moves: int) -> Elite:
    net, sol, rng = search_.net, island.sol, island.rng
    a = search_.elites[draw(rng, len(search_.elites))]
    b = search_.elites[draw(rng, len(search_.elites))]
    if search_.rounds == 0 and number == 0:
        sol.option[:], sol.order[:] = a.option, a.order
        rebuild(net, sol)
    elif search_.rounds < FOUNDING:
        spread(net, sol.option, rng)
        mix(net, sol, sol.option.copy(), search_.first_order, sol.option.copy(), random_order(net, rng), rng)
    else:
        mix(net, sol, a.option, a.order, b.option, b.order, rng)
    option, order = sol.option.copy(), sol.order.copy()
    span = search(net, sol, island.room, rng, moves, option, order)
    return Elite(int(span), option, order)


def _join(elites: list[Elite], child: Elite) -> None:
    """Keep the best few, no two with the same options and makespan."""
    if any(e.span_s == child.span_s and np.array_equal(e.option, child.option) for e in elites):
        return
    elites.append(child)
    elites.sort(key=lambda e: e.span_s)
    del elites[ELITES:]


@njit(cache=True, nogil=True)
def mix(net: Net, sol: Sol, option_a: Ints, order_a: Ints, option_b: Ints, order_b: Ints, rng: Ints) -> None:
    """Put a plan between a and b into `sol`.

    A weighted mean of two topological ranks is topological again and keeps whatever order a and b agree on;
    each operation takes its option from one of them.
    """
    n = len(order_a)
    weight = 20 + draw(rng, 61)
    key = np.zeros(n, dtype=np.int64)
    for i in range(n):
        key[order_a[i]] += weight * i
        key[order_b[i]] += (100 - weight) * i
    for v in range(n):
        sol.option[v] = option_a[v] if draw(rng, 100) < weight else option_b[v]
    sol.order[:] = np.argsort(key, kind="mergesort")
    rebuild(net, sol)


@njit(cache=True, nogil=True)
def spread(net: Net, option: Ints, rng: Ints) -> None:
    """Choose options that leave little work on the busiest lanes: descent on the sum of squared lane loads."""
    n = len(option)
    load = np.zeros(len(net.lane))
    for v in range(n):
        option[v] = net.option_ptr[v] + np.argmin(net.option_s[net.option_ptr[v] : net.option_ptr[v + 1]])
        _load(net, load, option[v], 1)
    ops = np.arange(n)
    for i in range(n - 1, 0, -1):
        j = draw(rng, i + 1)
        ops[i], ops[j] = ops[j], ops[i]
    for _ in range(SWEEPS):
        moved = False
        for v in ops:
            _load(net, load, option[v], -1)
            best = option[v]
            least = _price(net, load, best)
            for o in range(net.option_ptr[v], net.option_ptr[v + 1]):
                price = _price(net, load, o)
                if price < least:
                    best, least = o, price
            moved |= best != option[v]
            option[v] = best
            _load(net, load, best, 1)
        if not moved:
            break


@njit(cache=True, nogil=True)
def _load(net: Net, load: Ints, option: int, sign: int) -> None:
    for k in range(net.option_lane_ptr[option], net.option_lane_ptr[option + 1]):
        load[net.option_lane[k]] += sign * net.option_s[option]


@njit(cache=True, nogil=True)
def _price(net: Net, load: Ints, option: int) -> float:
    """What the option adds to the sum of squared loads."""
    price, work = 0.0, net.option_s[option]
    for k in range(net.option_lane_ptr[option], net.option_lane_ptr[option + 1]):
        price += work * (2.0 * load[net.option_lane[k]] + work)
    return price


@njit(cache=True, nogil=True)
def random_order(net: Net, rng: Ints) -> Ints:
    """A random topological order of the order network."""
    n = len(net.release_s)
    waiting = net.pred_ptr[1:] - net.pred_ptr[:-1]
    order = np.empty(n, dtype=np.int64)
    free = np.empty(n, dtype=np.int64)
    many = 0
    for v in range(n):
        if waiting[v] == 0:
            free[many] = v
            many += 1
    for i in range(n):
        j = draw(rng, many)
        v = free[j]
        many -= 1
        free[j] = free[many]
        order[i] = v
        for k in range(net.succ_ptr[v], net.succ_ptr[v + 1]):
            s = net.succ_op[k]
            waiting[s] -= 1
            if waiting[s] == 0:
                free[many] = s
                many += 1
    return order
