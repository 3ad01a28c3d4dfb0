"""Random feasible plans of a shop book: steps one after the other, each behind what its places already hold.

Routes, modes and places are drawn at random; a furnace step joins the last load of its furnace where it can.

A slow and plain second way to plan, used to find feasible answers that no stated bound may exceed and plans to break.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

import polars as pl

from lineshaft.make.schedule.checks.check import order_spans, plan_start_s
from lineshaft.make.schedule.checks.flow import Link, bay_after, work_links
from lineshaft.make.schedule.checks.hours import Hours, LaneHours, Place, rows, to_s, to_s_up
from lineshaft.make.schedule.checks.lanes import Setups
from lineshaft.make.schedule.checks.loads import load_of
from lineshaft.make.schedule.checks.steps import Key, Pin, Step, find_pins
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook, ShopPlan

Units = list[tuple[int, int, Place]]
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
        self.operations = self.on_routes_taken(
            {(row["order_id"], row["op_no"]): row for row in rows(book.operations)}
        )
        self.orders = {row["order_id"]: row for row in rows(book.work_orders)}
        self.modes: dict[Key, dict[int, dict]] = {}
        for row in rows(book.modes):
            self.modes.setdefault((row["order_id"], row["op_no"]), {})[row["mode_no"]] = row
        self.resources = {row["resource_id"]: row for row in rows(book.resources)}
        self.left = {r: row["capacity"] for r, row in self.resources.items() if row["kind"] == "budget"}
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
        self.mix_group = {row["recipe_id"]: row["mix_group"] for row in rows(book.recipes)}
        self.links = list(work_links(book, self.operations))
        self.steps: dict[Key, Step] = {}
        self.units: dict[Key, Units] = {}
        self.shared: dict[Key, Hours] = {}
        self.meant: dict[Key, tuple[int, str]] = {}
        self.last: dict[Place, list[Step]] = {}
        self.loads: dict[Place, list[tuple[list[Step], set[str | None], int]]] = {}
        self.free_s: dict[Place, int] = {}

    def on_routes_taken(self, operations: dict[Key, dict]) -> dict[Key, dict]:
        """One route of each order: that of what is pinned, else any."""
        routes: dict[str, set[int]] = {}
        for key, row in operations.items():
            if row["route_no"] is not None:
                routes.setdefault(key[0], set()).add(row["route_no"])
        pinned = {key[0]: operations[key]["route_no"] for key in self.pins if operations[key]["route_no"]}
        taken = {order: pinned.get(order, self.rng.choice(sorted(some))) for order, some in routes.items()}
        return {k: row for k, row in operations.items() if row["route_no"] in (None, taken.get(k[0]))}

    def random_order(self) -> list[Key]:
        waiting = {key: {link.before for link in self.links if link.after == key} for key in self.operations}
        done: list[Key] = []
        while waiting:
            ready = sorted(key for key, before in waiting.items() if before.issubset(done))
            done.append(self.rng.choice(ready))
            del waiting[done[-1]]
        return [key for key in done if key not in self.pins]

    def choose(self, demands: list[dict], first: str | None = None, suits=lambda units: True) -> Units:
        """Different places for every demand: tried at random until they suit; `first` names a resource to hold."""
        for attempt in range(1000):
            units: Units = []
            for demand in demands:
                mine = self.places.get(demand["resource_id"]) or self.of_class[demand["class_id"]]
                told = [] if units or attempt > 20 else [place for place in mine if place[0] == first]
                others = self.rng.sample(mine, len(mine))
                for unit_no, place in enumerate([*told, *others][: demand["quantity"]], 1):
                    units.append((demand["demand_no"], unit_no, place))
            if len({place for *_, place in units}) == len(units) and suits(units):
                return units
        raise AssertionError(f"no different places for {demands}")

    def place_pinned(self, key: Key) -> None:
        pin: Pin = self.pins[key]
        serving = [
            m
            for m in self.modes[key]
            if pin.resource_id is None or any(self._serves(d, pin.resource_id) for d in self._wanted(key, m))
        ]
        mode_no = pin.mode_no or (serving or list(self.modes[key]))[0]
        if pin.places is None:
            units = self.choose(self._wanted(key, mode_no), pin.resource_id)
        else:
            told = [
                row for row in rows(self.book.previous_resources) if (row["order_id"], row["op_no"]) == key
            ]
            units = [
                (row["demand_no"], row["unit_no"], (row["resource_id"], row["place_no"])) for row in told
            ]
        step = self.step_of(key, mode_no, units)
        start_s = pin.start_s if pin.start_s is not None else pin.end_s
        end_s = pin.end_s
        if end_s is None:
            from_s, need_s = start_s, step.need_s
            if pin.progress:
                from_s, need_s = pin.progress[0], step.pieces_s(max(0, step.pieces - pin.progress[1]))
            end_s = max(self.start_s, finish_s(self.hours.of(step.places), from_s, need_s))
        self.put(step, units, start_s, end_s, None)

    def _wanted(self, key: Key, mode_no: int) -> list[dict]:
        return [row for row in self.demands.get((*key, mode_no), []) if row["resource_id"] not in self.left]

    def _serves(self, demand: dict, resource_id: str) -> bool:
        pool = self.places.get(demand["resource_id"]) or self.of_class[demand["class_id"]]
        return resource_id in {resource for resource, _ in pool}

    def step_of(self, key: Key, mode_no: int, units: Units) -> Step:
        """A step that has its places and no times yet."""
        pin = self.pins.get(key)
        locked = pin is not None and pin.why == "locked"
        mode, pieces = self.modes[key][mode_no], self.orders[key[0]]["quantity"]
        step = Step(key, self.operations[key], mode, pieces, 0, 0, None, locked, pin)
        step.hold([place for *_, place in sorted(units, key=lambda unit: unit[:2])], self.resources)
        return step

    def place_free(self, key: Key) -> None:
        if self.operations[key]["recipe_id"] and key not in self.meant and self.join(key):
            return
        mode_no, bay_id = self.way(key)
        units = self.choose(self._wanted(key, mode_no), suits=lambda units: self.suits(key, units, bay_id))
        step = self.step_of(key, mode_no, units)
        ready_s, least_end_s = self.ready(step)
        if step.operation["recipe_id"]:
            ready_s += self.rng.choice((0, 86_400, 400_000))  # a load that waits may be joined
        setup_start_s = None
        for place in step.places:
            free_s = max(self.start_s, self.free_s.get(place, self.start_s))
            setup_s, _, _ = self.change(place, step)
            ready_s = max(ready_s, free_s)
            if setup_s:
                setup_start_s = min(setup_start_s or free_s, free_s)
                ready_s = max(ready_s, finish_s(self.hours.of([place]), free_s, setup_s))
        shared, need_s = self.hours.of(step.places), step.need_s
        while True:
            start_s = first_start_s(shared, ready_s, need_s, step.operation["pausable"])
            end_s = finish_s(shared, start_s, need_s)
            if end_s >= least_end_s:
                break
            ready_s = start_s + least_end_s - end_s
        self.put(step, units, start_s, end_s, setup_start_s)

    def way(self, key: Key) -> tuple[int, str | None]:
        """A mode that no budget is too small for, and the bay where the work must be done, if that matters."""
        if key in self.meant:
            return self.meant[key]
        modes = [n for n in self.modes[key] if self.affords(key, n)]
        if self.modes[key][modes[0]]["from_bay_id"] is None:
            return self.rng.choice(modes), None
        follows = [
            self.steps[link.before] for link in self.links if link.after == key and link.kind != "part"
        ]
        here = {bay_after(one) for one in follows} - {None}
        there = {
            self.mean(link.after) for link in self.links if link.before == key and link.kind != "part"
        } - {None}
        fits = [
            n
            for n in modes
            if self.modes[key][n]["from_bay_id"] in (here or {self.modes[key][n]["from_bay_id"]})
            and self.modes[key][n]["to_bay_id"] in (there or {self.modes[key][n]["to_bay_id"]})
        ]
        return self.rng.choice(fits), None

    def mean(self, key: Key) -> str | None:
        """Settle the mode and bay of a step that a transport is about to bring its work to."""
        modes = [n for n in self.modes[key] if self.affords(key, n)]
        if key in self.pins or self.modes[key][modes[0]]["from_bay_id"]:
            return None
        mode_no = self.rng.choice(modes)
        wanted = self._wanted(key, mode_no)
        first = (
            self.places.get(wanted[0]["resource_id"]) or self.of_class[wanted[0]["class_id"]]
            if wanted
            else []
        )
        bays = {
            self.resources[resource_id]["bay_id"] for resource_id, _ in first if not self.strict(resource_id)
        }
        bays = bays if bays and None not in bays else set(self.book.bays["bay_id"])
        self.meant[key] = (mode_no, self.rng.choice(sorted(bays)))
        return self.meant[key][1]

    def strict(self, resource_id: str) -> bool:
        """Whether changes are forbidden there."""
        group = self.resources[resource_id]["setup_group"]
        return any(row["forbidden"] and one[0] == group for one, row in self.setups.pairs.items())

    def affords(self, key: Key, mode_no: int) -> bool:
        """Whether what is left of every budget does for this mode and the thriftiest of every step to come."""
        return all(
            left
            >= self.uses(key, mode_no, budget)
            + sum(
                self.least(other, budget)
                for other in self.operations
                if other not in self.steps and other != key
            )
            for budget, left in self.left.items()
        )

    def uses(self, key: Key, mode_no: int, budget: str) -> int:
        wanted = self.demands.get((*key, mode_no), [])
        return sum(row["quantity"] for row in wanted if row["resource_id"] == budget)

    def least(self, key: Key, budget: str) -> int:
        modes = [self.meant[key][0]] if key in self.meant else self.modes[key]
        return min(self.uses(key, mode_no, budget) for mode_no in modes)

    def suits(self, key: Key, units: Units, bay_id: str | None) -> bool:
        """Places in the bay asked for (those of no bay are in all) without a forbidden change."""
        step = self.step_of(key, next(iter(self.modes[key])), units)
        here = bay_id is None or step.bay_id in (None, bay_id)
        return here and not any(self.change(place, step)[2] for place in step.places)

    def change(self, place: Place, step: Step) -> tuple[int, int, bool]:
        """The setup before a step that goes behind what its place holds."""
        return self.setups.needed(place[0], self.families(place), {step.operation["family_id"]})

    def families(self, place: Place) -> set[str | None]:
        if place in self.last:
            return {step.operation["family_id"] for step in self.last[place]}
        return {self.setups.first_family(place[0])}

    def join(self, key: Key) -> bool:
        """Put a step that needs a furnace and nothing else into a load that takes it as it stands, if there is one."""
        ways = [(n, wanted[0]) for n in self.modes[key] if len(wanted := self._wanted(key, n)) == 1]
        for mode_no, demand in self.rng.sample(ways, len(ways)):
            for place in self.places.get(demand["resource_id"]) or self.of_class[demand["class_id"]]:
                units = [(demand["demand_no"], 1, place)]
                step = self.step_of(key, mode_no, units)
                ready_s, least_end_s = self.ready(step)
                for load, before, setup_s in self.loads.get(place, []) if self.affords(key, mode_no) else []:
                    there = ready_s <= load[0].start_s < load[0].end_s and load[0].end_s >= least_end_s
                    if (
                        there
                        and self.takes(place, load, step)
                        and self.keeps_setups(place, load, step, before, setup_s)
                    ):
                        shown_s = self.rng.choice((None, load[0].setup_start_s))
                        self.put(step, units, load[0].start_s, load[0].end_s, shown_s, load)
                        return True
        return False

    def takes(self, place: Place, load: list[Step], step: Step) -> bool:
        """Whether recipe, load and time of a step fit to a load that is not pinned."""
        load_max, one, shared = self.resources[place[0]]["load_max"], load[0], self.shared[load[0].key]
        return (
            load_max is not None
            and not any(mate.pin for mate in load)
            and sum(load_of(mate.operation) for mate in [*load, step]) <= load_max
            and all(self.mix(mate, step) for mate in load)
            and step.need_s <= shared.worked(one.start_s, one.end_s)
            and (step.operation["pausable"] or shared.unbroken(one.start_s, one.end_s))
        )

    def keeps_setups(
        self, place: Place, load: list[Step], step: Step, before: set[str | None], setup_s: int
    ) -> bool:
        """Whether a step that joins needs no more setup before its load, nor more before the next one."""
        family = step.operation["family_id"]
        if load is not self.last[place]:
            return family in {mate.operation["family_id"] for mate in load}
        needed_s, _, forbidden = self.setups.needed(place[0], before, {family})
        return needed_s <= setup_s and not forbidden

    def mix(self, one: Step, other: Step) -> bool:
        a, b = one.operation["recipe_id"], other.operation["recipe_id"]
        return None not in (a, b) and (a == b or (self.mix_group[a] or a) == self.mix_group[b])

    def ready(self, step: Step) -> tuple[int, int]:
        """Earliest start and earliest end by release, material and all that the step follows."""
        key, earliest = step.key, step.operation["earliest"]
        release_s = to_s_up(self.orders[key[0]]["release"])
        ready = [self.start_s, release_s, to_s_up(earliest) if earliest else self.start_s]
        ends = [self.start_s]
        for link in self.links:
            if link.after == key:
                start_s, end_s = self.link_times(link, step)
                ready.append(start_s)
                ends.append(end_s)
        wanted = {r["item_id"] for r in rows(self.book.requirements) if (r["order_id"], r["op_no"]) == key}
        come = [to_s_up(row["available"]) for row in rows(self.book.receipts) if row["item_id"] in wanted]
        return max(ready + come), max(ends)

    def link_times(self, link: Link, step: Step) -> tuple[int, int]:
        """Earliest start and end behind one other step."""
        one = self.steps[link.before]
        if link.kind == "end_end":
            return self.start_s, one.end_s + link.lag_s
        if link.kind == "next" and one.operation["transfer_quantity"]:
            first_s = min(one.end_s, finish_s(self.shared[one.key], *one.first_lot()))
            return first_s, one.end_s + step.pieces_s(one.operation["transfer_quantity"])
        return link.lag_s + (one.start_s if link.kind == "start_start" else one.end_s), self.start_s

    def put(self, step, units, start_s, end_s, setup_start_s, mates=()) -> None:
        step.start_s, step.end_s, step.setup_start_s = start_s, end_s, setup_start_s
        for budget in self.left:
            self.left[budget] -= self.uses(step.key, step.mode_no, budget)
        self.steps[step.key], self.units[step.key] = step, units
        self.shared[step.key] = self.shared[mates[0].key] if mates else self.hours.of(step.places)
        if mates:
            mates.append(step)
            return
        for place in step.places:
            last, load = self.last.get(place), [step]
            before, setup_s = self.families(place), self.change(place, step)[0]
            self.loads.setdefault(place, []).append((load, before, setup_s))
            if last is None or (last[0].start_s, last[0].end_s, last[0].key) < (start_s, end_s, step.key):
                self.last[place] = load
            self.free_s[place] = max(end_s, self.free_s.get(place, end_s))

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
