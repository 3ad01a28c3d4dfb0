"""When everything happens in the sequences of a plan, and what of it is critical.

*Heads* are the earliest starts that the sequences allow (a semi-active timetable). The *tail* of an operation is the
longest way from its end to the end of the plan: makespan less latest end, so that it also holds with calendars.
An operation is critical when its start and its longest way from there make up the makespan.

Sources: Balas 1969 (disjunctive graph); Pearce and Kelly 2007 (repair of a topological order).
"""

from __future__ import annotations

from lineshaft.make.schedule.dispatch import hours
from lineshaft.make.schedule.dispatch.deck import BEFORE, CALENDAR, SET_FOR
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search import plain, wide
from lineshaft.make.schedule.search.graph import (
    AFTER,
    CALENDAR_OF,
    END,
    FAMILY,
    FIRST_HELD,
    FIRST_PRED,
    FIRST_SUCC,
    FIXED,
    FIXED_END,
    FIXED_FREE,
    FIXED_START,
    FRONT,
    KIND,
    LAG_MAX_S,
    LAG_S,
    MARK,
    OP,
    OPTION,
    PAUSABLE,
    RANK,
    READY,
    RELEASE_S,
    START,
    TAIL,
    WORK_S,
)
from lineshaft.make.schedule.shop import ALWAYS, START_START


@njit(cache=True, nogil=True, _nrt=False)
def rebuild(net, sol):
    """Fill sequences, places and times from the options and the order."""
    for lane in range(len(sol.size)):
        sol.size[lane] = 0
    for i in range(len(sol.order)):
        v = sol.order[i]
        sol.job[v, RANK] = i
        first = net.option[sol.job[v, OPTION], FIRST_HELD]
        for k in range(net.option[sol.job[v, OPTION] + 1, FIRST_HELD] - first):
            lane = net.held[first + k]
            sol.seq[net.base[lane] + sol.size[lane]] = v
            sol.where[v * net.width + k] = sol.size[lane]
            sol.size[lane] += 1
    heads(net, sol, 0)
    tails(net, sol, len(sol.order) - 1)


@njit(cache=True, nogil=True, _nrt=False)
def heads(net, sol, first):
    """Recompute starts and ends of the operations from place `first` of the order on."""
    if net.plain:
        plain.heads(net, sol, first)
        return
    if net.wide:
        wide.heads(net, sol, first)
        return
    job = sol.job
    for i in range(first, len(sol.order)):
        v = sol.order[i]
        ready = net.op[v, RELEASE_S]
        for j in range(net.op[v, FIRST_PRED], net.op[v + 1, FIRST_PRED]):
            u = net.pred[j, OP]
            base = job[u, START] if net.pred[j, KIND] == START_START else job[u, END]
            ready = max(ready, base + net.pred[j, LAG_S])
        job[v, READY] = ready
        o = job[v, OPTION]
        begin = net.option[o, FIRST_HELD]
        for k in range(net.option[o + 1, FIRST_HELD] - begin):
            lane = net.held[begin + k]
            ready = max(
                ready, free_from(net, sol, lane, _before(net, sol, lane, sol.where[v * net.width + k]), v)
            )
        if net.op[v, FIXED]:
            job[v, START], job[v, END] = net.op[v, FIXED_START], net.op[v, FIXED_END]
        else:
            job[v, START], job[v, END] = hours.run(
                net, net.option[o, CALENDAR_OF], ready, net.option[o, WORK_S], net.op[v, PAUSABLE]
            )


@njit(cache=True, nogil=True, _nrt=False)
def _before(net, sol, lane, place):
    return sol.seq[net.base[lane] + place - 1] if place > 0 else -1


@njit(cache=True, nogil=True, _nrt=False)
def free_from(net, sol, lane, u, v):
    """When `lane` is ready for v after u (-1: v comes first there)."""
    if u < 0:
        end = 0
    elif net.op[u, FIXED]:
        end = net.op[u, FIXED_FREE]
    else:
        end = sol.job[u, END]
    return set_up(net, lane, u, v, end)


@njit(cache=True, nogil=True, _nrt=False)
def set_up(net, lane, u, v, end):
    """When `lane`, free from u at `end`, is set up for v."""
    if not net.setups:
        return end
    family = net.lane[lane, SET_FOR] if u < 0 else net.op[u, FAMILY]
    work = hours.setup_between(net, lane, family, net.op[v, FAMILY])
    return hours.run(net, net.lane[lane, CALENDAR], end, work, 1)[1] if work > 0 else end


@njit(cache=True, nogil=True, _nrt=False)
def setup(net, lane, u, v):
    """Working seconds of setup on `lane` between u and v."""
    return hours.setup_between(net, lane, net.op[u, FAMILY], net.op[v, FAMILY]) if net.setups else 0


@njit(cache=True, nogil=True, _nrt=False)
def intact(net, sol):
    """True when all ends before the horizon, no fixed work is run into and no greatest lag is exceeded."""
    job = sol.job
    for v in range(len(job)):
        if net.op[v, FIXED]:
            begin = net.option[job[v, OPTION], FIRST_HELD]
            for k in range(net.option[job[v, OPTION] + 1, FIRST_HELD] - begin):
                lane = net.held[begin + k]
                u = _before(net, sol, lane, sol.where[v * net.width + k])
                if u >= 0 and not net.op[u, FIXED] and free_from(net, sol, lane, u, v) > job[v, START]:
                    return False
            continue
        if job[v, END] > net.horizon_s:
            return False
        for j in range(net.op[v, FIRST_PRED], net.op[v + 1, FIRST_PRED]):
            u = net.pred[j, OP]
            base = job[u, START] if net.pred[j, KIND] == START_START else job[u, END]
            if job[v, START] - base > net.pred[j, LAG_MAX_S]:
                return False
    return True


@njit(cache=True, nogil=True, _nrt=False)
def makespan(sol):
    """The last end, s."""
    span = 0
    for v in range(len(sol.job)):
        span = max(span, sol.job[v, END])
    return span


@njit(cache=True, nogil=True, _nrt=False)
def tails(net, sol, last):
    """Recompute tails of the operations up to place `last` of the order; with calendars or fixed work all of them."""
    if net.plain:
        plain.tails(net, sol, last)
        return
    if net.wide:
        wide.tails(net, sol, last)
        return
    job = sol.job
    anchored = net.calendars or net.frozen
    span = makespan(sol) if anchored else 0
    for i in range(len(sol.order) - 1 if anchored else last, -1, -1):
        v = sol.order[i]
        o = job[v, OPTION]
        work, tail = net.option[o, WORK_S], 0
        for j in range(net.op[v, FIRST_SUCC], net.op[v + 1, FIRST_SUCC]):
            more = job[net.succ[j, OP], FRONT] + net.succ[j, LAG_S]
            tail = max(tail, more - work if net.succ[j, KIND] == START_START else more)
        job[v, AFTER] = tail
        begin = net.option[o, FIRST_HELD]
        for k in range(net.option[o + 1, FIRST_HELD] - begin):
            lane = net.held[begin + k]
            at = sol.where[v * net.width + k] + 1
            if at < sol.size[lane]:
                w = sol.seq[net.base[lane] + at]
                tail = max(tail, job[w, FRONT] + setup(net, lane, v, w))
        job[v, TAIL] = tail
        if net.op[v, FIXED]:
            job[v, FRONT] = span - net.op[v, FIXED_START]
        elif net.calendars:
            job[v, FRONT] = span - run_back(
                net, net.option[o, CALENDAR_OF], span - tail, work, net.op[v, PAUSABLE]
            )
        else:
            job[v, FRONT] = tail + work


@njit(cache=True, nogil=True, _nrt=False)
def run_back(net, calendar, until, work, pausable):
    """Latest start of `work` seconds that end by `until`; `until - work` where the calendar has no room."""
    if calendar == ALWAYS:
        return until - work
    low = net.cal_ptr[calendar]
    i = min(hours.interval_at(net, calendar, max(until - 1, 0)), net.cal_ptr[calendar + 1] - 1)
    if i >= low and net.span[i, START] >= until:
        i -= 1
    if pausable and i >= low:
        left = net.span[i, BEFORE] + min(until, net.span[i, END]) - net.span[i, START] - work
        while i >= low and net.span[i, BEFORE] > left:
            i -= 1
        return net.span[i, START] + left - net.span[i, BEFORE] if i >= low else until - work
    while i >= low and min(until, net.span[i, END]) - net.span[i, START] < work:
        i -= 1
    return min(until, net.span[i, END]) - work if i >= low else until - work


@njit(cache=True, nogil=True, _nrt=False)
def remove(net, sol, v):
    """Take v off its lanes (times and order stay as they are)."""
    o = sol.job[v, OPTION]
    begin = net.option[o, FIRST_HELD]
    for k in range(net.option[o + 1, FIRST_HELD] - begin):
        lane = net.held[begin + k]
        sol.size[lane] -= 1
        for at in range(sol.where[v * net.width + k], sol.size[lane]):
            _put(net, sol, lane, at, sol.seq[net.base[lane] + at + 1])


@njit(cache=True, nogil=True, _nrt=False)
def insert(net, sol, v, option, places):
    """Put v, taken off before, at `places[k]` of the option's k-th lane (times and order stay as they are)."""
    sol.job[v, OPTION] = option
    begin = net.option[option, FIRST_HELD]
    for k in range(net.option[option + 1, FIRST_HELD] - begin):
        lane = net.held[begin + k]
        for at in range(sol.size[lane], places[k], -1):
            _put(net, sol, lane, at, sol.seq[net.base[lane] + at - 1])
        sol.size[lane] += 1
        sol.seq[net.base[lane] + places[k]] = v
        sol.where[v * net.width + k] = places[k]


@njit(cache=True, nogil=True, _nrt=False)
def _put(net, sol, lane, at, w):
    sol.seq[net.base[lane] + at] = w
    begin = net.option[sol.job[w, OPTION], FIRST_HELD]
    k = 0
    while net.held[begin + k] != lane:
        k += 1
    sol.where[w * net.width + k] = at


@njit(cache=True, nogil=True, _nrt=False)
def reorder(net, sol, v):
    """Repair the topological order after v has moved.

    Returns the first and last place that changed, or (-1, -1), with the order as it was, when the move made a cycle.
    """
    low, high = _between(net, sol, v)
    rank = sol.job[v, RANK]
    if low < rank < high:
        return rank, rank
    first, last = min(high, rank), max(low, rank)
    sol.spare[-1] += 1
    stamp = sol.spare[-1]
    sol.job[v, MARK] = stamp
    for i in range(high, last + 1):
        x = sol.order[i]
        if x != v and _follows_marked(net, sol, x, stamp):
            sol.job[x, MARK] = stamp
    if _follows_marked(net, sol, v, stamp):
        return -1, -1
    _rewrite(sol, v, first, last, stamp)
    return first, last


@njit(cache=True, nogil=True, _nrt=False)
def _between(net, sol, v):
    """Ranks of the last operation just before v and of the first just after it."""
    low, high = -1, len(sol.order)
    for j in range(net.op[v, FIRST_PRED], net.op[v + 1, FIRST_PRED]):
        low = max(low, sol.job[net.pred[j, OP], RANK])
    for j in range(net.op[v, FIRST_SUCC], net.op[v + 1, FIRST_SUCC]):
        high = min(high, sol.job[net.succ[j, OP], RANK])
    begin = net.option[sol.job[v, OPTION], FIRST_HELD]
    for k in range(net.option[sol.job[v, OPTION] + 1, FIRST_HELD] - begin):
        lane = net.held[begin + k]
        at = sol.where[v * net.width + k]
        if at > 0:
            low = max(low, sol.job[sol.seq[net.base[lane] + at - 1], RANK])
        if at + 1 < sol.size[lane]:
            high = min(high, sol.job[sol.seq[net.base[lane] + at + 1], RANK])
    return low, high


@njit(cache=True, nogil=True, _nrt=False)
def _follows_marked(net, sol, x, stamp):
    for j in range(net.op[x, FIRST_PRED], net.op[x + 1, FIRST_PRED]):
        if sol.job[net.pred[j, OP], MARK] == stamp:
            return True
    begin = net.option[sol.job[x, OPTION], FIRST_HELD]
    for k in range(net.option[sol.job[x, OPTION] + 1, FIRST_HELD] - begin):
        u = _before(net, sol, net.held[begin + k], sol.where[x * net.width + k])
        if u >= 0 and sol.job[u, MARK] == stamp:
            return True
    return False


@njit(cache=True, nogil=True, _nrt=False)
def _rewrite(sol, v, first, last, stamp):
    """Places first … last: what does not follow v, then v, then what follows it."""
    many, at = 0, first
    for i in range(first, last + 1):
        x = sol.order[i]
        if x == v:
            continue
        if sol.job[x, MARK] == stamp:
            sol.spare[many] = x
            many += 1
        else:
            sol.order[at] = x
            sol.job[x, RANK] = at
            at += 1
    sol.order[at] = v
    sol.job[v, RANK] = at
    for i in range(many):
        sol.order[at + 1 + i] = sol.spare[i]
        sol.job[sol.spare[i], RANK] = at + 1 + i
