"""Random valid shop books: small, feasible, every feature of the model switched on or off at random by a seed.

Feasible by construction: all calendars of a book share 10:00 to 12:00 local time on working days, a step that may not
pause fits in there, capacity changes end, receipts suffice, and greatest lags are longer than the whole work. No step
is bound to a resource with forbidden changes, a transport has a mode for every pair of bays, is never the last step of
its order and takes part in no other link, what has happened keeps to one route, budgets suffice for the thriftiest modes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product

import polars as pl
from random_floor import BAYS, BUDGET, CRANE, FAMILIES, MONDAY, RECIPES, Floor

from lineshaft.core.frames import sort_by_key
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook

FEATURES = (
    "levels", "links", "lags", "alternatives", "classes", "capacities", "calendars", "setups",
    "materials", "events", "previous", "unpausable", "free_modes", "earliest", "two_demands",
)  # fmt: skip
MORE = (
    "batches", "routes", "transfers", "end_ends", "transports", "efficiencies", "forbidden", "costs", "energy",
    "budgets", "progress",
)  # fmt: skip
EVERYTHING = (*FEATURES, *MORE)
OVERLAP = "overlap"  # a step that wants any member of a class and one named member of it as well
OBJECTIVES = ("makespan", "weighted_tardiness", "mean_flow_time", "setup")
Key = tuple[str, int]


def random_features(seed: int, among: Sequence[str] = EVERYTHING) -> set[str]:
    """Some of the features of the model, each with even odds."""
    rng = random.Random(f"features {seed}")
    return {name for name in among if rng.random() < 0.5}


def random_book(seed: int, max_ops: int = 40, features: set[str] | None = None) -> ShopBook:
    """The frames of `random_frames` as a collection, sorted by key as an engine gets them."""
    frames = random_frames(seed, max_ops, features)
    schemas = ShopBook.member_schemas()
    return ShopBook.cast({m: sort_by_key(f, schemas[m]).lazy() for m, f in frames.items() if f is not None})


def random_params(seed: int) -> ScheduleParams:
    """Random parameters that go with the book of the same seed."""
    rng = random.Random(f"params {seed}")
    objective = ",".join(rng.sample(OBJECTIVES, rng.randint(1, 4)))
    if rng.random() < 0.3:
        objective = "+".join(f"{name}:{rng.choice((0.5, 1, 3))}" for name in rng.sample(OBJECTIVES, 2))
    start = MONDAY + timedelta(hours=8) if rng.random() < 0.7 else None
    return ScheduleParams(objective=objective, start=start, frozen_min=rng.choice((0, 0, 240, 2880)))


def random_frames(
    seed: int, max_ops: int = 40, features: set[str] | None = None
) -> dict[str, pl.DataFrame | None]:
    """Input member → frame; the same seed gives the same frames."""
    rng = random.Random(f"book {seed}")
    on = {name for name in FEATURES if rng.random() < 0.5} if features is None else features
    maker = _Maker(rng, on)
    maker.calendars()
    maker.resources()
    maker.orders(rng.randint(0, max_ops))
    maker.links()
    maker.materials()
    maker.energy()
    maker.previous()
    maker.events()
    maker.budget()
    return {member: _frame(member, rows) for member, rows in maker.rows.items()}


def _frame(member: str, rows: list[dict]) -> pl.DataFrame | None:
    schema = ShopBook.member_schemas()[member]
    optional = ShopBook.members()[member].is_optional
    if not rows and optional:
        return None
    columns = {name: column.dtype for name, column in schema.columns().items()}
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=columns)


class _Maker(Floor):
    def __init__(self, rng: random.Random, on: set[str]) -> None:
        super().__init__(rng, on)
        self.steps: dict[str, list[int]] = {}
        self.routes: dict[Key, int] = {}
        self.taken: dict[str, int] = {}
        self.moves: set[Key] = set()

    def orders(self, n_ops: int) -> None:
        while sum(map(len, self.steps.values())) < n_ops:
            order_id = f"WO-{len(self.steps) + 1:02d}"
            release = MONDAY + timedelta(minutes=15 * self.rng.randint(0, 100))
            parents = list(self.steps) if self.maybe(0.6, "levels") else []
            parent = self.rng.choice(parents) if parents else None
            due = release + timedelta(hours=self.rng.randint(4, 120)) if self.rng.random() < 0.8 else None
            self.add(
                "work_orders",
                order_id=order_id,
                quantity=self.rng.randint(1, 6),
                release=release,
                due=due,
                weight=self.rng.randint(1, 5),
                parent_order_id=parent,
                parent_op_no=self.rng.choice(self.no_moves(parent)) if parent else None,
            )
            left = n_ops - sum(map(len, self.steps.values()))
            self.steps[order_id] = [10 * n for n in range(1, min(left, self.rng.randint(1, 6)) + 1)]
            self.branch(order_id)
            for op_no in self.steps[order_id]:
                if (order_id, op_no) in self.moves:
                    self.move(order_id, op_no)
                else:
                    self.step(order_id, op_no)

    def branch(self, order_id: str) -> None:
        """Routes and transports of an order; its last step is of every route and no transport."""
        inner = self.steps[order_id][:-1]
        if len(inner) > 1 and self.maybe(0.5, "routes"):
            numbers = [1, 2, *(self.rng.choice((None, 1, 2)) for _ in inner[2:])]
            self.rng.shuffle(numbers)
            self.routes |= {(order_id, op_no): number for op_no, number in zip(inner, numbers) if number}
            self.taken[order_id] = self.rng.choice((1, 2))
        for op_no in inner[1:]:
            if (order_id, op_no) not in self.routes and self.maybe(0.35, "transports"):
                self.moves.add((order_id, op_no))

    def no_moves(self, order_id: str) -> list[int]:
        return [op_no for op_no in self.steps[order_id] if (order_id, op_no) not in self.moves]

    def move(self, order_id: str, op_no: int) -> None:
        """A transport from any bay to any; some need the crane, others nothing."""
        at = {"order_id": order_id, "op_no": op_no}
        self.add("operations", **at, pausable=True)
        craned = self.rng.random() < 0.7
        for mode_no, (start, end) in enumerate(product(BAYS, BAYS), 1):
            bays = {"from_bay_id": start, "to_bay_id": end}
            lot_s = 60 if start == end else self.rng.choice((600, 1500))
            self.add("modes", **at, mode_no=mode_no, lot_s=lot_s, piece_s=0, **bays)
            if craned:
                self.add("demands", **at, mode_no=mode_no, demand_no=1, resource_id=CRANE, quantity=1)

    def step(self, order_id: str, op_no: int) -> None:
        unpausable = self.maybe(0.4, "unpausable")
        family_id = self.rng.choice((*FAMILIES, None)) if "setups" in self.on else None
        at = {"order_id": order_id, "op_no": op_no}
        heated = self.maybe(0.5, "batches")
        furnace = {"recipe_id": self.rng.choice((*RECIPES, "anneal", None))} if heated else {}
        furnace |= {"load": self.rng.choice((None, 60.0, 125.5, 480.0))} if heated else {}
        pieces = self.rng.randint(1, 4) if not heated and self.maybe(0.5, "transfers") else None
        self.add(
            "operations",
            **at,
            **furnace,
            route_no=self.routes.get((order_id, op_no)),
            transfer_quantity=pieces,
            family_id=family_id,
            pausable=not unpausable,
            earliest=MONDAY + timedelta(hours=self.rng.randint(1, 200))
            if self.maybe(0.2, "earliest")
            else None,
        )
        for mode_no in range(1, 1 + (self.rng.randint(1, 3) if "alternatives" in self.on else 1)):
            lot_s = self.rng.choice((1 if family_id else 0, 300, self.rng.randint(1, 1800)))
            piece_s = self.rng.choice((0, 600)) if unpausable else self.rng.randint(0, 3600)
            if heated:
                lot_s, piece_s = self.rng.choice((1800, 3600, 5400)), 0
            power_kw = self.rng.choice((0.0, 7.5, 60.0)) if self.maybe(0.7, "energy") else None
            self.add("modes", **at, mode_no=mode_no, lot_s=lot_s, piece_s=piece_s, power_kw=power_kw)
            if not self.maybe(0.25, "free_modes"):
                self.demands(at | {"mode_no": mode_no}, "furnaces" if heated else "machines")
            if self.maybe(0.4, "budgets"):
                uses = {"resource_id": BUDGET, "quantity": self.rng.randint(1, 5)}
                self.add("demands", **at, mode_no=mode_no, demand_no=9, **uses)

    def demands(self, mode: dict, first: str) -> None:
        asked = [first]
        if self.maybe(0.6, "two_demands"):
            asked.append("people")
        used: set[str] = set()
        for demand_no, pool in enumerate(asked, 1):
            any_of = self.maybe(0.5, "classes")
            resource_id = None if any_of else self.named(pool)
            there = self.places(pool) if any_of else self.places_of(resource_id)
            self.add(
                "demands",
                **mode,
                demand_no=demand_no,
                resource_id=resource_id,
                class_id=pool if any_of else None,
                quantity=1 if pool == "furnaces" else min(there, self.rng.choice((1, 1, 1, 2))),
            )
            used.add(pool)
        last = self.rows["demands"][-1]
        if self.maybe(0.3, OVERLAP, "classes") and last["class_id"] and last["quantity"] == 1:
            named = self.named(last["class_id"])
            more = {"demand_no": last["demand_no"] + 1, "resource_id": named, "class_id": None, "quantity": 1}
            self.add("demands", **mode, **more)

    def links(self) -> None:
        """Later steps always belong to an earlier order or have a higher number: no circles, with parents too."""
        orders = list(self.steps)
        for n, order_id in enumerate(orders):
            for op_no in self.steps[order_id]:
                if any(move <= (order_id, op_no) for move in self.moves if move[0] == order_id):
                    continue
                earlier = [(order_id, other) for other in self.steps[order_id] if other < op_no]
                if earlier and self.maybe(0.3, "links"):
                    for before in self.rng.sample(earlier, min(len(earlier), self.rng.randint(1, 2))):
                        self.link((order_id, op_no), before)
                if n + 1 < len(orders) and self.maybe(0.1, "links"):
                    other = self.rng.choice(orders[n + 1 :])
                    self.link((order_id, op_no), (other, self.rng.choice(self.no_moves(other))))

    def link(self, after: tuple[str, int], before: tuple[str, int]) -> None:
        lag_s = self.rng.choice((0, 1800, 90_000)) if "lags" in self.on else 0
        ends = self.maybe(0.4, "end_ends")
        self.add(
            "dependencies",
            order_id=after[0],
            op_no=after[1],
            after_order_id=before[0],
            after_op_no=before[1],
            kind="end_end" if ends else self.rng.choice(("end_start", "end_start", "start_start")),
            lag_s=lag_s,
            lag_max_s=lag_s + 120 * 86_400 if self.maybe(0.3, "lags") else None,
        )

    def materials(self) -> None:
        if "materials" not in self.on:
            return
        total: dict[str, float] = {}
        for row in self.rows["operations"]:
            for item_id in ("bar", "plate"):
                if self.rng.random() < 0.25:
                    quantity = self.rng.choice((1.0, 2.5, 7.0))
                    total[item_id] = total.get(item_id, 0.0) + quantity
                    key = {"order_id": row["order_id"], "op_no": row["op_no"]}
                    self.add("requirements", **key, item_id=item_id, quantity=quantity)
        for item_id, quantity in total.items():
            parts = self.rng.randint(1, 4)
            for n in range(parts):
                available = MONDAY + timedelta(hours=self.rng.randint(-48, 150))
                lot = {"receipt_id": f"{item_id}-{n}", "item_id": item_id, "available": available}
                self.add("receipts", **lot, quantity=quantity / parts + 0.5)

    def history(self) -> datetime:
        return MONDAY + timedelta(minutes=self.rng.randint(-600, 400))

    def ways(self, order_id: str, op_no: int) -> list[tuple[int, list[dict]]]:
        """Modes of a step with the demands that hold places."""
        mine = [
            row
            for row in self.rows["demands"]
            if (row["order_id"], row["op_no"]) == (order_id, op_no) and row["resource_id"] != BUDGET
        ]
        modes = [
            row["mode_no"]
            for row in self.rows["modes"]
            if (row["order_id"], row["op_no"]) == (order_id, op_no)
        ]
        return [(mode_no, [row for row in mine if row["mode_no"] == mode_no]) for mode_no in modes]

    def events(self) -> None:
        if "events" not in self.on:
            return
        busy: set[str] = set()
        for order_id in self.steps:
            op_nos = self.happens(order_id)
            done = self.rng.randint(0, len(op_nos)) if self.rng.random() < 0.4 else 0
            for op_no in op_nos[:done]:
                start = self.history()
                self.seen(order_id, op_no, "start", start, busy=None)
                finish = min(start + timedelta(minutes=self.rng.randint(0, 90)), MONDAY + timedelta(hours=8))
                self.seen(order_id, op_no, "finish", max(start, finish), busy=None)
            if done < len(op_nos) and self.rng.random() < 0.3:
                self.seen(order_id, op_nos[done], "start", self.history(), busy)
                self.progress(order_id, op_nos[done])

    def happens(self, order_id: str) -> list[int]:
        """Steps of the route taken that come before any transport: what may have begun or been planned."""
        moves = [op_no for move_order, op_no in self.moves if move_order == order_id]
        return [
            op_no
            for op_no in self.steps[order_id]
            if self.routes.get((order_id, op_no)) in (None, self.taken.get(order_id))
            and op_no < min(moves, default=op_no + 1)
        ]

    def progress(self, order_id: str, op_no: int) -> None:
        """How far a running step has come, once or twice."""
        start = self.rows["events"][-1] if self.rows["events"] else {}
        if (start.get("order_id"), start.get("op_no"), start.get("kind")) != (order_id, op_no, "start"):
            return
        most = next(row["quantity"] for row in self.rows["work_orders"] if row["order_id"] == order_id)
        at, done = start["at"], 0
        while self.maybe(0.5, "progress"):
            at += timedelta(minutes=self.rng.randint(0, 200))
            done = self.rng.randint(done, most)
            what = {"order_id": order_id, "op_no": op_no, "kind": "progress", "at": at, "quantity": done}
            self.add("events", event_id=f"E{len(self.rows['events']) + 1:03d}", **what)

    def members_of(self, demand: dict) -> list[str]:
        return [demand["resource_id"]] if demand["resource_id"] else self.pools[demand["class_id"]]

    def seen(self, order_id: str, op_no: int, kind: str, at: datetime, busy: set[str] | None) -> None:
        """One event; running steps are seen on resources of their own."""
        mode_no, demands = self.rng.choice(self.ways(order_id, op_no))
        machines = [row for row in demands if row["demand_no"] == 1]
        one_of = self.members_of(machines[0]) if machines else self.pools["machines"]
        free = [name for name in one_of if busy is None or name not in busy]
        if busy is not None and not free:
            return
        told = kind == "start" and machines and (busy is not None or self.rng.random() < 0.5)
        resource_id = self.rng.choice(free) if told else None
        if busy is not None and resource_id:
            busy.add(resource_id)
        self.add(
            "events",
            event_id=f"E{len(self.rows['events']) + 1:03d}",
            order_id=order_id,
            op_no=op_no,
            kind=kind,
            at=at,
            resource_id=resource_id,
            mode_no=mode_no if told else None,
        )

    def previous(self) -> None:
        """A plan of old: some steps where they were meant to be, one after the other, a few of them locked."""
        if "previous" not in self.on:
            return
        at = MONDAY + timedelta(hours=8)
        for row in self.rows["operations"]:
            if self.rng.random() < 0.3 or row["op_no"] not in self.happens(row["order_id"]):
                continue
            key = {"order_id": row["order_id"], "op_no": row["op_no"]}
            mode_no, demands = self.rng.choice(self.ways(row["order_id"], row["op_no"]))
            end = at + timedelta(minutes=self.rng.randint(0, 200))
            locked = self.rng.random() < 0.2
            self.add("previous", **key, mode_no=mode_no, start=at, end=end, locked=locked)
            at = end
            taken: set[tuple[str, int]] = set()
            for demand in sorted(demands, key=lambda demand: demand["class_id"] or ""):
                names = self.members_of(demand)
                there = [(name, place + 1) for name in names for place in range(self.places_of(name))]
                free = [place for place in there if place not in taken]
                for unit_no, place in enumerate(self.rng.sample(free, demand["quantity"]), 1):
                    taken.add(place)
                    where = {"demand_no": demand["demand_no"], "unit_no": unit_no}
                    held = {"resource_id": place[0], "place_no": place[1]}
                    self.add("previous_resources", **key, **where, **held)

    def budget(self) -> None:
        """Enough for the thriftiest mode of every step, and for whichever mode what is pinned may be in."""
        if "budgets" not in self.on:
            return
        begun = {(row["order_id"], row["op_no"]) for row in self.rows["events"] + self.rows["previous"]}
        uses: dict[Key, list[int]] = {(row["order_id"], row["op_no"]): [] for row in self.rows["operations"]}
        for mode in self.rows["modes"]:
            key = (mode["order_id"], mode["op_no"])
            wanted = [
                row["quantity"]
                for row in self.rows["demands"]
                if (row["order_id"], row["op_no"], row["mode_no"]) == (*key, mode["mode_no"])
                and row["resource_id"] == BUDGET
            ]
            uses[key].append(sum(wanted))
        enough = sum(max(some) if key in begun else min(some) for key, some in uses.items())
        self.add("resources", resource_id=BUDGET, kind="budget", capacity=enough + self.rng.randint(0, 9))
