"""CP-SAT on the pooled model of a project: proofs, and windows of a plan solved anew.

One cumulative a resource, one linear constraint a budget, the best plan as hint and horizon. One worker and a limit of
deterministic time: the same project gives the same answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from lineshaft.make.schedule.search.cpsat import cut_short, solver_of
from lineshaft.make.schedule.search.project_kernels import (
    FIRST_MODE,
    FIRST_PRED,
    LAG,
    OP,
    RELEASE,
    Net,
)
from lineshaft.make.schedule.shop import Bools, Ints


@dataclass(frozen=True)
class Found:
    """What a run found: a plan (None: none shorter) and a lower bound, in units.

    `complete` is False when the wall clock cut the run short; nothing of it may then be used.
    """

    start: Ints | None
    mode: Ints | None
    bound: int
    complete: bool


def shorter(
    net: Net,
    start: Ints,
    mode: Ints,
    low: int,
    free: Bools,
    seed: int,
    work_s: float,
    time_left_s: float | None,
) -> Found:
    """Look for a plan that ends at least one unit before the given one.

    Parameters
    ----------
    low
        No plan is shorter (units).
    free
        Activities that may take any mode and place; two others keep their modes, and their order where one has ended
        when the other begins. With all of them free the bound holds for the project.
    work_s
        Limit in CP-SAT's deterministic time.
    time_left_s
        Limit by the clock, or none.
    """
    span = int((start + net.work[mode]).max())
    model = Model(net, start, mode, free, low, span - 1)
    solver = solver_of(work_s, seed, time_left_s, hasty=True)
    status = solver.solve(model.cp)
    if cut_short(solver, status, time_left_s):
        return Found(None, None, low, False)
    if status == cp_model.INFEASIBLE:
        return Found(None, None, span if free.all() else low, True)
    bound = max(low, math.ceil(solver.best_objective_bound - 1e-6)) if free.all() else low
    if status == cp_model.UNKNOWN:
        return Found(None, None, bound, True)
    return Found(*model.read(solver), bound, True)


class Model:
    """A project in CP-SAT's terms, with a makespan from `low` to `high`."""

    def __init__(self, net: Net, start: Ints, mode: Ints, free: Bools, low: int, high: int) -> None:
        self.net, self.cp = net, cp_model.CpModel()
        self.n = len(start)
        self.begin, self.end = (
            [self.cp.new_int_var(int(net.op[op, RELEASE]), max(high, 0), "") for op in range(self.n)]
            for _ in range(2)
        )
        self.taken: dict[int, cp_model.IntVar] = {}
        self.holds: list[list[tuple[cp_model.IntervalVar, int]]] = [[] for _ in net.capacity]
        self.spent: list[list[tuple[cp_model.IntVar, int]]] = [[] for _ in net.budget]
        for op in range(self.n):
            first, last = int(net.op[op, FIRST_MODE]), int(net.op[op + 1, FIRST_MODE])
            self._activity(op, range(first, last) if free[op] else [int(mode[op])], int(mode[op]))
            self.cp.add_hint(self.begin[op], int(start[op]))
        for held, capacity in zip(self.holds, net.capacity.tolist()):
            self.cp.add_cumulative([interval for interval, _ in held], [many for _, many in held], capacity)
        for spent, budget in zip(self.spent, net.budget.tolist()):
            self.cp.add(sum(literal * much for literal, much in spent) <= budget)
        for op in range(self.n):
            for i in range(net.op[op, FIRST_PRED], net.op[op + 1, FIRST_PRED]):
                self.cp.add(self.begin[op] >= self.end[net.pred[i, OP]] + int(net.pred[i, LAG]))
        self._keep_order(start, start + net.work[mode], ~free)
        span = self.cp.new_int_var(low, max(high, low), "span")
        self.cp.add_max_equality(span, self.end)
        self.cp.add(span <= high)
        self.cp.minimize(span)

    def _activity(self, op: int, modes: range | list[int], hint: int) -> None:
        """Its modes as optional intervals of fixed size; a single one is no choice."""
        net = self.net
        for mode in modes:
            work, literal = int(net.work[mode]), self.cp.new_bool_var("")
            self.taken[mode] = literal
            self.cp.add_hint(literal, mode == hint)
            if len(modes) == 1:
                interval = self.cp.new_fixed_size_interval_var(self.begin[op], work, "")
                self.cp.add(self.end[op] == self.begin[op] + work)
            else:
                interval = self.cp.new_optional_interval_var(self.begin[op], work, self.end[op], literal, "")
            for resource in np.flatnonzero(net.need[mode]).tolist():
                self.holds[resource].append((interval, int(net.need[mode, resource])))
            for budget in np.flatnonzero(net.spend[mode]).tolist():
                self.spent[budget].append((literal, int(net.spend[mode, budget])))
        self.cp.add_exactly_one([self.taken[mode] for mode in modes])

    def _keep_order(self, start: Ints, end: Ints, kept: Bools) -> None:
        """Activities that are kept begin after what ended before them; what others imply is left out."""
        ops = np.flatnonzero(kept & (end > start))
        for op in ops.tolist():
            before = ops[end[ops] <= start[op]]
            latest = start[before].max(initial=-1)
            for other in before[end[before] > latest].tolist():
                self.cp.add(self.begin[op] >= self.end[other])

    def read(self, solver: cp_model.CpSolver) -> tuple[Ints, Ints]:
        """Starts and modes of the plan that was found."""
        mode = np.sort([mode for mode, literal in self.taken.items() if solver.boolean_value(literal)])
        return np.array([solver.value(begin) for begin in self.begin], dtype=np.int64), mode.astype(np.int64)
