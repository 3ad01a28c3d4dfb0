"""Repair and promise on the crane works: random disturbances, and new orders, beside the bars.

python benchmarks/repair.py [--scale 6.9] [--disturbances 1000] [--improved 50] [--promises 100] [--check 20] [--json]

A disturbance is one of seven kinds in turn, at a random place of a plan with two frozen days and one step in fifty
locked: breakdown, sick person, rush order, late material, rework, longer operation, new quantity. `answer` is `edit`
from the prepared state with the whole proposal. A step is *apart* when it neither precedes nor follows what was
disturbed (through any chain of steps) nor shares a day of a resource with it. Every `--check`th answer goes through
the independent checker. `improved` runs `make.repair` for ten seconds on the same book.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from lineshaft.core import Change, Run, find_engine
from lineshaft.core.solve import on_plan, read_book, solve, table_name
from lineshaft.crane_works import generate
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.layout.calendars import ranges
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.repair.edit import edit, mend, prepare
from lineshaft.make.schedule.repair.facts import with_facts

FROZEN_MIN = 2 * 24 * 60
LOCKED = 50
KINDS = ("breakdown", "sick", "rush order", "late material", "rework", "longer", "quantity")
TABLE_OF = {
    "work_orders": "work_order",
    "operations": "operation",
    "modes": "operation_mode",
    "demands": "resource_demand",
    "dependencies": "segment_dependency",
}
DAY_S = 86_400


@dataclass
class Scene:
    """A plan in force, its prepared state, and random things that happen to it."""

    book: object
    params: ScheduleParams
    state: object
    rng: random.Random

    def __post_init__(self):
        plan = self.state.unchanged.tables
        self.steps = plan.operation_plan.rows(named=True)
        kinds = dict(self.book.resources.select("resource_id", "kind").iter_rows())
        used = set(plan.resource_plan["resource_id"])
        self.machines = sorted(r for r in used if str(kinds[r]) == "machine")
        self.people = sorted(r for r in used if str(kinds[r]) == "person")
        self.lots = {
            row["order_id"]: row for row in self.book.work_orders.iter_rows(named=True)
        }
        self.modes = self.book.modes.partition_by("order_id", as_dict=True)
        self.trees = order_trees(self.book)

    def happen(self, kind):
        """(changes, keys of the operations disturbed) of a random disturbance."""
        return getattr(self, kind.replace(" ", "_"))()

    def step(self):
        return self.rng.choice(self.steps)

    def out(self, resources, hours):
        """One of some resources is away from a moment at which it works."""
        row = self.step()
        name = self.rng.choice(resources)
        start = row["start"]
        end = start + timedelta(hours=self.rng.choice(hours))
        held = self.state.unchanged.tables.resource_plan.filter(pl.col("resource_id") == name)
        hit = self.state.unchanged.tables.operation_plan.join(held, on=["order_id", "op_no"], how="semi").filter(
            (pl.col("start") < end) & (pl.col("end") > start)
        )
        change = Change("resource_capacity", (name, start), {"end": end, "capacity": 0})
        return [change], set(hit.select("order_id", "op_no").rows())

    def breakdown(self):
        return self.out(self.machines, (4, 8, 16, 24, 48))

    def sick(self):
        return self.out(self.people, (8, 24, 72))

    def rush_order(self):
        """A copy of a small sale, released now and due at twice its work."""
        tree = self.rng.choice([tree for tree in self.trees if len(tree) <= 4])
        now = self.step()["start"]
        return self.copied(tree, "RUSH", now, now + timedelta(days=10), 10)

    def copied(self, tree, name, release, due, weight):
        """New orders like those of a tree, with nothing bought."""
        new = {order: f"{name}-{order}" for order in tree}
        changes, keys = [], set()
        for order in tree:
            row = self.lots[order]
            parent = row["parent_order_id"]
            values = {
                **{name: row[name] for name in ("item_id", "quantity", "parent_op_no")},
                "release": release,
                "due": None if parent else due,
                "weight": weight,
                "parent_order_id": new.get(parent),
            }
            changes.append(Change("work_order", (new[order],), values))
        for member in ("operations", "modes", "demands", "dependencies"):
            frame = getattr(self.book, member)
            schema = type(self.book).member_schemas()[member]
            named = frame.with_columns(
                pl.col(column).replace(new) for column in ("order_id", "after_order_id") if column in frame.columns
            ).filter(frame["order_id"].is_in(tree))
            for row in named.iter_rows(named=True):
                key = tuple(row.pop(column) for column in schema.primary_key())
                changes.append(Change(TABLE_OF[member], key, row))
                if member == "operations":
                    keys.add(key)
        return changes, keys

    def late_material(self):
        row = self.book.receipts.sample(1, seed=self.rng.randrange(1 << 30)).row(0, named=True)
        later = row["available"] + timedelta(days=self.rng.randint(1, 7))
        changes = [Change("receipt", (row["receipt_id"],), {"available": later})]
        material = self.state.compiled.material
        ops = material.filter(pl.col("receipt_id") == row["receipt_id"])["op"].to_list()
        return changes, {self.state.names.keys[op] for op in ops}

    def rework(self):
        """A step has to be done again right after itself, in half the time."""
        row = self.step()
        order, op_no = row["order_id"], row["op_no"]
        again = (order, op_no + 1)
        own = {m: getattr(self.book, m).filter((pl.col("order_id") == order) & (pl.col("op_no") == op_no))
               for m in ("operations", "modes", "demands")}  # fmt: skip
        step = own["operations"].row(0, named=True)
        changes = [Change("operation", again, {name: step[name] for name in ("name", "family_id", "pausable")})]
        for mode in own["modes"].iter_rows(named=True):
            times = {name: mode[name] // 2 for name in ("lot_s", "piece_s")}
            changes.append(Change("operation_mode", (*again, mode["mode_no"]), times))
        for need in own["demands"].iter_rows(named=True):
            values = {name: need[name] for name in ("resource_id", "class_id", "quantity")}
            changes.append(Change("resource_demand", (*again, need["mode_no"], need["demand_no"]), values))
        return changes, {again}

    def longer(self):
        row = self.step()
        key = (row["order_id"], row["op_no"], row["mode_no"])
        mode = self.state.compiled.modes
        number = self.state.names.number[key[:2]]
        index = mode.with_row_index().filter((pl.col("op") == number) & (pl.col("mode_no") == key[2]))["index"][0]
        more = int(self.state.compiled.shop.mode_s[index] * self.rng.choice((0.2, 0.5, 1.0)))
        old = self.modes[(key[0],)].filter((pl.col("op_no") == key[1]) & (pl.col("mode_no") == key[2]))["lot_s"][0]
        return [Change("operation_mode", key, {"lot_s": old + more})], {key[:2]}

    def quantity(self):
        order = self.step()["order_id"]
        pieces = self.lots[order]["quantity"]
        changes = [Change("work_order", (order,), {"quantity": pieces + max(1, pieces // 2)})]
        return changes, {(row["order_id"], row["op_no"]) for row in self.steps if row["order_id"] == order}


def order_trees(book):
    """Every customer's order with the orders made for it."""
    parent = dict(book.work_orders.select("order_id", "parent_order_id").iter_rows())
    trees = {}
    for order in parent:
        root = order
        while parent[root]:
            root = parent[root]
        trees.setdefault(root, []).append(order)
    return list(trees.values())


def make_scene(scale):
    engine = find_engine("make.schedule")
    tables = generate(scale=scale)
    schemas = engine.load("inputs").member_schemas()
    frames = {member: tables.get(table_name(schema)) for member, schema in schemas.items()}
    params = ScheduleParams(frozen_min=FROZEN_MIN)
    frames = on_plan(engine, frames, solve(engine, frames, params, Run(work_limit=0)).tables)
    locks = [number % LOCKED == 0 for number in range(len(frames["previous"]))]
    frames["previous"] = frames["previous"].with_columns(locked=pl.Series(locks))
    book = read_book(engine, frames)
    return Scene(book, params, prepare(book, params), random.Random(7))


class Apart:
    """Which operations of the plan in force have nothing to do with some that were disturbed."""

    def __init__(self, state):
        shop, standing = state.compiled.shop, state.standing
        self.n, self.number = shop.n_ops, state.names.number
        self.succ = [[] for _ in range(shop.n_ops)]
        self.pred = [[] for _ in range(shop.n_ops)]
        for op in range(shop.n_ops):
            for before in shop.pred_op[shop.pred_ptr[op] : shop.pred_ptr[op + 1]].tolist():
                self.pred[op].append(before)
                self.succ[before].append(op)
        timetable = standing.timetable()
        held = np.repeat(np.arange(shop.n_ops), np.diff(timetable.lane_ptr))
        first = standing.start_s[held] // DAY_S
        days = np.maximum(standing.end_s[held] - 1, standing.start_s[held]) // DAY_S - first + 1
        op, day = np.repeat(held, days), ranges(first, days)
        resource = np.repeat(shop.lane_resource[timetable.lane], days)
        self.op, self.cell = op, resource * 100_000 + day

    def of(self, keys):
        """Keys may be of steps that are not in the plan: then of all its order's steps in the plan."""
        orders = {order for order, _ in keys}
        known = [self.number[key] for key in keys if key in self.number]
        if not known:
            known = [op for key, op in self.number.items() if key[0] in orders]
        near = np.zeros(self.n, dtype=bool)
        for links in (self.pred, self.succ):
            stack, seen = list(known), set(known)
            while stack:
                for other in links[stack.pop()]:
                    if other not in seen:
                        seen.add(other)
                        stack.append(other)
            near[list(seen)] = True
        mine = np.zeros(self.n, dtype=bool)
        mine[known] = True
        near[self.op[np.isin(self.cell, self.cell[mine[self.op]])]] = True
        return ~near
