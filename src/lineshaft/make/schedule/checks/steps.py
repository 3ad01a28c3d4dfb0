"""What the checker knows of each planned step: its rows in the book and the plan, what pins it, the places it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lineshaft.make.schedule.checks.hours import Place, rows, to_s
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook, ShopPlan

Key = tuple[str, int]


@dataclass(frozen=True)
class Pin:
    """Where a step must stay; None where nothing is known. `why` says what holds it.

    `progress`: when it was last looked at, and how many pieces were done by then.
    """

    why: str
    start_s: int | None = None
    end_s: int | None = None
    mode_no: int | None = None
    resource_id: str | None = None
    places: frozenset[Place] | None = None
    progress: tuple[int, int] | None = None


@dataclass
class Step:
    """One planned operation beside what the book says of it; times in seconds of UTC.

    `places` are in order of demand and unit; the first of them decides how fast the step goes and in which bay it is.
    """

    key: Key
    operation: dict[str, Any]
    mode: dict[str, Any]
    pieces: int
    start_s: int
    end_s: int
    setup_start_s: int | None
    locked: bool
    pin: Pin | None
    places: list[Place] = field(default_factory=list)
    efficiency_pct: int = 100
    bay_id: str | None = None

    @property
    def mode_no(self) -> int:
        """Number of the mode it is planned in."""
        return int(self.mode["mode_no"])

    @property
    def need_s(self) -> int:
        """Working seconds of its lot and all its pieces."""
        return self.work_s(self.mode["lot_s"] + self.mode["piece_s"] * self.pieces)

    def pieces_s(self, pieces: int) -> int:
        """Working seconds of so many pieces, at most all of them."""
        return self.work_s(self.mode["piece_s"] * min(pieces, self.pieces))

    def work_s(self, seconds: int) -> int:
        """Working seconds at the pace of its first place, rounded up."""
        return -(-100 * seconds // self.efficiency_pct)

    def hold(self, places: list[Place], resources: dict[str, dict[str, Any]]) -> None:
        """Give it its places, and with the first of them pace and bay."""
        self.places = places
        first = resources[places[0][0]] if places else {}
        self.efficiency_pct = first.get("efficiency_pct") or 100
        self.bay_id = first.get("bay_id")

    def first_lot(self) -> tuple[int, int]:
        """(from when, working seconds) until its first transfer lot is done; the floor's word goes before the plan's."""
        lot = min(self.operation["transfer_quantity"], self.pieces)
        if self.pin and self.pin.progress:
            at_s, done = self.pin.progress
            return at_s, self.pieces_s(max(0, lot - done))
        return self.start_s, self.work_s(self.mode["lot_s"] + self.mode["piece_s"] * lot)

    @property
    def name(self) -> str:
        """How violations call it."""
        return f"{self.key[0]} step {self.key[1]}"


def find_pins(book: ShopBook, params: ScheduleParams, start_s: int) -> dict[Key, Pin]:
    """Steps that may not move: seen on the floor, locked in the previous plan, or within its frozen time."""
    pins: dict[Key, Pin] = {}
    places: dict[Key, set[Place]] = defaultdict(set)
    for row in rows(book.previous_resources):
        places[row["order_id"], row["op_no"]].add((row["resource_id"], row["place_no"]))
    frozen_until_s = start_s + 60 * params.frozen_min
    for row in rows(book.previous):
        key = (row["order_id"], row["op_no"])
        frozen = params.frozen_min > 0 and to_s(row["start"]) < frozen_until_s
        if row["locked"] or frozen:
            why = "locked" if row["locked"] else "frozen"
            held = frozenset(places[key]) if key in places else None
            pins[key] = Pin(why, to_s(row["start"]), to_s(row["end"]), row["mode_no"], None, held)
    modes = set(book.modes.select("order_id", "op_no", "mode_no").iter_rows())
    seen: dict[Key, dict[str, Any]] = defaultdict(dict)
    for row in sorted(rows(book.events), key=lambda row: (row["at"], row["event_id"])):
        facts = seen[row["order_id"], row["op_no"]]
        facts[row["kind"]] = to_s(row["at"])
        if row["kind"] == "progress" and row["quantity"] is not None:
            facts["done"] = (to_s(row["at"]), row["quantity"])
        facts.update({name: row[name] for name in ("mode_no", "resource_id") if row[name] is not None})
    for key, facts in seen.items():
        why = "finished" if "finish" in facts else "running"
        mode_no = facts.get("mode_no") if (*key, facts.get("mode_no")) in modes else None
        done = facts.get("done") if why == "running" else None
        times = facts.get("start"), facts.get("finish")
        pins[key] = Pin(why, *times, mode_no, facts.get("resource_id"), progress=done)
    return pins


def read_steps(book: ShopBook, plan: ShopPlan, pins: dict[Key, Pin]) -> tuple[dict[Key, Step], list[str]]:
    """Planned steps by key; every operation of the routes taken exactly once, in a mode it has."""
    operations = {(row["order_id"], row["op_no"]): row for row in rows(book.operations)}
    modes = {(row["order_id"], row["op_no"], row["mode_no"]): row for row in rows(book.modes)}
    pieces = dict(book.work_orders.select("order_id", "quantity").iter_rows())
    steps: dict[Key, Step] = {}
    faults = []
    for row in rows(plan.operation_plan):
        key = (row["order_id"], row["op_no"])
        mode = (*key, row["mode_no"])
        if key not in operations:
            faults.append(f"{key[0]} step {key[1]}: planned, but there is no such step")
        elif mode not in modes:
            faults.append(f"{key[0]} step {key[1]}: planned in mode {row['mode_no']}, which it does not have")
        elif key in steps:
            faults.append(f"{key[0]} step {key[1]}: planned more than once")
        else:
            setup = row["setup_start"] and to_s(row["setup_start"])
            times = (to_s(row["start"]), to_s(row["end"]), setup)
            steps[key] = Step(
                key, operations[key], modes[mode], pieces[key[0]], *times, row["locked"], pins.get(key)
            )
    faults += route_faults(operations, steps, pins)
    return steps, faults


def route_faults(
    operations: dict[Key, dict[str, Any]], steps: dict[Key, Step], pins: dict[Key, Pin]
) -> Iterator[str]:
    """One route of each order that has any; its steps and those of no route are planned, and what is pinned."""
    offered: dict[str, set[int]] = defaultdict(set)
    taken: dict[str, set[int]] = defaultdict(set)
    for key, operation in operations.items():
        if operation["route_no"] is not None:
            offered[key[0]].add(operation["route_no"])
            if key in steps:
                taken[key[0]].add(operation["route_no"])
    for order_id, routes in offered.items():
        if len(taken[order_id]) != 1:
            yield f"{order_id}: takes routes {sorted(taken[order_id])} where it must take one of {sorted(routes)}"
    for key, operation in operations.items():
        wanted = operation["route_no"] in {None, *taken[key[0]]} or key in pins
        if wanted and key not in steps:
            yield f"{key[0]} step {key[1]}: not planned"


def read_places(book: ShopBook, plan: ShopPlan, steps: dict[Key, Step]) -> Iterator[str]:
    """Attach to each step the places it holds; each demand has its number of different, allowed places."""
    resources = {row["resource_id"]: row for row in rows(book.resources)}
    budgets = {resource_id for resource_id, row in resources.items() if row["kind"] == "budget"}
    members = {(row["class_id"], row["resource_id"]) for row in rows(book.members)}
    demands: dict[tuple[str, int, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows(book.demands):
        if row["resource_id"] not in budgets:
            demands[row["order_id"], row["op_no"], row["mode_no"]].append(row)
    held: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(plan.resource_plan):
        key = (row["order_id"], row["op_no"])
        if row["resource_id"] not in resources or key not in steps:
            yield f"{key[0]} step {key[1]}: holds {row['resource_id']}, but there is no such resource or step"
        elif row["resource_id"] in budgets:
            yield f"{key[0]} step {key[1]}: holds {row['resource_id']}, which is a budget and has no places"
        else:
            held[key].append(row)
    for key, step in steps.items():
        held[key].sort(key=lambda row: (row["demand_no"], row["unit_no"]))
        step.hold([(row["resource_id"], row["place_no"]) for row in held[key]], resources)
        wanted = demands[*key, step.mode_no]
        if step.pin is None:
            yield from _demand_faults(step, wanted, held[key], members)
        elif step.pin.resource_id not in {None, *(resource for resource, _ in step.places)}:
            seen = step.pin.resource_id
            if any(row["resource_id"] == seen or (row["class_id"], seen) in members for row in wanted):
                yield f"{step.name}: is {step.pin.why} on {seen}, but is planned on {named(step.places)}"


def _demand_faults(
    step: Step, demands: list[dict[str, Any]], held: list[dict[str, Any]], members: set[tuple[str, str]]
) -> Iterator[str]:
    if len(set(step.places)) < len(step.places):
        yield f"{step.name}: holds the same place twice: {named(step.places)}"
    wanted = {row["demand_no"]: row for row in demands}
    units: dict[int, list[int]] = defaultdict(list)
    for row in held:
        demand = wanted.get(row["demand_no"])
        resource = row["resource_id"]
        if demand is None:
            yield f"{step.name}: holds {resource} for demand {row['demand_no']}, which mode {step.mode_no} has not"
        elif demand["resource_id"] not in (None, resource):
            yield f"{step.name}: holds {resource} where demand {row['demand_no']} names {demand['resource_id']}"
        elif demand["class_id"] is not None and (demand["class_id"], resource) not in members:
            yield f"{step.name}: holds {resource}, which is not in class {demand['class_id']}"
        units[row["demand_no"]].append(row["unit_no"])
    for demand_no, demand in wanted.items():
        if sorted(units[demand_no]) != list(range(1, demand["quantity"] + 1)):
            got = len(units[demand_no])
            yield f"{step.name}: demand {demand_no} wants {demand['quantity']} places numbered from 1, has {got}"


def clock(at_s: int) -> str:
    """A time as people write it, in UTC."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def named(places: Iterable[Place]) -> str:
    """Places in words."""
    return ", ".join(f"{resource} place {place}" for resource, place in sorted(places))
