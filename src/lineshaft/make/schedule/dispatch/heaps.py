"""Two small heaps for numba: one whose keys may change, and many queues in one array."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.shop import Ints


class Agenda(NamedTuple):
    """Items by (time, value, item), smallest first: `items[:size[0]]` is a binary heap, `at` finds an item (-1)."""

    items: Ints
    at: Ints
    time: Ints
    value: NDArray[np.float64]
    size: Ints


@njit(cache=True, nogil=True)
def open_agenda(n):
    """An empty agenda for items 0 … n - 1."""
    return Agenda(
        np.empty(n, np.int64),
        np.full(n, -1, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.float64),
        np.zeros(1, np.int64),
    )


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def before(g, a, b):
    """True when item `a` comes before item `b`."""
    if g.time[a] != g.time[b]:
        return g.time[a] < g.time[b]
    if g.value[a] != g.value[b]:
        return g.value[a] < g.value[b]
    return a < b


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def sink(g, hole, item):
    """Move `item` down from `hole` to where it belongs."""
    size = g.size[0]
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and before(g, g.items[child + 1], g.items[child]):
            child += 1
        if not before(g, g.items[child], item):
            break
        g.items[hole] = g.items[child]
        g.at[g.items[hole]] = hole
        hole = child
    g.items[hole] = item
    g.at[item] = hole


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def put(g, item, time_s, value):
    """Enter `item`, or change its key."""
    hole = g.at[item]
    if hole < 0:
        hole = g.size[0]
        g.size[0] += 1
    g.time[item] = time_s
    g.value[item] = value
    while hole > 0:
        parent = (hole - 1) >> 1
        if not before(g, item, g.items[parent]):
            break
        g.items[hole] = g.items[parent]
        g.at[g.items[hole]] = hole
        hole = parent
    sink(g, hole, item)


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def take(g):
    """Remove and return the first item."""
    first = g.items[0]
    g.at[first] = -1
    g.size[0] -= 1
    if g.size[0] > 0:
        sink(g, 0, g.items[g.size[0]])
    return first


@njit(cache=True, nogil=True, _nrt=False)
def push(queue, low, count, key, op):
    """Enter `op` into the heap `queue[low:low + count]` ordered by (key, op)."""
    hole = count
    while hole > 0:
        parent = (hole - 1) >> 1
        other = queue[low + parent]
        if (key[other], other) < (key[op], op):
            break
        queue[low + hole] = other
        hole = parent
    queue[low + hole] = op


@njit(cache=True, nogil=True, _nrt=False)
def pop(queue, low, count, key):
    """Remove the first of the heap `queue[low:low + count]`."""
    op = queue[low + count - 1]
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= count - 1:
            break
        a = queue[low + child]
        if child + 1 < count - 1:
            b = queue[low + child + 1]
            if (key[b], b) < (key[a], a):
                child += 1
                a = b
        if (key[op], op) < (key[a], a):
            break
        queue[low + hole] = a
        hole = child
    queue[low + hole] = op
