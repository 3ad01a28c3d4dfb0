"""What a plan costs, and what it may use up: energy, overtime, budgets."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from lineshaft.make.schedule.checks.hours import LaneHours, Place, Span, rows, to_s
from lineshaft.make.schedule.checks.loads import Loads
from lineshaft.make.schedule.checks.steps import Key, Step
from lineshaft.make.schedule.tables import ShopBook


def energy_fen(book: ShopBook, steps: dict[Key, Step], loads: Loads) -> float:
    """Power of each step over the time it works, at the price of the hour; pauses and hours without price are free."""
    periods = sorted((to_s(p["start"]), to_s(p["end"]), p["price_fen_kwh"]) for p in rows(book.energy_prices))
    starts = [start_s for start_s, *_ in periods]
    total = 0.0
    for step in steps.values():
        power_kw = step.mode["power_kw"]
        if not power_kw or not periods:
            continue
        shared = loads.hours_of(step)
        first = max(0, bisect_right(starts, step.start_s) - 1)
        for start_s, end_s, price in periods[first : bisect_right(starts, step.end_s)]:
            worked_s = shared.worked(max(start_s, step.start_s), min(end_s, step.end_s))
            total += power_kw * worked_s / 3600 * price
    return total


def overtime_fen(steps: dict[Key, Step], hours: LaneHours, loads: Loads) -> float:
    """Hours that each place works within overtime that costs; a place that takes a whole load at once works once."""
    windows = {calendar_id: calendar.costed() for calendar_id, calendar in hours.calendars.items()}
    total = 0.0
    counted: set[tuple[Place, Span]] = set()
    for step in steps.values():
        for place in step.places:
            calendar_id = hours.resources[place[0]]["calendar_id"]
            span = (step.start_s, step.end_s)
            if place[0] in loads.load_max:
                if (place, span) in counted:
                    continue
                counted.add((place, span))
            for start_s, end_s, cost_fen_h in windows[calendar_id] if calendar_id else ():
                worked_s = loads.hours_of(step).worked(max(start_s, span[0]), min(end_s, span[1]))
                total += worked_s / 3600 * cost_fen_h
    return total


def budget_faults(book: ShopBook, steps: dict[Key, Step]) -> Iterator[str]:
    """All steps together use up no more of a budget than there is."""
    there = {row["resource_id"]: row["capacity"] for row in rows(book.resources) if row["kind"] == "budget"}
    used: dict[str, int] = defaultdict(int)
    users: dict[str, list[Step]] = defaultdict(list)
    for row in rows(book.demands):
        step = steps.get((row["order_id"], row["op_no"]))
        if row["resource_id"] in there and step and step.mode_no == row["mode_no"]:
            used[row["resource_id"]] += row["quantity"]
            users[row["resource_id"]].append(step)
    for resource_id, amount in used.items():
        if amount > there[resource_id] and not all(step.pin for step in users[resource_id]):
            yield f"{resource_id}: the plan uses up {amount} of a budget of {there[resource_id]}"
