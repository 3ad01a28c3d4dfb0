"""Random valid shop books: small, feasible, every feature of the model switched on or off at random by a seed.

Feasible by construction: all calendars of a book share 10:00 to 12:00 local time on working days, a step that may not
pause fits in there, capacity changes end, receipts suffice, and greatest lags are longer than the whole work.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import polars as pl

from lineshaft.core.frames import sort_by_key
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook

MONDAY = datetime(2026, 3, 23, tzinfo=UTC)  # the week before European summer time begins
FEATURES = (
    "levels", "links", "lags", "alternatives", "classes", "capacities", "calendars", "setups",
    "materials", "events", "previous", "unpausable", "free_modes", "earliest", "two_demands",
)  # fmt: skip
OVERLAP = "overlap"  # a step that wants any member of a class and one named member of it as well
FAMILIES = ("red", "green", "blue")
OBJECTIVES = ("makespan", "weighted_tardiness", "mean_flow_time", "setup")
FLOOR_MACHINES, FLOOR_PEOPLE = ("M1", "M2", "M3", "M4"), ("P1", "P2", "P3")


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
    maker.previous()
    maker.events()
    return {member: _frame(member, rows) for member, rows in maker.rows.items()}


def _frame(member: str, rows: list[dict]) -> pl.DataFrame | None:
    schema = ShopBook.member_schemas()[member]
    optional = ShopBook.members()[member].is_optional
    if not rows and optional:
        return None
    columns = {name: column.dtype for name, column in schema.columns().items()}
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=columns)


class _Maker:
    def __init__(self, rng: random.Random, on: set[str]) -> None:
        self.rng, self.on = rng, on
        self.rows: dict[str, list[dict]] = {member: [] for member in ShopBook.members()}
        self.pools: dict[str, list[str]] = {"machines": list(FLOOR_MACHINES), "people": list(FLOOR_PEOPLE)}
        self.steps: dict[str, list[int]] = {}

    def maybe(self, chance: float, *needs: str) -> bool:
        return self.on.issuperset(needs) and self.rng.random() < chance

    def calendars(self) -> None:
        self.calendar_ids: list[str | None] = [None]
        if "calendars" not in self.on:
            return
        zone = self.rng.choice(("Asia/Shanghai", "Europe/Berlin", "UTC"))
        for calendar_id, (hours, last_day) in {
            "day": ([(480, 960)], 5),
            "split": ([(360, 840), (840, 1320)], 6),
            "night": ([(600, 720), (1320, 1800)], 5),
        }.items():
            self.calendar_ids.append(calendar_id)
            self.add("calendars", calendar_id=calendar_id, time_zone=zone)
            for weekday in range(1, last_day + 1):
                for shift_no, (start, end) in enumerate(hours, 1):
                    where = {"calendar_id": calendar_id, "weekday": weekday, "shift_no": shift_no}
                    self.add("shifts", **where, start_min=start, end_min=end)
                    if end - start > 300 and self.rng.random() < 0.7:
                        pause = start + 240 if calendar_id != "split" else start + 60
                        self.add("breaks", **where, break_no=1, start_min=pause, end_min=pause + 30)
        if self.rng.random() < 0.6:
            self.exceptions()

    def exceptions(self) -> None:
        for days, kind, more in (
            (2, "holiday", {}),
            (5, "work_as", {"as_weekday": 2}),
            (6, "overtime", {"start_min": 540, "end_min": 800}),
            (3, "closed", {"start_min": 780, "end_min": 1500}),
        ):
            calendar_id = self.rng.choice(self.calendar_ids[1:])
            date = (MONDAY + timedelta(days=days + 7 * self.rng.randint(0, 1))).date()
            self.add("exceptions", calendar_id=calendar_id, date=date, exception_no=1, kind=kind, **more)

    def resources(self) -> None:
        if "setups" in self.on:
            for family in FAMILIES:
                self.add("families", family_id=family, setup_s=self.rng.choice((0, 600, 5400)))
            for one in FAMILIES:
                for other in FAMILIES:
                    if one != other and self.rng.random() < 0.7:
                        pair = {"setup_group": "cells", "from_family_id": one, "to_family_id": other}
                        self.add("setups", **pair, setup_s=self.rng.randint(0, 7200))
        for resource_id in (*FLOOR_MACHINES, *FLOOR_PEOPLE):
            kind = "machine" if resource_id in FLOOR_MACHINES else "person"
            several = self.maybe(0.4, "capacities")
            grouped = kind == "machine" and self.maybe(0.7, "setups")
            self.add(
                "resources",
                resource_id=resource_id,
                kind=kind,
                calendar_id=self.rng.choice(self.calendar_ids),
                capacity=self.rng.randint(2, 3) if several else 1,
                setup_group="cells" if grouped else None,
                family_id=self.rng.choice((*FAMILIES, None)) if grouped else None,
            )
            if self.maybe(0.4, "capacities"):
                self.capacity_changes(resource_id)
        if "classes" in self.on:
            for class_id, members in self.pools.items():
                kind = "machine" if class_id == "machines" else "person"
                self.add("classes", class_id=class_id, kind=kind)
                for resource_id in members:
                    self.add("members", class_id=class_id, resource_id=resource_id)

    def capacity_changes(self, resource_id: str) -> None:
        start = MONDAY + timedelta(hours=self.rng.randint(8, 60))
        for _ in range(self.rng.randint(1, 2)):
            end = start + timedelta(minutes=self.rng.randint(30, 2000))
            capacity = self.rng.randint(0, 3)
            self.add("capacities", resource_id=resource_id, start=start, end=end, capacity=capacity)
            start = end + timedelta(minutes=self.rng.choice((0, 90)))

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
                parent_op_no=self.rng.choice(self.steps[parent]) if parent else None,
            )
            left = n_ops - sum(map(len, self.steps.values()))
            self.steps[order_id] = [10 * n for n in range(1, min(left, self.rng.randint(1, 6)) + 1)]
            for op_no in self.steps[order_id]:
                self.step(order_id, op_no)

    def step(self, order_id: str, op_no: int) -> None:
        unpausable = self.maybe(0.4, "unpausable")
        family_id = self.rng.choice((*FAMILIES, None)) if "setups" in self.on else None
        at = {"order_id": order_id, "op_no": op_no}
        self.add(
            "operations",
            **at,
            family_id=family_id,
            pausable=not unpausable,
            earliest=MONDAY + timedelta(hours=self.rng.randint(1, 200))
            if self.maybe(0.2, "earliest")
            else None,
        )
        for mode_no in range(1, 1 + (self.rng.randint(1, 3) if "alternatives" in self.on else 1)):
            lot_s = self.rng.choice((1 if family_id else 0, 300, self.rng.randint(1, 1800)))
            piece_s = self.rng.choice((0, 600)) if unpausable else self.rng.randint(0, 3600)
            self.add("modes", **at, mode_no=mode_no, lot_s=lot_s, piece_s=piece_s)
            if not self.maybe(0.25, "free_modes"):
                self.demands(at | {"mode_no": mode_no})

    def demands(self, mode: dict) -> None:
        asked = ["machines"]
        if self.maybe(0.6, "two_demands"):
            asked.append("people")
        used: set[str] = set()
        for demand_no, pool in enumerate(asked, 1):
            any_of = self.maybe(0.5, "classes")
            resource_id = None if any_of else self.rng.choice(self.pools[pool])
            there = self.places(pool) if any_of else self.places_of(resource_id)
            self.add(
                "demands",
                **mode,
                demand_no=demand_no,
                resource_id=resource_id,
                class_id=pool if any_of else None,
                quantity=min(there, self.rng.choice((1, 1, 1, 2))),
            )
            used.add(pool)
        last = self.rows["demands"][-1]
        if self.maybe(0.3, OVERLAP, "classes") and last["class_id"] and last["quantity"] == 1:
            named = self.rng.choice(self.pools[last["class_id"]])
            more = {"demand_no": last["demand_no"] + 1, "resource_id": named, "class_id": None, "quantity": 1}
            self.add("demands", **mode, **more)

    def places_of(self, resource_id: str | None) -> int:
        return next(row["capacity"] for row in self.rows["resources"] if row["resource_id"] == resource_id)

    def places(self, pool: str) -> int:
        return sum(self.places_of(resource_id) for resource_id in self.pools[pool])

    def links(self) -> None:
        """Later steps always belong to an earlier order or have a higher number: no circles, with parents too."""
        orders = list(self.steps)
        for n, order_id in enumerate(orders):
            for op_no in self.steps[order_id]:
                earlier = [(order_id, other) for other in self.steps[order_id] if other < op_no]
                if earlier and self.maybe(0.3, "links"):
                    for before in self.rng.sample(earlier, min(len(earlier), self.rng.randint(1, 2))):
                        self.link((order_id, op_no), before)
                if n + 1 < len(orders) and self.maybe(0.1, "links"):
                    other = self.rng.choice(orders[n + 1 :])
                    self.link((order_id, op_no), (other, self.rng.choice(self.steps[other])))

    def link(self, after: tuple[str, int], before: tuple[str, int]) -> None:
        lag_s = self.rng.choice((0, 1800, 90_000)) if "lags" in self.on else 0
        self.add(
            "dependencies",
            order_id=after[0],
            op_no=after[1],
            after_order_id=before[0],
            after_op_no=before[1],
            kind=self.rng.choice(("end_start", "end_start", "start_start")),
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
        """Modes of a step with their demands."""
        mine = [row for row in self.rows["demands"] if (row["order_id"], row["op_no"]) == (order_id, op_no)]
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
        for order_id, op_nos in self.steps.items():
            done = self.rng.randint(0, len(op_nos)) if self.rng.random() < 0.4 else 0
            for op_no in op_nos[:done]:
                start = self.history()
                self.seen(order_id, op_no, "start", start, busy=None)
                finish = min(start + timedelta(minutes=self.rng.randint(0, 90)), MONDAY + timedelta(hours=8))
                self.seen(order_id, op_no, "finish", max(start, finish), busy=None)
            if done < len(op_nos) and self.rng.random() < 0.3:
                self.seen(order_id, op_nos[done], "start", self.history(), busy)

    def seen(self, order_id: str, op_no: int, kind: str, at: datetime, busy: set[str] | None) -> None:
        """One event; running steps are seen on resources of their own."""
        mode_no, demands = self.rng.choice(self.ways(order_id, op_no))
        machines = [row for row in demands if row["demand_no"] == 1]
        one_of = (
            [machines[0]["resource_id"]]
            if machines and machines[0]["resource_id"]
            else self.pools["machines"]
        )
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
            if self.rng.random() < 0.3:
                continue
            key = {"order_id": row["order_id"], "op_no": row["op_no"]}
            mode_no, demands = self.rng.choice(self.ways(row["order_id"], row["op_no"]))
            end = at + timedelta(minutes=self.rng.randint(0, 200))
            locked = self.rng.random() < 0.2
            self.add("previous", **key, mode_no=mode_no, start=at, end=end, locked=locked)
            at = end
            taken: set[tuple[str, int]] = set()
            for demand in sorted(demands, key=lambda demand: demand["class_id"] or ""):
                names = [demand["resource_id"]] if demand["resource_id"] else self.pools[demand["class_id"]]
                there = [(name, place + 1) for name in names for place in range(self.places_of(name))]
                free = [place for place in there if place not in taken]
                for unit_no, place in enumerate(self.rng.sample(free, demand["quantity"]), 1):
                    taken.add(place)
                    where = {"demand_no": demand["demand_no"], "unit_no": unit_no}
                    held = {"resource_id": place[0], "place_no": place[1]}
                    self.add("previous_resources", **key, **where, **held)

    def add(self, member: str, **row: object) -> None:
        self.rows[member].append(row)
