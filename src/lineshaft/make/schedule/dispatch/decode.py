"""From priorities to a timetable: list scheduling in numba.

Two flavours. *Non-delay*: time runs forward and of the operations that could start first the one with the lowest
value goes first (Giffler and Thompson 1960, the non-delay case). *Serial*: operations are placed one after another
in the order of their values, each as early as the lanes allow.

The index of apparent tardiness, weight / work · exp(-slack / patience), is taken as its logarithm: among operations
with slack left it keeps their order as time goes on, and among those without too. So a queue is two heaps, of which
the first keeps only operations whose slack is not used up at its head.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch.deck import FIRST_SUCC, FIXED, TAIL_S, Desk, copy_desk
from lineshaft.make.schedule.dispatch.desk import choose, opening, place, ready_at, undelayed, waits_for
from lineshaft.make.schedule.dispatch.heaps import Agenda, open_agenda, pop, push, put, take
from lineshaft.make.schedule.dispatch.hours import NEVER
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.shop import Ints

Floats = NDArray[np.float64]
STATIC, APPARENT_TARDINESS, CRITICAL_RATIO = 0, 1, 2
UNKNOWN = -1e300
READY = -1e301


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def worth(d, p, op, t_s, setup_s):
    """Value of starting `op` at `t_s` under policy `p`; the lowest goes first."""
    if p.rule == CRITICAL_RATIO:
        return (p.latest_s[op] - t_s) / max(1, d.op[op, TAIL_S])
    value = p.key[op] + p.setup_price * setup_s
    if p.rule == APPARENT_TARDINESS:
        value += max(0, p.latest_s[op] - t_s) / p.patience_s
    return value


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def at_least(p, op):
    """A value that `worth` will not fall below."""
    return p.key[op] if p.rule == STATIC else UNKNOWN


@njit(cache=True, nogil=True)
def class_rows(op_class):
    """CSR pointer of the queues, one a class."""
    ptr = np.zeros(op_class.max() + 2 if op_class.size else 1, np.int64)
    for c in op_class:
        ptr[c + 1] += 1
    for c in range(ptr.size - 1):
        ptr[c + 1] += ptr[c]
    return ptr


class Course(NamedTuple):
    """Non-delay scheduling under way: the desk, what is ready when and waits where.

    `agenda` holds operations that become ready (items 0 … n - 1) and queues (item n + queue); `queue[row[q]:…]` is a
    heap of `waiting[q]` operations by key (`dated`: with their latest start, where it counts); `late`, `lates` the same
    for those whose latest start has passed. `missing` counts predecessors still to be placed.
    """

    desk: Desk
    agenda: Agenda
    queue: Ints
    row: Ints
    waiting: Ints
    missing: Ints
    ready_s: Ints
    dated: Floats
    late: Ints
    lates: Ints


@njit(cache=True, nogil=True)
def begin(d, blank, p, not_before_s):
    """The course at its start; `not_before_s` per operation is kept beside the releases."""
    n = d.op.shape[0] - 1
    row = class_rows(p.queue)
    agenda = open_agenda(n + row.size)
    c = Course(
        copy_desk(blank),
        agenda,
        np.empty(n, np.int64),
        row,
        np.zeros(row.size, np.int64),
        waits_for(d),
        np.zeros(n, np.int64),
        p.key + p.latest_s / p.patience_s if p.rule == APPARENT_TARDINESS else p.key.copy(),
        np.empty(n, np.int64),
        np.zeros(row.size, np.int64),
    )
    for op in range(n):
        if c.missing[op] == 0 and not d.op[op, FIXED]:
            c.ready_s[op] = ready_at(d, c.desk, op, not_before_s)
            put(agenda, op, c.ready_s[op], READY)
    return c


@njit(cache=True, nogil=True)
def copy_course(c):
    """A course of its own, in the same state."""
    g = c.agenda
    return Course(
        copy_desk(c.desk),
        Agenda(g.items.copy(), g.at.copy(), g.time.copy(), g.value.copy(), g.size.copy()),
        c.queue.copy(),
        c.row,
        c.waiting.copy(),
        c.missing.copy(),
        c.ready_s.copy(),
        c.dated,
        c.late.copy(),
        c.lates.copy(),
    )


@njit(cache=True, nogil=True, _nrt=False)
def advance(d, p, c, not_before_s, until_s):
    """Schedule all that is decided before `until_s`; -1, or the operation that found no room before the horizon."""
    n = d.op.shape[0] - 1
    g = c.agenda
    while g.size[0] > 0 and g.time[g.items[0]] < until_s:
        item = g.items[0]
        now = g.time[item]
        if item < n:
            take(g)
            q = p.queue[item]
            if enter(p, c, q, item, now):
                put(g, n + q, g.time[n + q] if g.at[n + q] >= 0 else now, at_least(p, item))
            continue
        q = item - n
        op = head(d, p, c, q, now)
        opens_s = opening(d, c.desk, op)
        if now < opens_s < NEVER:
            put(g, item, opens_s, at_least(p, op))
            continue
        mode, start, end, setup_s, width = choose(d, c.desk, op, c.ready_s[op])
        if mode < 0:
            return op
        decide = start if setup_s == 0 else undelayed(d, c.desk, op, c.ready_s[op], mode, width)
        decide = max(now, decide)
        put(g, item, decide, worth(d, p, op, decide, setup_s))
        if g.items[0] != item:
            continue
        place(d, c.desk, op, mode, start, end, width, False)
        leave(p, c, q, op)
        if c.waiting[q] + c.lates[q] > 0:
            put(g, item, decide, at_least(p, head(d, p, c, q, decide)))
        else:
            take(g)
        release_successors(d, c, op, not_before_s)
    return -1


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def enter(p, c, q, op, now):
    """Let `op` wait in queue q; True when it is at the head of a heap."""
    low = c.row[q]
    if p.rule == APPARENT_TARDINESS and p.latest_s[op] <= now:
        push(c.late, low, c.lates[q], p.key, op)
        c.lates[q] += 1
        return c.late[low] == op
    push(c.queue, low, c.waiting[q], c.dated if p.rule == APPARENT_TARDINESS else p.key, op)
    c.waiting[q] += 1
    return c.queue[low] == op


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def head(d, p, c, q, now):
    """The operation of queue q that goes first at `now`, setups left aside; who has become late changes heaps."""
    low = c.row[q]
    if p.rule != APPARENT_TARDINESS:
        return c.queue[low]
    while c.waiting[q] > 0 and p.latest_s[c.queue[low]] <= now:
        op = c.queue[low]
        pop(c.queue, low, c.waiting[q], c.dated)
        c.waiting[q] -= 1
        push(c.late, low, c.lates[q], p.key, op)
        c.lates[q] += 1
    if c.waiting[q] == 0 or c.lates[q] == 0:
        return c.queue[low] if c.waiting[q] > 0 else c.late[low]
    early, late = c.queue[low], c.late[low]
    return early if worth(d, p, early, now, 0) < worth(d, p, late, now, 0) else late


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def leave(p, c, q, op):
    """Take `op`, the head of one of its heaps, out of queue q."""
    low = c.row[q]
    if c.lates[q] > 0 and c.late[low] == op:
        pop(c.late, low, c.lates[q], p.key)
        c.lates[q] -= 1
    else:
        pop(c.queue, low, c.waiting[q], c.dated if p.rule == APPARENT_TARDINESS else p.key)
        c.waiting[q] -= 1


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def release_successors(d, c, op, not_before_s):
    """Enter the successors of `op` that wait for nothing else."""
    for a in range(d.op[op, FIRST_SUCC], d.op[op + 1, FIRST_SUCC]):
        later = d.succ[a]
        c.missing[later] -= 1
        if c.missing[later] == 0 and not d.op[later, FIXED]:
            c.ready_s[later] = ready_at(d, c.desk, later, not_before_s)
            put(c.agenda, later, c.ready_s[later], READY)


@njit(cache=True, nogil=True)
def non_delay(d, blank, p, not_before_s):
    """(desk, op): a timetable by policy `p`; `op` is -1, or the operation that found no room before the horizon."""
    c = begin(d, blank, p, not_before_s)
    stuck = advance(d, p, c, not_before_s, NEVER)
    return c.desk, stuck


@njit(cache=True, nogil=True)
def serial(d, blank, key, insert, not_before_s):
    """(desk, op) as `non_delay`, placing operations in the order of `key`; with `insert` also into gaps of lanes."""
    n = d.op.shape[0] - 1
    w = copy_desk(blank)
    missing = waits_for(d)
    g = open_agenda(n)
    return w, list_by_key(d, key, insert, not_before_s, w, missing, g)


@njit(cache=True, nogil=True, _nrt=False)
def list_by_key(d, key, insert, not_before_s, w, missing, g):
    """The loop of `serial` on what it has laid out."""
    n = d.op.shape[0] - 1
    for op in range(n):
        if missing[op] == 0 and not d.op[op, FIXED]:
            put(g, op, 0, key[op])
    while g.size[0] > 0:
        op = take(g)
        mode, start, end, _, width = choose(d, w, op, ready_at(d, w, op, not_before_s))
        if mode < 0:
            return op
        place(d, w, op, mode, start, end, width, insert)
        for a in range(d.op[op, FIRST_SUCC], d.op[op + 1, FIRST_SUCC]):
            later = d.succ[a]
            missing[later] -= 1
            if missing[later] == 0 and not d.op[later, FIXED]:
                put(g, later, 0, key[later])
    return -1
