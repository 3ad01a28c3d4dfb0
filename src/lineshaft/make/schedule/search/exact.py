"""CP-SAT for small shops: better plans and proofs where every lane works around the clock and nothing is set up.

The best plan so far is hint and horizon. One cumulative for each group of lanes that certain work cannot leave makes
up for the weak bound of alternatives (each alone is a relaxation that CP-SAT does not see). One worker and a limit of
deterministic time: the same shop gives the same answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from lineshaft.make.schedule.bounds.groups import connected, different_teams, lane_choices, lanes_of_pools
from lineshaft.make.schedule.search.cpsat import cut_short, solver_of
from lineshaft.make.schedule.shop import ALWAYS, END_START, NEVER_S, OBJECTIVES, Goal, Shop, Timetable

MOST_OPS = 300
MOST_CHOICES = 6_000
MOST_CHOICES_OF_TEAMS = 600


@dataclass(frozen=True)
class Proof:
    """What a run found: a plan (None: none found) and a lower bound (s) of the figure that leads the goal.

    `complete` is False when the wall clock cut the run short; nothing of it may then be used.
    """

    timetable: Timetable | None
    bound_s: int
    complete: bool


def suits(shop: Shop, goal: Goal) -> bool:
    """True where the model here is the whole truth and small enough: one figure leads, and it is not setup time.

    Where steps hold several lanes at once, CP-SAT's presolve takes seconds of a few hundred choices already.
    """
    used = shop.lane_calendar[np.unique(shop.pool_lane)]
    choices = np.diff(shop.pool_ptr)[shop.demand_pool].sum()
    setups = bool((shop.lane_group >= 0).any() and shop.setup_s.any() and (shop.op_family >= 0).any())
    leading = np.flatnonzero(goal.levels[0])
    one = len(leading) == 1 and OBJECTIVES[leading[0]] != "setup"
    teams = bool((np.diff(shop.demand_ptr) > 1).any())
    small = 0 < shop.n_ops <= MOST_OPS and choices <= (MOST_CHOICES_OF_TEAMS if teams else MOST_CHOICES)
    return small and one and not setups and bool((used == ALWAYS).all())


def prove(
    shop: Shop, goal: Goal, best: Timetable, seed: int, work_s: float, time_left_s: float | None
) -> Proof:
    """Minimise the first level of the goal for `work_s` of CP-SAT's deterministic time, from the best plan known."""
    model = Model(shop, goal, best)
    solver = solver_of(work_s, seed, time_left_s)
    found = solver.solve(model.cp)
    if cut_short(solver, found, time_left_s):
        return Proof(None, 0, False)
    if found not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Proof(None, 0, True)
    return Proof(model.read(solver), math.ceil(solver.best_objective_bound - 1e-6), True)


@dataclass
class Model:
    """The shop in CP-SAT's terms."""

    shop: Shop
    goal: Goal
    best: Timetable
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)

    def __post_init__(self) -> None:
        shop = self.shop
        self.figure = OBJECTIVES[int(np.flatnonzero(self.goal.levels[0])[0])]
        self.horizon_s = self._horizon_s()
        self.on_lane: list[list[cp_model.IntervalVar]] = [[] for _ in range(shop.n_lanes)]
        self.start = [self._time(op, f"start{op}") for op in range(shop.n_ops)]
        self.end = [self._time(op, f"end{op}") for op in range(shop.n_ops)]
        self.interval: list[cp_model.IntervalVar | None] = [None] * shop.n_ops
        self.in_mode: dict[int, cp_model.IntVar] = {}
        self.on: dict[tuple[int, int], cp_model.IntVar] = {}
        for op in range(shop.n_ops):
            if shop.fixed[op]:
                self._fix(op)
            else:
                self._modes(op)
        for op in range(shop.n_ops):
            self._precede(op)
        self._held()
        for intervals in self.on_lane:
            self.cp.add_no_overlap(intervals)
        self._groups()
        self._minimise()

    def _horizon_s(self) -> int:
        """Nothing need end later: the best makespan so far, or all work one after the other."""
        shop = self.shop
        if self.figure == "makespan":
            return int(self.best.end_s.max(initial=0))
        if (shop.pred_lag_max_s < NEVER_S).any():
            return int(shop.horizon_s)
        longest_s = np.maximum.reduceat(shop.mode_s, shop.mode_ptr[:-1]).sum() + shop.pred_lag_s.sum()
        return int(max(shop.op_release_s.max(), shop.fixed_end_s.max(), 0) + longest_s)

    def _time(self, op: int, name: str) -> cp_model.IntVar:
        low = (
            int(min(self.shop.fixed_start_s[op], 0))
            if self.shop.fixed[op]
            else int(self.shop.op_release_s[op])
        )
        high = int(max(self.shop.fixed_end_s[op], 0)) if self.shop.fixed[op] else max(low, self.horizon_s)
        return self.cp.new_int_var(low, high, name)

    def _fix(self, op: int) -> None:
        start, end = int(self.shop.fixed_start_s[op]), int(self.shop.fixed_end_s[op])
        self.cp.add(self.start[op] == start)
        self.cp.add(self.end[op] == end)

    def _held(self) -> None:
        """Fixed steps hold their lanes; where they overlap each other, their union does."""
        shop = self.shop
        spans: list[list[tuple[int, int]]] = [[] for _ in range(shop.n_lanes)]
        for op in np.flatnonzero(shop.fixed).tolist():
            for lane in shop.fixed_lane[shop.fixed_ptr[op] : shop.fixed_ptr[op + 1]].tolist():
                spans[lane].append((max(0, int(shop.fixed_start_s[op])), int(shop.fixed_end_s[op])))
        for lane, held in enumerate(spans):
            taken = 0
            for start, end in sorted(held):
                if end > max(start, taken):
                    size = end - max(start, taken)
                    self.on_lane[lane].append(self.cp.new_fixed_size_interval_var(end - size, size, "fixed"))
                taken = max(taken, end)

    def _modes(self, op: int) -> None:
        shop = self.shop
        modes = range(shop.mode_ptr[op], shop.mode_ptr[op + 1])
        work = self.cp.new_int_var(
            int(shop.mode_s[modes[0] : modes[-1] + 1].min()),
            int(shop.mode_s[modes[0] : modes[-1] + 1].max()),
            "",
        )
        self.interval[op] = self.cp.new_interval_var(self.start[op], work, self.end[op], f"op{op}")
        self.cp.add_hint(self.start[op], int(self.best.start_s[op]))
        held = set(self.best.lane[self.best.lane_ptr[op] : self.best.lane_ptr[op + 1]].tolist())
        for mode in modes:
            self.in_mode[mode] = self.cp.new_bool_var(f"mode{mode}")
            self.cp.add_hint(self.in_mode[mode], mode == self.best.mode[op])
            self.cp.add(work == int(shop.mode_s[mode])).only_enforce_if(self.in_mode[mode])
            self._demands(op, mode, held if mode == self.best.mode[op] else set())
        self.cp.add_exactly_one([self.in_mode[mode] for mode in modes])

    def _demands(self, op: int, mode: int, held: set[int]) -> None:
        shop, taken = self.shop, {}
        demands = range(shop.demand_ptr[mode], shop.demand_ptr[mode + 1])
        for demand in demands:
            pool, quantity = shop.demand_pool[demand], int(shop.demand_quantity[demand])
            lanes = shop.pool_lane[shop.pool_ptr[pool] : shop.pool_ptr[pool + 1]].tolist()
            whole = len(lanes) == quantity
            for lane in lanes:
                literal = self.in_mode[mode] if whole else self.cp.new_bool_var(f"on{demand},{lane}")
                self.on[demand, lane] = literal
                taken.setdefault(lane, []).append(literal)
                if not whole and len(demands) == 1:
                    self.cp.add_hint(literal, lane in held)
                self.on_lane[lane].append(
                    self.cp.new_optional_fixed_size_interval_var(
                        self.start[op], int(shop.mode_s[mode]), literal, ""
                    )
                )
            if not whole:
                self.cp.add(sum(self.on[demand, lane] for lane in lanes) == quantity * self.in_mode[mode])
        for literals in taken.values():
            if len(literals) > 1:
                self.cp.add_at_most_one(literals)

    def _precede(self, op: int) -> None:
        shop = self.shop
        if shop.fixed[op]:
            return
        for i in range(shop.pred_ptr[op], shop.pred_ptr[op + 1]):
            before = shop.pred_op[i]
            since = self.end[before] if shop.pred_kind[i] == END_START else self.start[before]
            self.cp.add(self.start[op] >= since + int(shop.pred_lag_s[i]))
            if shop.pred_lag_max_s[i] < NEVER_S:
                self.cp.add(self.start[op] <= since + int(shop.pred_lag_max_s[i]))

    def _groups(self) -> None:
        """One cumulative a group of lanes for the steps that hold one of them in every mode."""
        shop = self.shop
        pools = lanes_of_pools(shop)
        choices = lane_choices(different_teams(shop), pools)
        for lanes in sorted(choices | set(connected(choices)), key=sorted):
            if len(lanes) < 2:
                continue
            inside = np.array([pool <= lanes for pool in pools])[shop.demand_pool]
            held = np.append(0, np.cumsum(shop.demand_quantity * inside))
            many = held[shop.demand_ptr[1:]] - held[shop.demand_ptr[:-1]]
            least = np.minimum.reduceat(many, shop.mode_ptr[:-1])
            mine = [op for op in np.flatnonzero(least).tolist() if self.interval[op] is not None]
            if len(mine) > len(lanes):
                self.cp.add_cumulative([self.interval[op] for op in mine], least[mine].tolist(), len(lanes))

    def _minimise(self) -> None:
        """The figure that leads: makespan, or a sum over the orders that count."""
        shop = self.shop
        if self.figure == "makespan":
            makespan = self.cp.new_int_var(0, max(self.horizon_s, int(shop.fixed_end_s.max())), "makespan")
            self.cp.add_max_equality(makespan, [0, *self.end])
            self.cp.minimize(makespan)
            return
        terms = []
        for order in np.flatnonzero(shop.order_counts).tolist():
            last = np.flatnonzero((shop.op_order == order) & shop.op_last).tolist()
            done = self.cp.new_int_var(min(0, int(shop.fixed_end_s.min())), self.horizon_s, f"done{order}")
            self.cp.add_max_equality(done, [self.end[op] for op in last])
            due_s = int(shop.order_due_s[order])
            if self.figure == "mean_flow_time":
                terms.append(done - int(shop.order_release_s[order]))
            elif due_s < NEVER_S:
                late = self.cp.new_int_var(0, max(0, self.horizon_s - due_s), f"late{order}")
                self.cp.add(late >= done - due_s)
                terms.append(int(shop.order_weight[order]) * late)
        self.cp.minimize(sum(terms))

    def read(self, solver: cp_model.CpSolver) -> Timetable:
        """The plan that was found."""
        shop = self.shop
        mode, lanes, lane_ptr = np.zeros(shop.n_ops, dtype=np.int64), [], [0]
        for op in range(shop.n_ops):
            if shop.fixed[op]:
                mode[op] = shop.fixed_mode[op]
                lanes += shop.fixed_lane[shop.fixed_ptr[op] : shop.fixed_ptr[op + 1]].tolist()
            else:
                options = range(shop.mode_ptr[op], shop.mode_ptr[op + 1])
                mode[op] = next(option for option in options if solver.boolean_value(self.in_mode[option]))
                for demand in range(shop.demand_ptr[mode[op]], shop.demand_ptr[mode[op] + 1]):
                    pool = shop.demand_pool[demand]
                    for lane in shop.pool_lane[shop.pool_ptr[pool] : shop.pool_ptr[pool + 1]].tolist():
                        if solver.boolean_value(self.on[demand, lane]):
                            lanes.append(lane)
            lane_ptr.append(len(lanes))
        start_s = np.array([solver.value(start) for start in self.start], dtype=np.int64)
        end_s = np.array([solver.value(end) for end in self.end], dtype=np.int64)
        return Timetable(
            mode, start_s, end_s, np.array(lane_ptr, dtype=np.int64), np.array(lanes, dtype=np.int64)
        )
