"""Modes that keep within budgets: what is used up for good is settled before any time is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from ortools.sat.python import cp_model

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.layout.calendars import ranges
from lineshaft.make.schedule.search.cpsat import solver_of
from lineshaft.make.schedule.shop import Ints, Shop, Timetable

CHOICE_WORK_S = 20.0


def affordable(shop: Shop, names: list[str]) -> Ints:
    """One mode an operation with the least work (held lanes × time) that all budgets together can pay.

    Parameters
    ----------
    names
        The resource behind each budget.

    Raises
    ------
    BadInput
        Naming the budgets that no choice keeps.
    """
    least = np.zeros(len(shop.budget), dtype=np.int64)
    for op in range(shop.n_ops):
        least += shop.mode_spend[options(shop, op)].min(axis=0)
    if (least > shop.budget).any():
        raise BadInput([_too_dear(names[b], least[b]) for b in np.flatnonzero(least > shop.budget)])
    cp = cp_model.CpModel()
    taken = [cp.new_bool_var(f"mode{mode}") for mode in range(len(shop.mode_s))]
    for op in range(shop.n_ops):
        cp.add_exactly_one([taken[mode] for mode in options(shop, op)])
    for budget, capacity in enumerate(shop.budget.tolist()):
        cp.add(
            sum(taken[mode] * int(s) for mode, s in enumerate(shop.mode_spend[:, budget]) if s) <= capacity
        )
    held = np.append(0, np.cumsum(shop.demand_quantity))
    lanes = held[shop.demand_ptr[1:]] - held[shop.demand_ptr[:-1]]
    cp.minimize(sum(int(work) * literal for work, literal in zip(shop.mode_s * np.maximum(lanes, 1), taken)))
    solver = solver_of(CHOICE_WORK_S)
    if solver.solve(cp) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise BadInput([_too_dear(name, None) for name in names])
    return np.flatnonzero([solver.boolean_value(literal) for literal in taken]).astype(np.int64)


def options(shop: Shop, op: int) -> list[int]:
    """The modes an operation may take: its own, or the one it is fixed in."""
    if shop.fixed[op]:
        return [int(shop.fixed_mode[op])]
    return list(range(int(shop.mode_ptr[op]), int(shop.mode_ptr[op + 1])))


def narrowed(shop: Shop, mode: Ints) -> Shop:
    """The shop with these modes alone: mode i is that of operation i, and no budget is left to mind."""
    count = np.diff(shop.demand_ptr)[mode]
    demand = ranges(shop.demand_ptr[mode], count)
    own = np.arange(shop.n_ops)
    return replace(
        shop,
        mode_ptr=np.arange(shop.n_ops + 1),
        **{
            name: getattr(shop, name)[mode]
            for name in ("mode_s", "mode_first_s", "mode_last_s", "mode_from", "mode_to")
        },
        demand_ptr=np.append(0, np.cumsum(count)),
        demand_quantity=shop.demand_quantity[demand],
        demand_pool=shop.demand_pool[demand],
        fixed_mode=np.where(shop.fixed, own, shop.fixed_mode),
        warm_mode=np.where(shop.warm_mode >= 0, own, shop.warm_mode),
        budget=shop.budget[:0],
        mode_spend=np.zeros((shop.n_ops, 0), dtype=np.int64),
    )


def widened(timetable: Timetable, mode: Ints) -> Timetable:
    """A timetable of the narrowed shop in the numbers of the whole one."""
    return replace(timetable, mode=mode[timetable.mode])


def _too_dear(name: str, least: int | None) -> Fault:
    """The fault of a budget that cannot be kept: alone, or together with the others."""
    if least is None:
        words = Words(
            "no choice of modes keeps all budgets at once", "没有任何工序方案组合能同时满足全部限额"
        )
    else:
        words = Words(
            f"even the cheapest modes need {least} of this budget", f"即使采用最省的方案也需要 {least}"
        )
    return Fault("resource", (name,), "capacity", None, "budget", words)
