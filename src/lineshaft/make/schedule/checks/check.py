"""An independent check of a shop plan: plain loops over rows, nothing shared with `compile`, `score` or `solve`.

What has happened or is locked or frozen (a *pinned* step) is taken as it is: it must not have moved, other steps must
respect it, and rules among pinned steps alone are not judged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC
from itertools import accumulate

from lineshaft.core import Checked
from lineshaft.make.schedule.checks.costs import budget_faults, energy_fen, overtime_fen
from lineshaft.make.schedule.checks.flow import order_of_work_faults
from lineshaft.make.schedule.checks.hours import LaneHours, rows, to_s, to_s_up
from lineshaft.make.schedule.checks.lanes import Setups, lane_faults
from lineshaft.make.schedule.checks.loads import Loads
from lineshaft.make.schedule.checks.steps import Key, Step, clock, find_pins, named, read_places, read_steps
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook, ShopPlan

EPS = 1e-6


def check(book: ShopBook, plan: ShopPlan, params: ScheduleParams) -> Checked:
    """Recompute from inputs and outputs alone.

    Returns
    -------
    Checked
        Violations, one line each, naming order, step, resource and times; KPIs `makespan_min`,
        `weighted_tardiness_min`, `mean_flow_time_min`, `setup_min`, `setup_cost_cny`, `energy_cost_cny`,
        `overtime_cost_cny` as `solve` must report them.
    """
    start_s = plan_start_s(book, params)
    pins = find_pins(book, params, start_s)
    steps, faults = read_steps(book, plan, pins)
    times = [start_s] + [
        t for s in steps.values() for t in (s.start_s, s.end_s, s.setup_start_s) if t is not None
    ]
    hours = LaneHours(book, min(times), max(times))
    faults += read_places(book, plan, steps)
    loads = Loads(book, steps, hours)
    faults += pin_faults(steps)
    faults += work_faults(steps, loads, start_s)
    faults += loads.faults()
    faults += order_of_work_faults(book, steps, loads)
    faults += material_faults(book, steps)
    faults += budget_faults(book, steps)
    setup_s, setup_fen, found = lane_faults(steps, loads, Setups(book), start_s)
    faults += found
    faults += order_plan_faults(book, plan, steps)
    costs_fen = {
        "setup_cost_cny": setup_fen,
        "energy_cost_cny": energy_fen(book, steps, loads),
        "overtime_cost_cny": overtime_fen(steps, hours, loads),
    }
    figures = kpis(book, steps, start_s, setup_s)
    return Checked(tuple(faults), figures | {name: fen / 100 for name, fen in costs_fen.items()})


def plan_start_s(book: ShopBook, params: ScheduleParams) -> int:
    """The plan's start: the parameter or the first release, in whole seconds, rounded up as every earliest time."""
    first = book.work_orders["release"].min()
    given = params.start or first
    if given is None:
        return 0
    return to_s_up(given if given.tzinfo else given.replace(tzinfo=UTC))  # type: ignore[union-attr]


def pin_faults(steps: dict[Key, Step]) -> Iterator[str]:
    """Finished, running, locked and frozen steps are where they were."""
    for step in steps.values():
        pin = step.pin
        if pin is None:
            continue
        for what, was, now in (("starts", pin.start_s, step.start_s), ("ends", pin.end_s, step.end_s)):
            if was not in (None, now):
                yield f"{step.name}: is {pin.why} and {what} {clock(was)}, but is planned to {what[:-1]} {clock(now)}"
        if pin.mode_no not in (None, step.mode_no):
            yield f"{step.name}: is {pin.why} in mode {pin.mode_no}, but is planned in mode {step.mode_no}"
        if (
            step.places
            and pin.resource_id
            and pin.resource_id not in {resource for resource, _ in step.places}
        ):
            yield f"{step.name}: is {pin.why} on {pin.resource_id}, but is planned on {named(step.places)}"
        if pin.places is not None and pin.places != set(step.places):
            yield f"{step.name}: is {pin.why} on {named(pin.places)}, but is planned on {named(step.places)}"
        if pin.why == "locked" and not step.locked:
            yield f"{step.name}: was locked and is no longer"


def work_faults(steps: dict[Key, Step], loads: Loads, start_s: int) -> Iterator[str]:
    """Each step works its time within the working time of all it holds, and not before the plan begins."""
    for step in steps.values():
        if step.pin is None:
            if step.start_s < start_s:
                yield f"{step.name}: starts {clock(step.start_s)}, before the plan's start {clock(start_s)}"
            yield from _working_faults(step, loads)
        elif step.pin.why == "running":
            yield from _running_faults(step, loads, start_s)


def _running_faults(step: Step, loads: Loads, start_s: int) -> Iterator[str]:
    """What runs ends when the work left is done, at the earliest when the plan starts; a load ends as one."""
    shared, from_s, need_s = loads.hours.of(step.places), step.start_s, step.need_s
    if step.pin and step.pin.progress:
        from_s, done = step.pin.progress
        need_s = step.pieces_s(max(0, step.pieces - done))
    worked_s = shared.worked(from_s, step.end_s)
    overdue = worked_s >= need_s and step.end_s == max(from_s, start_s)
    done_now = worked_s == need_s and (shared.can_finish(step.end_s) if need_s else step.end_s == from_s)
    with_load = worked_s > need_s and any(mate is not step and mate.pin for mate in loads.mates[step.key])
    if not (done_now or overdue or with_load):
        yield f"{step.name}: is running, works {worked_s} s to {clock(step.end_s)}, needs {need_s} s"


def _working_faults(step: Step, loads: Loads) -> Iterator[str]:
    shared, need_s = loads.hours_of(step), loads.need_s(step)
    worked_s = shared.worked(step.start_s, step.end_s)
    if worked_s != need_s or step.end_s < step.start_s:
        wrong = f"works {worked_s} s, needs {need_s} s"
    elif not shared.can_begin(step.start_s):
        wrong = "starts outside working time"
    elif need_s and not shared.can_finish(step.end_s):
        wrong = "ends outside working time"
    elif need_s == 0 and step.end_s != step.start_s:
        wrong = "lasts some time, needs none"
    elif not step.operation["pausable"] and not shared.unbroken(step.start_s, step.end_s):
        wrong = "may not pause, but is interrupted"
    else:
        return
    on = f" on {named(step.places)}" if step.places else ""
    yield f"{step.name}{on}: {wrong} ({clock(step.start_s)} to {clock(step.end_s)})"


def material_faults(book: ShopBook, steps: dict[Key, Step]) -> Iterator[str]:
    """By no start is more of an item taken than had come; steps already begun took theirs before."""
    come: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in rows(book.receipts):
        come[row["item_id"]].append((to_s_up(row["available"]), row["quantity"]))
    takes: dict[str, list[tuple[int, float, Step]]] = defaultdict(list)
    for row in rows(book.requirements):
        step = steps.get((row["order_id"], row["op_no"]))
        if step and not (step.pin and step.pin.why in ("finished", "running")):
            takes[row["item_id"]].append((step.start_s, row["quantity"], step))
    for item, uses in takes.items():
        there, taken = _running_sum(come[item]), _running_sum([use[:2] for use in uses])
        for start_s, _, step in uses:
            have, need = there(start_s), taken(start_s)
            if step.pin is None and need > have * (1 + EPS) + EPS:
                yield f"{step.name}: takes {item} at {clock(start_s)}; {need:g} taken by then, {have:g} there"


def _running_sum(amounts: list[tuple[int, float]]) -> Callable[[int], float]:
    """The amount that has come up to and including a time."""
    times = [at_s for at_s, _ in sorted(amounts)]
    sums = list(accumulate((amount for _, amount in sorted(amounts)), initial=0.0))
    return lambda at_s: sums[bisect_right(times, at_s)]


def order_plan_faults(book: ShopBook, plan: ShopPlan, steps: dict[Key, Step]) -> Iterator[str]:
    """Each order's start, end and tardiness follow from its steps."""
    told = {row["order_id"]: row for row in rows(plan.order_plan)}
    spans = order_spans(steps)
    for order in rows(book.work_orders):
        order_id = order["order_id"]
        if order_id not in spans:
            continue
        if order_id not in told:
            yield f"{order_id}: has no line in the order plan"
            continue
        (start_s, end_s), row = spans[order_id], told[order_id]
        late_s = max(0, end_s - to_s(order["due"])) if order["due"] else 0
        if (to_s(row["start"]), to_s(row["end"]), row["tardiness_s"]) != (start_s, end_s, late_s):
            yield f"{order_id}: runs {clock(start_s)} to {clock(end_s)}, {late_s} s late; the order plan says otherwise"


def order_spans(steps: dict[Key, Step]) -> dict[str, tuple[int, int]]:
    """First start and last end of each order."""
    spans: dict[str, tuple[int, int]] = {}
    for step in steps.values():
        start_s, end_s = spans.get(step.key[0], (step.start_s, step.end_s))
        spans[step.key[0]] = (min(start_s, step.start_s), max(end_s, step.end_s))
    return spans


def kpis(book: ShopBook, steps: dict[Key, Step], start_s: int, setup_s: int) -> dict[str, float]:
    """The figures in minutes; orders made for another order count neither as late nor as flow."""
    spans = order_spans(steps)
    tardiness_s, flows_s = 0, []
    for order in rows(book.work_orders):
        if order["order_id"] in spans and order["parent_order_id"] is None:
            end_s = spans[order["order_id"]][1]
            flows_s.append(end_s - to_s_up(order["release"]))
            tardiness_s += order["weight"] * max(0, end_s - to_s(order["due"])) if order["due"] else 0
    return {
        "makespan_min": max([0, *(end_s - start_s for _, end_s in spans.values())]) / 60,
        "weighted_tardiness_min": tardiness_s / 60,
        "mean_flow_time_min": sum(flows_s) / len(flows_s) / 60 if flows_s else 0.0,
        "setup_min": setup_s / 60,
    }
