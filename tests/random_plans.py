"""Random feasible plans of a shop book: steps one after the other, each behind what its places already hold.

A slow and plain second way to plan, used to find feasible answers that no stated bound may exceed and plans to break.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

import polars as pl

from lineshaft.make.schedule.checks.check import order_spans, plan_start_s, work_links
from lineshaft.make.schedule.checks.hours import Hours, LaneHours, Place, rows, to_s, to_s_up
from lineshaft.make.schedule.checks.lanes import Setups
from lineshaft.make.schedule.checks.steps import Key, Pin, Step, find_pins, needs_s
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook, ShopPlan

WINDOW_S = 200 * 86_400


def random_plan(book: ShopBook, params: ScheduleParams, seed: int) -> ShopPlan:
    """A feasible plan; raises when a step finds no time in the window."""
    planner = _Planner(book, params, random.Random(f"plan {seed}"))
    for key in planner.pins:
        planner.place_pinned(key)
    for key in planner.random_order():
        planner.place_free(key)
    return planner.plan()


class _Planner:
    def __init__(self, book: ShopBook, params: ScheduleParams, rng: random.Random) -> None:
        self.book, self.rng = book, rng
        self.start_s = plan_start_s(book, params)
        self.pins = find_pins(book, params, self.start_s)
        pin_times = [t for pin in self.pins.values() for t in (pin.start_s, pin.end_s) if t is not None]
        self.hours = LaneHours(book, min([self.start_s, *pin_times]), self.start_s + WINDOW_S)
        self.setups = Setups(book)
        self.operations = {(row["order_id"], row["op_no"]): row for row in rows(book.operations)}
        self.release_s = {row["order_id"]: to_s_up(row["release"]) for row in rows(book.work_orders)}
        self.needs = needs_s(book)
        self.demands: dict[tuple[str, int, int], list[dict]] = {}
        for row in rows(book.demands):
            self.demands.setdefault((row["order_id"], row["op_no"], row["mode_no"]), []).append(row)
        self.places: dict[str, list[Place]] = {}
        for row in rows(book.resources):
            here = [(row["resource_id"], n) for n in range(1, row["capacity"] + 1)]
            self.places[row["resource_id"]] = here
        self.of_class: dict[str, list[Place]] = {}
        for row in rows(book.members):
            self.of_class.setdefault(row["class_id"], []).extend(self.places[row["resource_id"]])
        self.links = list(work_links(book, self.operations))
        self.steps: dict[Key, Step] = {}
        self.units: dict[Key, list[tuple[int, int, Place]]] = {}
        self.last: dict[Place, Step] = {}
        self.free_s: dict[Place, int] = {}

    def random_order(self) -> list[Key]:
        waiting = {key: {b for a, b, *_ in self.links if a == key} for key in self.operations}
        done: list[Key] = []
        while waiting:
            ready = sorted(key for key, before in waiting.items() if before.issubset(done))
            done.append(self.rng.choice(ready))
            del waiting[done[-1]]
        return [key for key in done if key not in self.pins]

    def modes(self, key: Key) -> list[int]:
        return [mode_no for order_id, op_no, mode_no in self.needs if (order_id, op_no) == key]

    def choose(self, demands: list[dict], first: str | None = None) -> list[tuple[int, int, Place]]:
        """Different places for every demand: tried at random until they differ; `first` names a resource to hold."""
        for attempt in range(1000):
            units: list[tuple[int, int, Place]] = []
            for demand in demands:
                mine = self.places.get(demand["resource_id"]) or self.of_class[demand["class_id"]]
                told = [] if units or attempt > 20 else [place for place in mine if place[0] == first]
                others = self.rng.sample(mine, len(mine))
                for unit_no, place in enumerate([*told, *others][: demand["quantity"]], 1):
                    units.append((demand["demand_no"], unit_no, place))
            if len({place for *_, place in units}) == len(units):
                return units
        raise AssertionError(f"no different places for {demands}")

    def place_pinned(self, key: Key) -> None:
        pin: Pin = self.pins[key]
        modes = self.modes(key)
        serving = [
            m
            for m in modes
            if pin.resource_id is None or any(self._serves(d, pin.resource_id) for d in self._wanted(key, m))
        ]
        mode_no = pin.mode_no or (serving or modes)[0]
        if pin.places is None:
            units = self.choose(self._wanted(key, mode_no), pin.resource_id)
        else:
            told = [
                row for row in rows(self.book.previous_resources) if (row["order_id"], row["op_no"]) == key
            ]
            units = [
                (row["demand_no"], row["unit_no"], (row["resource_id"], row["place_no"])) for row in told
            ]
        end_s = pin.end_s
        need_s = self.needs[*key, mode_no]
        start_s = pin.start_s if pin.start_s is not None else end_s
        if end_s is None:
            shared = self.hours.of(place for *_, place in units)
            end_s = max(self.start_s, finish_s(shared, start_s, need_s))
        self.put(key, mode_no, units, start_s, end_s, None, need_s)

    def _wanted(self, key: Key, mode_no: int) -> list[dict]:
        return self.demands.get((*key, mode_no), [])

    def _serves(self, demand: dict, resource_id: str) -> bool:
        pool = self.places.get(demand["resource_id"]) or self.of_class[demand["class_id"]]
        return resource_id in {resource for resource, _ in pool}

    def place_free(self, key: Key) -> None:
        mode_no = self.rng.choice(self.modes(key))
        units = self.choose(self._wanted(key, mode_no))
        places = [place for *_, place in units]
        operation, need_s = self.operations[key], self.needs[*key, mode_no]
        ready_s, setup_start_s = self.ready_s(key), None
        for place in places:
            last = self.last.get(place)
            free_s = max(self.start_s, self.free_s.get(place, self.start_s))
            family = last.operation["family_id"] if last else self.setups.first_family(place[0])
            setup_s = self.setups.needed_s(place[0], family, operation["family_id"])
            ready_s = max(ready_s, free_s)
            if setup_s:
                setup_start_s = min(setup_start_s or free_s, free_s)
                ready_s = max(ready_s, finish_s(self.hours.of([place]), free_s, setup_s))
        shared = self.hours.of(places)
        start_s = first_start_s(shared, ready_s, need_s, operation["pausable"])
        self.put(key, mode_no, units, start_s, finish_s(shared, start_s, need_s), setup_start_s, need_s)

    def ready_s(self, key: Key) -> int:
        earliest = self.operations[key]["earliest"]
        ready = [self.start_s, self.release_s[key[0]], to_s_up(earliest) if earliest else self.start_s]
        for after, before, kind, lag_s, _ in self.links:
            if after == key:
                one = self.steps[before]
                ready.append(lag_s + (one.start_s if kind == "start_start" else one.end_s))
        wanted = {r["item_id"] for r in rows(self.book.requirements) if (r["order_id"], r["op_no"]) == key}
        come = [to_s_up(row["available"]) for row in rows(self.book.receipts) if row["item_id"] in wanted]
        return max(ready + come)

    def put(self, key, mode_no, units, start_s, end_s, setup_start_s, need_s) -> None:
        pin = self.pins.get(key)
        locked = pin is not None and pin.why == "locked"
        step = Step(key, self.operations[key], mode_no, start_s, end_s, setup_start_s, locked, need_s, pin)
        self.steps[key], self.units[key] = step, units
        for *_, place in units:
            self.free_s[place] = max(end_s, self.free_s.get(place, end_s))
            last = self.last.get(place)
            if last is None or (last.start_s, last.end_s, last.key) < (start_s, end_s, key):
                self.last[place] = step

    def plan(self) -> ShopPlan:
        due = dict(self.book.work_orders.select("order_id", "due").iter_rows())
        spans = order_spans(self.steps)
        return make_plan(
            [
                {
                    "order_id": key[0],
                    "op_no": key[1],
                    "mode_no": step.mode_no,
                    "setup_start": None if step.setup_start_s is None else moment(step.setup_start_s),
                    "start": moment(step.start_s),
                    "end": moment(step.end_s),
                    "locked": step.locked,
                }
                for key, step in self.steps.items()
            ],
            [
                {
                    "order_id": key[0],
                    "op_no": key[1],
                    "demand_no": demand_no,
                    "unit_no": unit_no,
                    "resource_id": place[0],
                    "place_no": place[1],
                }
                for key, units in self.units.items()
                for demand_no, unit_no, place in units
            ],
            [
                {
                    "order_id": order_id,
                    "start": moment(start_s),
                    "end": moment(end_s),
                    "tardiness_s": max(0, end_s - to_s(due[order_id])) if due[order_id] else 0,
                }
                for order_id, (start_s, end_s) in spans.items()
            ],
        )


def make_plan(steps: list[dict], held: list[dict], orders: list[dict]) -> ShopPlan:
    """A plan from rows, not validated: broken plans are made here too."""
    frames = {}
    for member, plan_rows in (("operation_plan", steps), ("resource_plan", held), ("order_plan", orders)):
        columns = ShopPlan.member_schemas()[member].columns()
        frames[member] = pl.DataFrame(
            plan_rows, schema={name: column.dtype for name, column in columns.items()}
        )
    return ShopPlan.cast({member: frame.lazy() for member, frame in frames.items()})


def moment(at_s: int) -> datetime:
    """Seconds of UTC as a time."""
    return datetime.fromtimestamp(at_s, UTC)


def finish_s(hours: Hours, start_s: int, need_s: int) -> int:
    """When work of `need_s` that begins at `start_s` is done."""
    if need_s == 0:
        return start_s
    target = hours.worked_until(start_s) + need_s
    for i, before in enumerate(hours.before[:-1]):
        if before < target <= hours.before[i + 1]:
            return hours.starts[i] + target - before
    raise AssertionError("no working time left in the window")


def first_start_s(hours: Hours, ready_s: int, need_s: int, pausable: bool) -> int:
    """The first moment from `ready_s` on at which the work can begin."""
    for start_s, end_s in hours.spans():
        at_s = max(start_s, ready_s)
        if at_s < end_s and (pausable or end_s - at_s >= need_s):
            return at_s
    raise AssertionError("no working time left in the window")
