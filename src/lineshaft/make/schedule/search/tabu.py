"""Tabu search for the makespan, between elites that two islands share.

Each island takes two elites, mixes them and improves the child by tabu search for a fixed number of moves; then the
children join the elites in the order of the islands. Elites that no child has joined for some rounds have grown alike:
new ones are founded. Two islands run in two threads where there are two, one after the other where there is one: the
answer is the same.

Sources: Mastrolilli and Gambardella 2000 (tabu by operation and machine); Peng, Lü and Cheng 2015 (tabu search from
points between elites).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.graph import (
    FIRST_HELD,
    FIRST_OPTION,
    OPTION,
    Net,
    Sol,
    Tangled,
    make_net,
    make_sol,
    to_timetable,
)
from lineshaft.make.schedule.search.moves import (
    BIG,
    Room,
    any_move,
    choose,
    critical_path,
    draw,
    make_room,
    move,
)
from lineshaft.make.schedule.search.starts import between, random_order, spread
from lineshaft.make.schedule.search.times import intact, makespan, rebuild
from lineshaft.make.schedule.shop import Ints, Shop, Timetable

ISLANDS = 2
ELITES = 12
FOUNDING_ROUNDS = 3
STALE_ROUNDS = 10


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
    """A search under way: `moves` per island so far, `rounds` of these elites, and for how many they stayed as they are.

    `champion` is the best of all that ever were among the elites.
    """

    net: Net
    first: Timetable
    islands: list[Island]
    elites: list[Elite]
    champion: Elite | None = None
    moves: int = 0
    rounds: int = 0
    stale: int = 0

    @property
    def best(self) -> Timetable:
        """The best timetable so far: the given one until a shorter is found."""
        if self.champion is None or self.champion.span_s >= self.first.end_s.max(initial=0):
            return self.first
        sol = self.islands[0].sol
        _take(self.net, sol, self.champion)
        return to_timetable(self.net, sol)


def start(shop: Shop, timetable: Timetable, seed: int) -> Search:
    """A search for the least makespan from a timetable."""
    net = make_net(shop, timetable)
    streams = np.random.default_rng(seed).integers(1, 1 << 62, size=ISLANDS)
    try:
        islands = [Island(np.array([x]), make_sol(shop, net, timetable), make_room(net)) for x in streams]
    except Tangled:
        return Search(net, timetable, [], [])
    sol = islands[0].sol
    rebuild(net, sol)
    span = int(makespan(sol)) if intact(net, sol) else BIG
    elite = Elite(span, sol.job[:, OPTION].copy(), sol.order.copy())
    return Search(net, timetable, islands, [elite], elite)


def step(search: Search, moves: int, workers: int = 1) -> None:
    """One round: `moves` moves on each island, then the children join the elites."""

    def child(number: int) -> Elite:
        return _child(search, number, moves)

    search.moves += moves
    if search.champion is None or len(search.first.mode) == 0:
        return
    if search.stale == STALE_ROUNDS:
        search.elites, search.rounds, search.stale = [replace(search.champion, span_s=BIG)], 1, 0
    search.rounds += 1
    if workers > 1:
        with ThreadPoolExecutor(ISLANDS) as pool:
            children = list(pool.map(child, range(ISLANDS)))
    else:
        children = [child(number) for number in range(ISLANDS)]
    joined = [_join(search.elites, elite) for elite in children]
    search.stale = 0 if any(joined) else search.stale + 1
    search.champion = min(search.champion, search.elites[0], key=lambda elite: elite.span_s)


def _child(search: Search, number: int, moves: int) -> Elite:
    """A new plan: the first ones from the given plan and from evenly spread work, later ones between two elites.

    Where a round has fewer moves than the shop has steps it could not mend what mixing breaks: it goes on from the
    best of the elites.
    """
    net, island, elites = search.net, search.islands[number], search.elites
    sol, rng = island.sol, island.rng
    a, b = elites[draw(rng, len(elites))], elites[draw(rng, len(elites))]
    if moves < len(search.first.mode):
        _take(net, sol, elites[min(number, len(elites) - 1)])
    elif search.rounds == 1 and number == 0:
        _take(net, sol, a)
    elif search.rounds <= FOUNDING_ROUNDS:
        option = a.option.copy()
        spread(net, option, rng)
        between(net, sol, option, a.order, option, random_order(net, rng), rng)
    else:
        between(net, sol, a.option, a.order, b.option, b.order, rng)
    option, order = sol.job[:, OPTION].copy(), sol.order.copy()
    span = improve(net, sol, island.room, rng, moves, option, order)
    return Elite(int(span), option, order)


def _take(net: Net, sol: Sol, elite: Elite) -> None:
    sol.job[:, OPTION] = elite.option
    sol.order[:] = elite.order
    rebuild(net, sol)


def _join(elites: list[Elite], child: Elite) -> bool:
    """Keep the best few, no two with the same options and makespan; True when the child is one of them."""
    if child.span_s >= BIG or any(
        e.span_s == child.span_s and np.array_equal(e.option, child.option) for e in elites
    ):
        return False
    elites.append(child)
    elites.sort(key=lambda e: e.span_s)
    del elites[ELITES:]
    return any(elite is child for elite in elites)


@njit(cache=True, nogil=True, _nrt=False)
def improve(net, sol, room, rng, moves, best_option, best_order):
    """Make `moves` moves; the best sound sequences seen go to `best_option`, `best_order`; their makespan or BIG."""
    span = makespan(sol)
    best = span if net.plain or intact(net, sol) else BIG
    for i in range(len(room.tabu_until)):
        room.tabu_until[i] = 0
    for now in range(1, moves + 1):
        many = critical_path(net, sol, span, rng, room.path)
        v, option = choose(net, sol, room, many, now, best, rng)
        if v < 0:
            v, option = any_move(net, sol, room, many, rng)
            if v < 0:
                break
        old = sol.job[v, OPTION]
        if not move(net, sol, room, v, option):
            room.tabu_until[option] = now + many
            continue
        choices = net.op[v + 1, FIRST_OPTION] - net.op[v, FIRST_OPTION]
        until = now + 10 + many + choices + draw(rng, 10)
        for o in range(net.op[v, FIRST_OPTION], net.op[v + 1, FIRST_OPTION]):
            if _same_machine(net, o, old):
                room.tabu_until[o] = until
        span = makespan(sol)
        if span < best and (net.plain or intact(net, sol)):
            best = span
            for i in range(len(best_order)):
                best_option[i], best_order[i] = sol.job[i, OPTION], sol.order[i]
    return best


@njit(cache=True, nogil=True, _nrt=False)
def _same_machine(net, a, b):
    """True for options with the same first lane: another worker at the old machine is too near to be a new place."""
    at, other = net.option[a, FIRST_HELD], net.option[b, FIRST_HELD]
    if at == net.option[a + 1, FIRST_HELD] or other == net.option[b + 1, FIRST_HELD]:
        return a == b
    return net.held[at] == net.held[other]
