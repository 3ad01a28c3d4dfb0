"""The floor of a random shop: calendars with their exceptions, resources with what can be told of them, energy prices."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from lineshaft.make.schedule.tables import ShopBook

MONDAY = datetime(2026, 3, 23, tzinfo=UTC)  # the week before European summer time begins
FAMILIES = ("red", "green", "blue")
BAYS = ("north", "south", "yard")
RECIPES = {"anneal": "heat", "temper": "heat", "harden": None}  # recipe → mix group
FLOOR_MACHINES, FLOOR_PEOPLE, FURNACES = ("M1", "M2", "M3", "M4"), ("P1", "P2", "P3"), ("F1", "F2")
CRANE, BUDGET = "C1", "kWh"
STRICT = ("M2", "F2")  # where some changes are forbidden; nothing needs just these
LOAD_MAX_KG = 500.0


class Floor:
    """Rows of a book by member, and the choices they were drawn with."""

    def __init__(self, rng: random.Random, on: set[str]) -> None:
        self.rng, self.on = rng, on
        self.rows: dict[str, list[dict]] = {member: [] for member in ShopBook.members()}
        self.pools: dict[str, list[str]] = {"machines": list(FLOOR_MACHINES), "people": list(FLOOR_PEOPLE)}
        if "batches" in on:
            self.pools["furnaces"] = list(FURNACES)
        self.no_change = STRICT if on.issuperset({"forbidden", "setups", "classes"}) else ()

    def add(self, member: str, **row: object) -> None:
        self.rows[member].append(row)

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
        for calendar_id in self.calendar_ids[1:] if "costs" in self.on else ():
            for day in range(3):
                key = {"calendar_id": calendar_id, "date": (MONDAY + timedelta(days=day)).date()}
                evening = {"start_min": 900, "end_min": 1200, "cost_fen_h": self.rng.choice((2500, 4000))}
                self.add("exceptions", **key, exception_no=2, kind="overtime", **evening)

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
            self.families()
        if "transports" in self.on:
            for bay_id in BAYS:
                self.add("bays", bay_id=bay_id)
        kinds = {"machines": "machine", "people": "person", "furnaces": "machine"}
        for pool, members in self.pools.items():
            for resource_id in members:
                self.resource(resource_id, pool, kinds[pool])
        if "transports" in self.on:
            crane = {"resource_id": CRANE, "kind": "crane", "bay_id": self.rng.choice((None, *BAYS))}
            self.add("resources", **crane, capacity=2, calendar_id=self.rng.choice(self.calendar_ids))
        if "batches" in self.on:
            for recipe_id, mix_group in RECIPES.items():
                self.add("recipes", recipe_id=recipe_id, mix_group=mix_group)
        if "classes" in self.on:
            for class_id, members in self.pools.items():
                self.add("classes", class_id=class_id, kind=kinds[class_id])
                for resource_id in members:
                    self.add("members", class_id=class_id, resource_id=resource_id)

    def families(self) -> None:
        for family in FAMILIES:
            self.add("families", family_id=family, setup_s=self.rng.choice((0, 600, 5400)))
        for group in ("cells", "strict") if self.no_change else ("cells",):
            for one in FAMILIES:
                for other in FAMILIES:
                    if one != other and self.rng.random() < 0.7:
                        pair = {"setup_group": group, "from_family_id": one, "to_family_id": other}
                        seconds = {"setup_s": self.rng.randint(0, 7200)}
                        fen = {"cost_fen": self.rng.randint(0, 9999) if self.maybe(0.7, "costs") else None}
                        forbidden = self.rng.choice((True, False, None)) if group == "strict" else None
                        self.add("setups", **pair, **seconds, **fen, forbidden=forbidden)

    def resource(self, resource_id: str, pool: str, kind: str) -> None:
        several = self.maybe(0.4, "capacities")
        grouped = pool != "people" and self.maybe(0.7, "setups")
        furnace = {"load_max": LOAD_MAX_KG, "load_unit": "kg"} if pool == "furnaces" else {}
        self.add(
            "resources",
            resource_id=resource_id,
            kind=kind,
            calendar_id=self.rng.choice(self.calendar_ids),
            capacity=self.rng.randint(2, 3) if several else 1,
            setup_group=("strict" if resource_id in self.no_change else "cells") if grouped else None,
            family_id=self.rng.choice((*FAMILIES, None)) if grouped else None,
            bay_id=self.rng.choice((*BAYS, None)) if self.maybe(0.8, "transports") else None,
            efficiency_pct=self.rng.choice((80, 93, 125, 170)) if self.maybe(0.5, "efficiencies") else None,
            **furnace,
        )
        if self.maybe(0.4, "capacities"):
            self.capacity_changes(resource_id)

    def capacity_changes(self, resource_id: str) -> None:
        start = MONDAY + timedelta(hours=self.rng.randint(8, 60))
        for _ in range(self.rng.randint(1, 2)):
            end = start + timedelta(minutes=self.rng.randint(30, 2000))
            capacity = self.rng.randint(0, 3)
            self.add("capacities", resource_id=resource_id, start=start, end=end, capacity=capacity)
            start = end + timedelta(minutes=self.rng.choice((0, 90)))

    def energy(self) -> None:
        """Dear days and cheap nights for five weeks, and an hour without a price."""
        for day in range(-2, 33) if "energy" in self.on else ():
            midnight = MONDAY + timedelta(days=day)
            for start, end, price in ((0, 7, 31.5), (7, 12, 88.0), (13, 24, 64.25)):
                hours = {"start": midnight + timedelta(hours=start), "end": midnight + timedelta(hours=end)}
                self.add("energy_prices", **hours, price_fen_kwh=price)

    def places_of(self, resource_id: str | None) -> int:
        return next(row["capacity"] for row in self.rows["resources"] if row["resource_id"] == resource_id)

    def places(self, pool: str) -> int:
        return sum(self.places_of(resource_id) for resource_id in self.pools[pool])

    def named(self, pool: str) -> str:
        """A member of a pool that a step may be bound to."""
        return self.rng.choice([one for one in self.pools[pool] if one not in self.no_change])
