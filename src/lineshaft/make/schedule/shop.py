"""The shop as arrays: what `compile` makes of the tables and what every search method reads.

Everything is counted in whole seconds from the plan's start and everything that can be held is a *lane*:
a resource of capacity 3 is three lanes, each with its own calendar, each serving one operation at a time.
A person with a skill, a fixture of which there are two, a booth with four places and a machine are all the same here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

END_START, START_START, OVERLAP, END_END = range(4)
FORBIDDEN_S = 1 << 50
ALWAYS = 0
NEVER_S = np.int64(1) << 60


@dataclass(frozen=True)
class Shop:
    """A finite-capacity scheduling problem.

    CSR arrays come in pairs: row `i` of `x` is `x[x_ptr[i]:x_ptr[i + 1]]`.

    Orders (n_orders): `order_release_s`, `order_due_s` (NEVER_S without a due date), `order_weight`,
    `order_counts` (True for orders whose flow time and tardiness are measured: those made for no other order).

    Operations (n_ops): `op_order`; `op_release_s` (own earliest start: order release, material, "not before");
    `op_family` (-1 without); `op_pausable`; `op_last` (True when the order is complete only after it; an order
    ends when all its last operations have ended).
    `op_mix` (recipes that may share a load have one number, -1 none), `op_load` (thousandths of the unit).
    Predecessors: `pred_ptr`, `pred_op`, `pred_kind`, `pred_lag_s` (clock time), `pred_lag_max_s` (NEVER_S without).
    END_START and START_START: starts no sooner than the lag after the other's end or start. OVERLAP: starts no sooner
    than the other has worked `mode_first_s`, ends no sooner than `mode_last_s` after the other's end. END_END: ends no
    sooner than the lag after the other's end. The graph has no cycle; `topo` is one topological order of operations.

    Modes: `mode_ptr` (n_ops + 1) into mode arrays; `mode_s` working seconds; `mode_first_s` of them until the first
    transfer lot is done; `mode_last_s` for the last lot that comes in. `mode_from`, `mode_to` (bays, -1 anywhere): an
    operation is done where it ends; a mode with `mode_from` moves things: it begins where each predecessor was done,
    and each successor is done where it ends. A mode of the tables whose first demand can be met by lanes of different
    efficiency or bay is one mode here for each of these.
    Demands: `demand_ptr` (n_modes + 1); each demand takes `demand_quantity` different lanes of its pool.
    Pools: `pool_ptr`, `pool_lane` (lanes sorted). A mode without demands holds nothing and runs by the clock.

    Budgets (n_budgets): what is used up for good; `budget` is all there is of each (in order of
    resource ids), `mode_spend[mode, budget]` what a mode takes. The modes of all operations together keep within it.

    Lanes (n_lanes): `lane_resource` (index of resource), `lane_place` (place number from 1), `lane_calendar`,
    `lane_group` (row of `setup_s`, -1: no setups), `lane_family` (family it is set up for at the start, -1 none).
    `lane_load_max` (thousandths; 0: no batch lane): operations of one mix that start and end together may share a
    batch lane up to that load; they take as long as the longest of them needs.
    Setups: `setup_s[group, from, to]`, family -1 (none) needs no setup on either side. A setup uses only its lane,
    working time of the lane's calendar, immediately usable from the end of the lane's operation before it;
    it need not wait for the order's previous step. FORBIDDEN_S: the change must not happen.

    Calendars: calendar 0 is ALWAYS (24/7). Calendar c works in [`cal_start`[i], `cal_end`[i]) for i in
    `cal_ptr[c]:cal_ptr[c + 1]`, sorted, disjoint, not touching; `cal_before[i]` is the working time of c before
    interval i. `cal_both[a, b]` is the calendar of their intersection (-1 where never needed): an operation works
    only when all its lanes work. An operation that may pause spreads its work over the intervals of that calendar;
    one that may not needs a single interval long enough. Zero-length operations start in working time
    (or at its very start). Nothing may be planned after `horizon_s`; ALWAYS ends there too.

    Fixed (history, running, locked, frozen): `fixed` (n_ops) True: start, end, mode and lanes are given in
    `fixed_start_s`, `fixed_end_s`, `fixed_mode` and `fixed_lane` (CSR `fixed_ptr`, lanes in demand order); they are
    taken as they are, even against rules.
    Start values: `warm_mode`, `warm_start_s` from a previous plan (-1, NEVER_S where there is none).
    """

    order_release_s: Ints
    order_due_s: Ints
    order_weight: Ints
    order_counts: Bools
    op_order: Ints
    op_release_s: Ints
    op_family: Ints
    op_pausable: Bools
    op_last: Bools
    op_mix: Ints
    op_load: Ints
    pred_ptr: Ints
    pred_op: Ints
    pred_kind: Ints
    pred_lag_s: Ints
    pred_lag_max_s: Ints
    topo: Ints
    mode_ptr: Ints
    mode_s: Ints
    mode_first_s: Ints
    mode_last_s: Ints
    mode_from: Ints
    mode_to: Ints
    demand_ptr: Ints
    demand_quantity: Ints
    demand_pool: Ints
    pool_ptr: Ints
    pool_lane: Ints
    lane_resource: Ints
    lane_place: Ints
    lane_calendar: Ints
    lane_group: Ints
    lane_family: Ints
    lane_load_max: Ints
    setup_s: Ints
    cal_ptr: Ints
    cal_start: Ints
    cal_end: Ints
    cal_before: Ints
    cal_both: Ints
    horizon_s: int
    fixed: Bools
    fixed_start_s: Ints
    fixed_end_s: Ints
    fixed_mode: Ints
    fixed_ptr: Ints
    fixed_lane: Ints
    warm_mode: Ints
    warm_start_s: Ints
    budget: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    mode_spend: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))

    @property
    def n_ops(self) -> int:
        """Number of operations."""
        return len(self.op_order)

    @property
    def n_orders(self) -> int:
        """Number of orders."""
        return len(self.order_release_s)

    @property
    def n_lanes(self) -> int:
        """Number of lanes."""
        return len(self.lane_resource)


@dataclass(frozen=True)
class Timetable:
    """An answer: `mode` (global mode index), `start_s`, `end_s` per operation, and the lanes held (CSR, demand order)."""

    mode: Ints
    start_s: Ints
    end_s: Ints
    lane_ptr: Ints
    lane: Ints


@dataclass(frozen=True)
class Score:
    """The four figures in seconds: makespan, Σ weight·tardiness, Σ flow time over counted orders, Σ setup."""

    makespan_s: int
    weighted_tardiness_s: int
    flow_s: int
    setup_s: int

    def as_array(self) -> NDArray[np.float64]:
        """The four figures in the order of `OBJECTIVES`."""
        return np.array(
            [self.makespan_s, self.weighted_tardiness_s, self.flow_s, self.setup_s], dtype=np.float64
        )


OBJECTIVES = ("makespan", "weighted_tardiness", "mean_flow_time", "setup")


@dataclass(frozen=True)
class Goal:
    """What is minimised: `levels[k, f]` weighs figure f at priority k; level 0 first, ties go to the next."""

    levels: NDArray[np.float64]
