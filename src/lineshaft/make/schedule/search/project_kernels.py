"""Projects in numba: serial schedule generation on cumulative resources, double justification, and evolution.

A plan is written as one start and one mode per activity. Its starts order the activities; taken in that order each is
put as early as activities before it and the profile of free capacity allow. Done towards the other end of time and
back again (double justification) this never makes a plan longer and nearly always shorter.

Sources: Valls, Ballestín and Quintanilla 2005, doi:10.1016/j.ejor.2004.04.008 (justification); Debels and Vanhoucke
2007, doi:10.1287/opre.1060.0358 (the child keeps a time of its father, often the busiest, and follows its mother
before and after);
Van Peteghem and Vanhoucke 2010, doi:10.1016/j.ejor.2009.03.034 (modes).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.moves import draw
from lineshaft.make.schedule.shop import Ints

# Columns of Net.op (a last row holds only the ends of pointers) and of Net.pred, Net.succ
FIRST_PRED, FIRST_SUCC, FIRST_MODE, RELEASE, RANK = range(5)
OP, LAG = range(2)
MUTATED = 3
NONE = -1


class Net(NamedTuple):
    """A project: activities, who comes before and after whom, and what each mode works, holds and spends.

    `op[i, RANK]` is the place in one topological order, `topo` that order. `need[mode, resource]` is held of
    `capacity[resource]`, `spend[mode, budget]` taken from `budget[budget]`; `load[mode]` is the share of all capacity
    held, times the work.
    """

    op: Ints
    topo: Ints
    pred: Ints
    succ: Ints
    work: Ints
    need: Ints
    capacity: Ints
    spend: Ints
    budget: Ints
    load: np.ndarray


class Room(NamedTuple):
    """Working memory: the profile (`at` time, `next` node, `free` capacity from there on) and one plan in the making.

    `node[i]` is where activity i ends on the profile.
    """

    at: Ints
    next: Ints
    free: Ints
    node: Ints
    start: Ints
    mode: Ints
    key: Ints


class Tribe(NamedTuple):
    """Plans that breed: `start`, `mode` (plan × activity), `span` of each."""

    start: Ints
    mode: Ints
    span: Ints


def make_room(n_ops: int, n_resources: int) -> Room:
    """Room for one search."""
    nodes = 2 * n_ops + 1
    blank = [np.zeros(n_ops, dtype=np.int64) for _ in range(4)]
    profile = np.zeros(nodes, dtype=np.int64), np.zeros(nodes, dtype=np.int64)
    return Room(*profile, np.zeros((nodes, n_resources), dtype=np.int64), *blank)


@njit(cache=True, nogil=True)
def serial(net, room, order, backward):
    """Put the activities of `room.mode` one after another at their earliest starts (`room.start`); the makespan.

    `backward`: time runs from the end, followers come first, and nothing waits for its release.
    """
    first = FIRST_SUCC if backward else FIRST_PRED
    arc = net.succ if backward else net.pred
    room.at[0], room.next[0] = 0, NONE
    room.free[0] = net.capacity
    nodes, span = 1, 0
    for op in order:
        mode = room.mode[op]
        earliest, near = 0 if backward else net.op[op, RELEASE], 0
        for i in range(net.op[op, first], net.op[op + 1, first]):
            before = arc[i, OP]
            ready = room.start[before] + net.work[room.mode[before]] + arc[i, LAG]
            if ready >= earliest:
                earliest, near = ready, room.node[before]
        begin, end_node, nodes = place(net, room, nodes, near, earliest, mode)
        room.start[op], room.node[op] = begin, end_node
        span = max(span, begin + net.work[mode])
    return span


@njit(cache=True, nogil=True, _nrt=False)
def place(net, room, nodes, near, earliest, mode):
    """Hold what the mode needs from the earliest time at which it is free: (start, node of the end, nodes in use)."""
    while room.next[near] != NONE and room.at[room.next[near]] <= earliest:
        near = room.next[near]
    work = net.work[mode]
    if work == 0:
        return earliest, near, nodes
    begin, node = earliest, near
    while node != NONE and room.at[node] < begin + work:
        fits = True
        for r in range(len(net.capacity)):
            fits &= room.free[node, r] >= net.need[mode, r]
        node = room.next[node]
        if not fits:
            near, begin = node, room.at[node]
    if room.at[near] < begin:
        near, nodes = split(room, nodes, near, begin)
    end, last = begin + work, near
    while room.next[last] != NONE and room.at[room.next[last]] <= end:
        last = room.next[last]
    if room.at[last] < end:
        last, nodes = split(room, nodes, last, end)
    node = near
    while node != last:
        for r in range(len(net.capacity)):
            room.free[node, r] -= net.need[mode, r]
        node = room.next[node]
    return begin, last, nodes


@njit(cache=True, nogil=True, _nrt=False)
def split(room, nodes, node, at):
    """A new node at `at` within the stretch of `node`."""
    room.at[nodes], room.next[nodes] = at, room.next[node]
    room.next[node] = nodes
    for r in range(room.free.shape[1]):
        room.free[nodes, r] = room.free[node, r]
    return nodes, nodes + 1


@njit(cache=True, nogil=True)
def by_start(net, room, span, backward):
    """Activities in order of their starts, or of their ends from the last, after those they must follow."""
    n = len(room.start)
    for op in range(n):
        rank = net.op[op, RANK]
        if backward:
            end = room.start[op] + net.work[room.mode[op]]
            room.key[op] = (span - end) * n + n - 1 - rank
        else:
            room.key[op] = room.start[op] * n + rank
    return np.argsort(room.key)


@njit(cache=True, nogil=True)
def justify(net, room, span):
    """Shift everything to the end and back again: the makespan, at most `span`."""
    n = len(room.start)
    back = serial(net, room, by_start(net, room, span, True), True)
    for op in range(n):
        room.start[op] = back - room.start[op] - net.work[room.mode[op]]
    return serial(net, room, by_start(net, room, back, False), False)


@njit(cache=True, nogil=True)
def sprout(net, room):
    """A plan from the order of `room.key` made to keep the precedences, and justified; its makespan."""
    n = len(room.key)
    for op in net.topo:
        for i in range(net.op[op, FIRST_PRED], net.op[op + 1, FIRST_PRED]):
            room.key[op] = max(room.key[op], room.key[net.pred[i, OP]] + 1)
    for op in range(n):
        room.key[op] = room.key[op] * n + net.op[op, RANK]
    return justify(net, room, serial(net, room, np.argsort(room.key), False))


@njit(cache=True, nogil=True)
def mate(net, room, tribe, father, mother, rng):
    """Write the child's order into `room.key`, its modes into `room.mode`."""
    n = len(room.key)
    length = tribe.span[father] // 4 + draw(rng, max(1, tribe.span[father] // 2))
    low = tribe.start[father, draw(rng, n)]
    if draw(rng, 2):
        low = busiest(net, tribe.start[father], tribe.mode[father], length)
    high, far = low + length, 2 * max(tribe.span[father], tribe.span[mother])
    for op in range(n):
        at = tribe.start[father, op]
        room.mode[op] = tribe.mode[mother, op]
        if at < low:
            room.key[op] = tribe.start[mother, op]
        elif at >= high:
            room.key[op] = tribe.start[mother, op] + 2 * far
        else:
            room.key[op] = at + far
            room.mode[op] = tribe.mode[father, op]
    order = np.argsort(room.key * n + net.op[:n, RANK])
    for i in range(n):
        room.key[order[i]] = i
    for _ in range(draw(rng, MUTATED + 1)):
        room.key[draw(rng, n)] = draw(rng, n)


@njit(cache=True, nogil=True)
def busiest(net, start, mode, length):
    """The start of an activity from which, for `length`, the activities that begin hold most."""
    order = np.argsort(start)
    best, most, held, end = 0, -1.0, 0.0, 0
    for i in range(len(order)):
        while end < len(order) and start[order[end]] < start[order[i]] + length:
            held += net.load[mode[order[end]]]
            end += 1
        if held > most:
            best, most = start[order[i]], held
        held -= net.load[mode[order[i]]]
    return best


@njit(cache=True, nogil=True)
def change_modes(net, room, rng, many):
    """Give `many` random activities a random mode, then save until the budgets hold; False when they do not."""
    n = len(room.mode)
    for _ in range(many):
        op = draw(rng, n)
        room.mode[op] = net.op[op, FIRST_MODE] + draw(
            rng, net.op[op + 1, FIRST_MODE] - net.op[op, FIRST_MODE]
        )
    left = net.budget.copy()
    for op in range(n):
        left -= net.spend[room.mode[op]]
    for _ in range(20 * n):
        over = -np.minimum(left, 0).sum()
        if over == 0:
            return True
        op = draw(rng, n)
        mode = net.op[op, FIRST_MODE] + draw(rng, net.op[op + 1, FIRST_MODE] - net.op[op, FIRST_MODE])
        then = left + net.spend[room.mode[op]] - net.spend[mode]
        if -np.minimum(then, 0).sum() < over:
            room.mode[op] = mode
            left = then
    return False


@njit(cache=True, nogil=True)
def keep(room, tribe, who, span):
    """The plan in the room takes the place of plan `who`."""
    tribe.span[who] = span
    tribe.start[who] = room.start
    tribe.mode[who] = room.mode


@njit(cache=True, nogil=True)
def found(net, room, tribe, tail, rng):
    """Fill the tribe after its first plan: longest way to the end first, disturbed, with random modes that can be paid."""
    n = len(room.key)
    far = 1 + tail.max()
    for who in range(1, len(tribe.span)):
        room.mode[:] = tribe.mode[0]
        if not change_modes(net, room, rng, n):
            room.mode[:] = tribe.mode[0]
        for op in range(n):
            room.key[op] = far - tail[op] + draw(rng, 1 + far // 2)
        keep(room, tribe, who, sprout(net, room))


@njit(cache=True, nogil=True)
def evolve(net, room, tribe, rng, children):
    """Breed: a child takes the place of its worse parent where it is shorter; equals would drive out variety."""
    many = len(tribe.span)
    several = len(net.work) >= len(net.op)
    for _ in range(children):
        father, mother = draw(rng, many), draw(rng, many - 1)
        mother += mother >= father
        mate(net, room, tribe, father, mother, rng)
        if several and not change_modes(net, room, rng, draw(rng, MUTATED)):
            room.mode[:] = tribe.mode[father]
        span = sprout(net, room)
        worse = father if tribe.span[father] > tribe.span[mother] else mother
        if span < tribe.span[worse]:
            keep(room, tribe, worse, span)
