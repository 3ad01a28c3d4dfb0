"""How far steps may start later without anything else giving way, and which later hours are cheaper."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.costs import priced, step_calendars
from lineshaft.make.schedule.layout.calendars import latest_with, pointers, worked_until
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.layout.tariffs import Tariff
from lineshaft.make.schedule.plan import lane_use
from lineshaft.make.schedule.shop import END_START, NEVER_S, Bools, Ints, Shop, Timetable

Floats = NDArray[np.float64]
LOOKED_AT = 8
LEAST_FEN = 1e-6


class Slack:
    """The room behind the steps of a timetable.

    Parameters
    ----------
    allowed_s
        For each order, when it must have ended (s; NEVER_S: never).

    Attributes
    ----------
    latest_s
        Latest starts (s) of all steps together, in the same sequences: whichever of them are delayed that far, no
        order ends after `allowed_s`. An estimate: steps that may not pause, and setups over closed hours, can need more.
    """

    def __init__(self, compiled: Compiled, timetable: Timetable, allowed_s: Ints) -> None:
        self.compiled, self.timetable = compiled, timetable
        self.calendar = step_calendars(compiled, timetable)
        self.work_s = np.zeros(compiled.shop.n_ops, dtype=np.int64)
        for number in np.unique(self.calendar):
            mine = self.calendar == number
            span = compiled.hours.spans[number]
            self.work_s[mine] = worked_until(span, timetable.end_s[mine]) - worked_until(
                span, timetable.start_s[mine]
            )
        self.latest_s = self._latest(allowed_s)

    def _latest(self, allowed_s: Ints) -> Ints:
        """Backwards along routes and lanes."""
        shop, timetable = self.compiled.shop, self.timetable
        start_s, work_s, calendar = timetable.start_s.tolist(), self.work_s.tolist(), self.calendar.tolist()
        end_s = np.where(shop.op_last, allowed_s[shop.op_order], NEVER_S).tolist()
        latest_s = [int(NEVER_S)] * shop.n_ops
        before = lane_before(shop, timetable)
        clocks: dict[int, tuple[list[int], list[int], list[int]]] = {}
        rank = np.empty(shop.n_ops, dtype=np.int64)
        rank[shop.topo] = np.arange(shop.n_ops)
        arcs = [array.tolist() for array in (shop.pred_ptr, shop.pred_op, shop.pred_kind, shop.pred_lag_s)]
        for op in np.lexsort((rank, timetable.start_s))[::-1].tolist():
            if calendar[op] not in clocks:
                clocks[calendar[op]] = clock_of(self.compiled.hours.spans[calendar[op]])
            until_s = begins(clocks[calendar[op]], end_s[op], work_s[op])
            latest_s[op] = start_s[op] if shop.fixed[op] else max(start_s[op], min(latest_s[op], until_s))
            slack_s = latest_s[op] - start_s[op]
            for other, setup_s in before[op]:
                end_s[other] = min(end_s[other], latest_s[op] - setup_s)
            for i in range(arcs[0][op], arcs[0][op + 1]):
                other = arcs[1][i]
                if arcs[2][i] == END_START:
                    end_s[other] = min(end_s[other], latest_s[op] - arcs[3][i])
                else:
                    latest_s[other] = min(latest_s[other], start_s[other] + slack_s)
        return np.array(latest_s, dtype=np.int64)

    def fen(self, ops: Ints, start_s: Ints) -> Floats:
        """Electricity and overtime (fen) of some steps if they worked as long from `start_s` on."""
        compiled, calendar = self.compiled, self.calendar[ops]
        end_s = self._shifted(ops, start_s, self.work_s[ops])
        power_kw = compiled.modes["power_kw"].fill_null(0.0).to_numpy()[self.timetable.mode[ops]]
        fen = np.zeros(len(ops))
        if len(compiled.tariffs.energy.start_s) and power_kw.any():
            fen += power_kw * priced(compiled, compiled.tariffs.energy, calendar, start_s, end_s)
        for tariff, holds in self.paid:
            mine = holds[ops]
            fen[mine] += priced(compiled, tariff, calendar[mine], start_s[mine], end_s[mine])
        return fen

    def _shifted(self, ops: Ints, at_s: Ints, work_s: Ints) -> Ints:
        """The moments so much working time of the steps after (or before) others."""
        moved_s, calendar = at_s.copy(), self.calendar[ops]
        for number in np.unique(calendar):
            mine, span = calendar == number, self.compiled.hours.spans[number]
            if len(span[0]):
                worked_s = worked_until(span, at_s[mine]) + work_s[mine]
                moved_s[mine] = latest_with(span, np.maximum(worked_s, 0))
        return moved_s

    @cached_property
    def paid(self) -> list[tuple[Tariff, Bools]]:
        """Overtime that costs something on a lane, and which steps hold the lane."""
        timetable, found = self.timetable, []
        op = np.repeat(np.arange(self.compiled.shop.n_ops), np.diff(timetable.lane_ptr))
        for lane in np.unique(timetable.lane):
            tariff = self.compiled.tariffs.overtime[lane]
            if len(tariff.start_s):
                holds = np.zeros(self.compiled.shop.n_ops, dtype=np.bool_)
                holds[op[timetable.lane == lane]] = True
                found.append((tariff, holds))
        return found

    def cheaper(self) -> tuple[Ints, Ints, Floats]:
        """Steps that would cost less if they began when a price changes, or ended then: each step once for every such
        start (s), with what it saves (fen).
        """
        shop, start_s, edges = self.compiled.shop, self.timetable.start_s, price_edges(self.compiled)
        every = np.flatnonzero(~shop.fixed)
        now = self.fen(every, start_s[every])
        ops, now = every[now > 0], now[now > 0]
        ahead = np.searchsorted(edges, start_s[ops], side="right")[:, None] + np.arange(LOOKED_AT)
        op, look = np.nonzero(ahead < len(edges))
        edge_s = edges[ahead[op, look]]
        then_s = np.concatenate([edge_s, self._shifted(ops[op], edge_s, -self.work_s[ops[op]])])
        op = np.concatenate([op, op])
        may = (then_s > start_s[ops[op]]) & (then_s <= self.latest_s[ops[op]])
        op, then_s = op[may], then_s[may]
        saved = now[op] - self.fen(ops[op], then_s)
        pays = saved > LEAST_FEN
        return ops[op[pays]], then_s[pays], saved[pays]

    def later(self) -> tuple[Ints, Ints, Floats]:
        """Steps that can start later, their latest starts (s) and by how much that is later (s)."""
        later_s = self.latest_s - self.timetable.start_s
        found = np.flatnonzero((later_s > 0) & (self.latest_s < NEVER_S))
        return found, self.latest_s[found], later_s[found].astype(np.float64)


def price_edges(compiled: Compiled) -> Ints:
    """Moments (s, from the plan's start on) at which work becomes dearer or cheaper."""
    tariffs = compiled.tariffs
    edges = [np.zeros(0, dtype=np.int64)]
    edges += [
        array for tariff in (tariffs.energy, *tariffs.overtime) for array in (tariff.start_s, tariff.end_s)
    ]
    found = np.unique(np.concatenate(edges))
    return found[found >= 0]


def lane_before(shop: Shop, timetable: Timetable) -> list[list[tuple[int, int]]]:
    """For each step who holds its lanes before it and the setup between them (s); not who shares its load."""
    use = lane_use(shop, timetable)
    before: list[list[tuple[int, int]]] = [[] for _ in range(shop.n_ops)]
    op, opens, setup_s = use.op.tolist(), use.opens.tolist(), use.setup_s.tolist()
    start_s = timetable.start_s.tolist()
    for i in range(1, len(op)):
        if not opens[i] and start_s[op[i - 1]] != start_s[op[i]]:
            before[op[i]].append((op[i - 1], setup_s[i]))
    return before


def clock_of(span: tuple[Ints, Ints]) -> tuple[list[int], list[int], list[int]]:
    """Starts, ends and working seconds before each interval of a calendar, as lists."""
    return span[0].tolist(), span[1].tolist(), pointers(span[1] - span[0])[:-1].tolist()


def begins(clock: tuple[list[int], list[int], list[int]], end_s: int, work_s: int) -> int:
    """The latest time (s) from which `work_s` are worked until `end_s`."""
    starts, ends, worked_s = clock
    if end_s >= NEVER_S or not starts:
        return int(NEVER_S)
    i = bisect_right(starts, end_s) - 1
    if i < 0:
        return end_s
    left_s = worked_s[i] + min(end_s, ends[i]) - starts[i] - work_s
    if left_s < 0:
        return starts[0]
    j = bisect_right(worked_s, left_s) - 1
    return starts[j] + left_s - worked_s[j]
