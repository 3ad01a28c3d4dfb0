"""An independent check of a shop plan: plain loops over rows, nothing shared with `compile`, `score` or `solve`.

What has happened or is locked or frozen (a *pinned* step) is taken as it is: it must not have moved, other steps must
respect it, and rules among pinned steps alone are not judged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import UTC
from itertools import accumulate

from lineshaft.core import Checked
from lineshaft.make.schedule.checks.hours import Hours, LaneHours, rows, to_s, to_s_up
from lineshaft.make.schedule.checks.lanes import Setups, lane_faults
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
        `weighted_tardiness_min`, `mean_flow_time_min`, `setup_min` as `solve` must report them.
    """
    start_s = plan_start_s(book, params)
    pins = find_pins(book, params, start_s)
    steps, faults = read_steps(book, plan, pins)
    times = [start_s] + [
        t for s in steps.values() for t in (s.start_s, s.end_s, s.setup_start_s) if t is not None
    ]
    hours = LaneHours(book, min(times), max(times))
    setups = Setups(book)
    faults += read_places(book, plan, steps)
    faults += pin_faults(steps)
    faults += work_faults(steps, hours, start_s)
    faults += order_of_work_faults(book, steps)
    faults += material_faults(book, steps)
    setup_s, found = lane_faults(steps, hours, setups, start_s)
    faults += found
    faults += order_plan_faults(book, plan, steps)
    return Checked(tuple(faults), kpis(book, steps, start_s, setup_s))


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


def work_faults(steps: dict[Key, Step], hours: LaneHours, start_s: int) -> Iterator[str]:
    """Each step works its time within the working time of all it holds, and not before the plan begins."""
    for step in steps.values():
        shared = hours.of(step.places)
        if step.pin is None:
            if step.start_s < start_s:
                yield f"{step.name}: starts {clock(step.start_s)}, before the plan's start {clock(start_s)}"
            yield from _working_faults(step, shared)
        elif step.pin.why == "running":
            worked_s = shared.worked(step.start_s, step.end_s)
            overdue = worked_s >= step.need_s and step.end_s == start_s
            if worked_s != step.need_s and not overdue:
                yield f"{step.name}: is running, works {worked_s} s to {clock(step.end_s)}, needs {step.need_s} s"


def _working_faults(step: Step, shared: Hours) -> Iterator[str]:
    worked_s = shared.worked(step.start_s, step.end_s)
    if worked_s != step.need_s or step.end_s < step.start_s:
        wrong = f"works {worked_s} s, needs {step.need_s} s"
    elif not shared.can_begin(step.start_s):
        wrong = "starts outside working time"
    elif step.need_s and not shared.can_finish(step.end_s):
        wrong = "ends outside working time"
    elif step.need_s == 0 and step.end_s != step.start_s:
        wrong = "lasts some time, needs none"
    elif not step.operation["pausable"] and not shared.unbroken(step.start_s, step.end_s):
        wrong = "may not pause, but is interrupted"
    else:
        return
    on = f" on {named(step.places)}" if step.places else ""
    yield f"{step.name}{on}: {wrong} ({clock(step.start_s)} to {clock(step.end_s)})"


def order_of_work_faults(book: ShopBook, steps: dict[Key, Step]) -> Iterator[str]:
    """Releases, earliest starts, the order of steps, dependencies with their lags, and orders made for others."""
    release_s = {row["order_id"]: to_s_up(row["release"]) for row in rows(book.work_orders)}
    for step in steps.values():
        if step.pin is None:
            earliest = step.operation["earliest"]
            if step.start_s < release_s[step.key[0]]:
                yield f"{step.name}: starts {clock(step.start_s)}, released {clock(release_s[step.key[0]])}"
            if earliest and step.start_s < to_s_up(earliest):
                yield f"{step.name}: starts {clock(step.start_s)}, not before {clock(to_s_up(earliest))}"
    for after, before, kind, lag_s, lag_max_s in work_links(book, steps):
        if before not in steps or after not in steps or steps[after].pin is not None:
            continue
        one, other = steps[before], steps[after]
        since_s = one.start_s if kind == "start_start" else one.end_s
        verb = "starts" if kind == "start_start" else "ends"
        lag = f" and a lag of {lag_s} s" if lag_s else ""
        if other.start_s < since_s + lag_s:
            yield f"{other.name}: starts {clock(other.start_s)}, but {one.name} {verb} {clock(since_s)}{lag}"
        if lag_max_s is not None and other.start_s > since_s + lag_max_s:
            latest = f"must follow within {lag_max_s} s"
            yield f"{other.name}: starts {clock(other.start_s)}, but {one.name} {verb} {clock(since_s)} and it {latest}"


def work_links(book: ShopBook, steps: Collection[Key]) -> Iterator[tuple[Key, Key, str, int, int | None]]:
    """(later step, earlier step, kind, least lag, greatest lag) of every rule of order."""
    told = set()
    for row in rows(book.dependencies):
        after, before = (row["order_id"], row["op_no"]), (row["after_order_id"], row["after_op_no"])
        if after[0] == before[0]:
            told.add(after)
        yield after, before, row["kind"], row["lag_s"], row["lag_max_s"]
    for before, after in zip(sorted(steps), sorted(steps)[1:]):
        if before[0] == after[0] and after not in told:
            yield after, before, "end_start", 0, None
    parents = {
        row["order_id"]: (row["parent_order_id"], row["parent_op_no"]) for row in rows(book.work_orders)
    }
    for key in steps:
        if parents[key[0]][0] is not None:
            yield parents[key[0]], key, "end_start", 0, None


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
    """The four figures in minutes; orders made for another order count neither as late nor as flow."""
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
