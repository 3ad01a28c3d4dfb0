"""Where searches start from: work spread evenly over the lanes, random orders, and points between two plans."""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.graph import (
    FIRST_HELD,
    FIRST_OPTION,
    FIRST_PRED,
    FIRST_SUCC,
    FIXED,
    FIXED_START,
    OP,
    OPTION,
    WORK_S,
)
from lineshaft.make.schedule.search.moves import BIG, draw
from lineshaft.make.schedule.search.times import rebuild

SWEEPS = 100


@njit(cache=True, nogil=True)
def spread(net, option, rng):
    """Choose options that leave little work on the busiest lanes: descent on the sum of squared lane loads."""
    load = np.zeros(len(net.base) - 1)
    ops = np.arange(len(option))
    for v in range(len(option)):
        first = net.op[v, FIRST_OPTION]
        option[v] = first + np.argmin(net.option[first : net.op[v + 1, FIRST_OPTION], WORK_S])
        _add(net, load, option[v], 1)
        other = draw(rng, v + 1)
        ops[v], ops[other] = ops[other], ops[v]
    for _ in range(SWEEPS):
        moved = False
        for v in ops:
            _add(net, load, option[v], -1)
            best, least = option[v], _price(net, load, option[v])
            for o in range(net.op[v, FIRST_OPTION], net.op[v + 1, FIRST_OPTION]):
                price = _price(net, load, o)
                if price < least:
                    best, least = o, price
            moved |= best != option[v]
            option[v] = best
            _add(net, load, best, 1)
        if not moved:
            break


@njit(cache=True, nogil=True)
def _add(net, load, o, sign):
    for i in range(net.option[o, FIRST_HELD], net.option[o + 1, FIRST_HELD]):
        load[net.held[i]] += sign * net.option[o, WORK_S]


@njit(cache=True, nogil=True)
def _price(net, load, o):
    """What the option adds to the sum of squared loads."""
    price, work = 0.0, net.option[o, WORK_S]
    for i in range(net.option[o, FIRST_HELD], net.option[o + 1, FIRST_HELD]):
        price += work * (2.0 * load[net.held[i]] + work)
    return price


@njit(cache=True, nogil=True)
def random_order(net, rng):
    """A random topological order of the order network."""
    n = len(net.op) - 1
    waiting = net.op[1:, FIRST_PRED] - net.op[:-1, FIRST_PRED]
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
        for k in range(net.op[v, FIRST_SUCC], net.op[v + 1, FIRST_SUCC]):
            s = net.succ[k, OP]
            waiting[s] -= 1
            if waiting[s] == 0:
                free[many] = s
                many += 1
    return order


@njit(cache=True, nogil=True)
def between(net, sol, option_a, order_a, option_b, order_b, rng):
    """Put a plan between a and b into `sol`.

    A weighted mean of two topological ranks is topological again and keeps whatever order a and b agree on;
    each operation takes its option from one of them. Fixed work comes first.
    """
    n = len(order_a)
    weight = 20 + draw(rng, 61)
    key = np.zeros(n, dtype=np.int64)
    for i in range(n):
        key[order_a[i]] += weight * i
        key[order_b[i]] += (100 - weight) * i
    for v in range(n):
        if net.op[v, FIXED]:
            key[v] = net.op[v, FIXED_START] - BIG
        sol.job[v, OPTION] = option_a[v] if draw(rng, 100) < weight else option_b[v]
    sol.order[:] = np.argsort(key, kind="mergesort")
    rebuild(net, sol)
