"""Beam search through time: of many ways to go on from one moment to the next the most promising few are kept.

From one mark to the next every course kept is continued by list scheduling under several policies, each a random
variation of one rule. Courses are compared by the weighted tardiness that is to be expected: each order's end is
projected from what is done, with `lead` times the work ahead, and being late is counted softly. Whole plans
compared, luck of one week would hide that of another; mark by mark each is chosen by itself.

Sources: beam search with filtered evaluation, Ow and Morton 1988, doi:10.1080/00207548808947840; pilot method, Duin
and Voß 1999, doi:10.1002/(SICI)1097-0037(199910)34:3<181::AID-NET2>3.0.CO;2-Y.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch import decode
from lineshaft.make.schedule.dispatch.deck import END, Deck, Desk
from lineshaft.make.schedule.dispatch.decode import UNKNOWN, Course, enter
from lineshaft.make.schedule.dispatch.heaps import put
from lineshaft.make.schedule.dispatch.hours import NEVER
from lineshaft.make.schedule.dispatch.rules import Policy
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.score import COUNTS, DUE_S, RELEASED_S, WEIGHT
from lineshaft.make.schedule.shop import Ints

Floats = NDArray[np.float64]
MARKS, WIDTH, KIDS = 20, 3, 16
LEAD = 1.15


@njit(cache=True, nogil=True)
def sorted_anew(d, p, c, now_s):
    """Have what waits wait by the keys of another policy."""
    n = d.op.shape[0] - 1
    buffer = np.empty(n, np.int64)
    for q in range(c.row.size - 1):
        low, many = c.row[q], 0
        for i in range(c.waiting[q]):
            buffer[many] = c.queue[low + i]
            many += 1
        for i in range(c.lates[q]):
            buffer[many] = c.late[low + i]
            many += 1
        c.waiting[q] = c.lates[q] = 0
        for i in range(many):
            enter(p, c, q, buffer[i], now_s)
        if many > 0 and c.agenda.at[n + q] >= 0:
            put(c.agenda, n + q, c.agenda.time[n + q], UNKNOWN)


@njit(cache=True, nogil=True)
def expected(orders, owner, ahead_s, lasts_s, w, now_s, lead, soft_s):
    """Weighted tardiness (s) to be expected of a course at `now_s`, softened over `soft_s`."""
    end_s = np.zeros(orders.shape[0], np.float64)
    for op in range(owner.size):
        if owner[op] < 0:
            continue
        if w.job[op, END] < NEVER:
            at_s = w.job[op, END] + lead * (ahead_s[op] - lasts_s[op])
        else:
            at_s = max(now_s, orders[owner[op], RELEASED_S]) + lead * ahead_s[op]
        end_s[owner[op]] = max(end_s[owner[op]], at_s)
    total = 0.0
    for order in range(orders.shape[0]):
        if orders[order, COUNTS]:
            x = (end_s[order] - orders[order, DUE_S]) / soft_s
            if x > -30.0:
                total += orders[order, WEIGHT] * soft_s * (x if x > 30.0 else np.log1p(np.exp(x)))
    return total


class Branch(NamedTuple):
    """A course with what is expected of it and what varied its rule last (see `vary` of `grow`)."""

    value: float
    course: Course
    variation: Floats


@dataclass
class Beam:
    """A search under way: courses `kept` at the last mark, those `found` for the next one, and how many were tried."""

    marks_s: Ints
    kept: list[Branch]
    found: list[Branch] = field(default_factory=list)
    mark: int = 0
    tried: int = 0

    @property
    def done(self) -> bool:
        """True when the courses kept are whole plans."""
        return self.mark == len(self.marks_s)


class Outlook(NamedTuple):
    """What courses are compared by: `owner`, `ahead_s` and `lasts_s` per step (see `tuned.State`), `soft_s`."""

    orders: Ints
    owner: Ints
    ahead_s: Ints
    lasts_s: Ints
    soft_s: float


def plant(d: Deck, blank: Desk, policy: Policy, end_s: int, width: int) -> Beam:
    """A beam before the first mark; the last mark is the end of time, the one before it near `end_s`."""
    marks_s = np.linspace(0, max(MARKS, end_s), MARKS + 1).astype(np.int64)[1:]
    marks_s[-1] = NEVER
    course = decode.begin(d, blank, policy, np.zeros(d.op.shape[0] - 1, dtype=np.int64))
    return Beam(marks_s, [Branch(0.0, course, np.zeros(width))])


def grow(d: Deck, view: Outlook, beam: Beam, policy: Policy, variation: Floats) -> None:
    """Continue the next course in turn to the next mark under a policy; after the last one keep the best."""
    course = beam.kept[beam.tried // KIDS].course
    now_s = int(beam.marks_s[beam.mark - 1]) if beam.mark else 0
    until_s = int(beam.marks_s[beam.mark])
    course = decode.copy_course(course)._replace(dated=policy.key + policy.latest_s / policy.patience_s)
    sorted_anew(d, policy, course, now_s)
    if decode.advance(d, policy, course, np.zeros(d.op.shape[0] - 1, dtype=np.int64), until_s) < 0:
        looks = view.orders, view.owner, view.ahead_s, view.lasts_s
        soft_s = view.soft_s if until_s < NEVER else 1.0
        value = expected(*looks, course.desk, until_s, LEAD, soft_s)
        beam.found.append(Branch(value, course, variation))
    beam.tried += 1
    if beam.tried < KIDS * len(beam.kept):
        return
    best = {branch.value: branch for branch in reversed(beam.found)}
    beam.kept = [best[value] for value in sorted(best)[:WIDTH]]
    beam.found, beam.tried = [], 0
    beam.mark = beam.mark + 1 if beam.kept else len(beam.marks_s)
