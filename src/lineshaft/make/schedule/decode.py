"""From priorities to a timetable: list scheduling in numba.

Two flavours. *Non-delay*: time runs forward and of the operations that could start first the one with the lowest
value goes first (Giffler and Thompson 1960, the non-delay case). *Serial*: operations are placed one after another
in the order of their values, each as early as the lanes allow.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lineshaft.make.schedule.deck import FIRST_SUCC, FIXED, TAIL_S, WORK_S, copy_desk
from lineshaft.make.schedule.desk import choose, place, ready_at, undelayed, waits_for
from lineshaft.make.schedule.heaps import before, open_agenda, pop, push, put, take

STATIC, APPARENT_TARDINESS, CRITICAL_RATIO = 0, 1, 2
UNKNOWN = -1e300
READY = -1e301


@njit(cache=True, nogil=True, _nrt=False)
def worth(d, p, op, mode, t_s, setup_s):
    """Value of starting `op` at `t_s` under policy `p`; the lowest goes first."""
    if p.rule == STATIC:
        return p.key[op] + p.setup_price * setup_s
    if p.rule == CRITICAL_RATIO:
        return (p.latest_s[op] - t_s) / max(1, d.op[op, TAIL_S])
    slack_s = max(0, p.latest_s[op] - t_s)
    index = p.key[op] * np.exp(-slack_s / p.patience_s) / max(1, d.mode[mode, WORK_S])
    return -index * np.exp(-p.setup_price * setup_s)


@njit(cache=True, nogil=True)
def class_rows(op_class):
    """CSR pointer of the queues, one a class."""
    ptr = np.zeros(op_class.max() + 2 if op_class.size else 1, np.int64)
    for c in op_class:
        ptr[c + 1] += 1
    for c in range(ptr.size - 1):
        ptr[c + 1] += ptr[c]
    return ptr


@njit(cache=True, nogil=True)
def non_delay(d, blank, p, not_before_s):
    """(desk, op): a timetable by policy `p`; `op` is -1, or the operation that found no room before the horizon."""
    n = d.op.shape[0] - 1
    w = copy_desk(blank)
    missing = waits_for(d)
    ready_s = np.zeros(n, np.int64)
    row = class_rows(p.queue)
    waiting = np.zeros(row.size, np.int64)
    queue = np.empty(n, np.int64)
    g = open_agenda(n + row.size)
    return w, list_by_time(d, p, not_before_s, w, missing, ready_s, row, waiting, queue, g)


@njit(cache=True, nogil=True, _nrt=False)
def list_by_time(d, p, not_before_s, w, missing, ready_s, row, waiting, queue, g):
    """The loop of `non_delay` on what it has laid out."""
    n = d.op.shape[0] - 1
    for op in range(n):
        if missing[op] == 0 and not d.op[op, FIXED]:
            ready_s[op] = ready_at(d, w, op, not_before_s)
            put(g, op, ready_s[op], READY)
    while g.size[0] > 0:
        item = take(g)
        now = g.time[item]
        if item < n:
            c = p.queue[item]
            push(queue, row[c], waiting[c], p.key, item)
            waiting[c] += 1
            if queue[row[c]] == item:
                put(g, n + c, g.time[n + c] if g.at[n + c] >= 0 else now, UNKNOWN)
            continue
        c = item - n
        op = queue[row[c]]
        mode, start, end, setup_s, width = choose(d, w, op, ready_s[op])
        if mode < 0:
            return op
        decide = start if setup_s == 0 else undelayed(d, w, op, ready_s[op], mode, width)
        g.time[item] = max(now, decide)
        g.value[item] = worth(d, p, op, mode, g.time[item], setup_s)
        if g.size[0] > 0 and before(g, g.items[0], item):
            put(g, item, g.time[item], g.value[item])
            continue
        place(d, w, op, mode, start, end, width, False)
        pop(queue, row[c], waiting[c], p.key)
        waiting[c] -= 1
        if waiting[c] > 0:
            put(g, item, g.time[item], UNKNOWN)
        for a in range(d.op[op, FIRST_SUCC], d.op[op + 1, FIRST_SUCC]):
            later = d.succ[a]
            missing[later] -= 1
            if missing[later] == 0 and not d.op[later, FIXED]:
                ready_s[later] = ready_at(d, w, later, not_before_s)
                put(g, later, ready_s[later], READY)
    return -1


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
