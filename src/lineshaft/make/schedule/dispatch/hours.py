"""Working time inside numba: when work on a calendar starts and ends.

Every kernel takes a `Deck` (see `deck.py`) and calendar numbers as in `Shop`; times are int64 seconds.
Kernels here and in `desk.py` allocate nothing and are compiled without reference counts (`_nrt=False`), which
would cost more than the work itself.
"""

from __future__ import annotations

from lineshaft.make.schedule.dispatch.deck import BEFORE, CALENDAR, END, GROUP, START
from lineshaft.make.schedule.kernels import njit

NEVER = 1 << 60


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def interval_at(d, calendar, t_s):
    """Index of the first interval of `calendar` that ends after `t_s` (one past its last when none does)."""
    last = d.cal_ptr[calendar + 1]
    if t_s >= d.horizon_s:
        return last
    i = d.hint[calendar, t_s >> d.hint_shift]
    while i < last and d.span[i, END] <= t_s:
        i += 1
    return i


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def run(d, calendar, t_s, work_s, pausable):
    """(start, end) in s of `work_s` begun at `t_s` or later; (NEVER, NEVER) when the horizon comes first."""
    if calendar == 0:
        if t_s + work_s > d.horizon_s:
            return NEVER, NEVER
        return t_s, t_s + work_s
    i = interval_at(d, calendar, t_s)
    last = d.cal_ptr[calendar + 1]
    if not pausable:
        while i < last:
            start = max(t_s, d.span[i, START])
            if start + work_s <= d.span[i, END]:
                return start, start + work_s
            i += 1
        return NEVER, NEVER
    if i == last:
        return NEVER, NEVER
    start = max(t_s, d.span[i, START])
    if start + work_s <= d.span[i, END]:
        return start, start + work_s
    done = d.span[i, BEFORE] + start - d.span[i, START] + work_s
    while i + 1 < last and d.span[i + 1, BEFORE] < done:
        i += 1
    end = d.span[i, START] + done - d.span[i, BEFORE]
    if end > d.span[i, END]:
        return NEVER, NEVER
    return start, end


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def setup_between(d, lane, before, after):
    """Seconds of setup on `lane` from family `before` to family `after`."""
    group = d.lane[lane, GROUP]
    if group < 0 or before < 0 or after < 0:
        return 0
    return d.setup_s[group, before, after]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def after_setup(d, lane, free_s, before, after):
    """When `lane`, free from `free_s`, is set up for family `after`."""
    setup_s = setup_between(d, lane, before, after)
    if setup_s == 0:
        return free_s
    return run(d, d.lane[lane, CALENDAR], free_s, setup_s, True)[1]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def joint(d, a, b):
    """Calendar in which both `a` and `b` work; -1 when the shop never needs it."""
    if a == b or b == 0:
        return a
    if a == 0:
        return b
    return d.cal_both[a, b]
