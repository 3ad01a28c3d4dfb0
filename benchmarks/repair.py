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
import sys
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
from lineshaft.make.schedule.params import PromiseParams, RepairParams, ScheduleParams
from lineshaft.make.schedule.repair.edit import edit, prepare
from lineshaft.make.schedule.repair.facts import with_facts
from lineshaft.make.schedule.repair.promise import check as check_promise
from lineshaft.make.schedule.repair.promise import solve as promise
from lineshaft.make.schedule.repair.solve import check as check_repair
from lineshaft.make.schedule.repair.solve import solve as repair

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
        self.lots = {row["order_id"]: row for row in self.book.work_orders.iter_rows(named=True)}
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
        hit = self.state.unchanged.tables.operation_plan.join(
            held, on=["order_id", "op_no"], how="semi"
        ).filter((pl.col("start") < end) & (pl.col("end") > start))
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
                pl.col(column).replace(new)
                for column in ("order_id", "after_order_id")
                if column in frame.columns
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
        changes = [
            Change("operation", again, {name: step[name] for name in ("name", "family_id", "pausable")})
        ]
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
        index = mode.with_row_index().filter((pl.col("op") == number) & (pl.col("mode_no") == key[2]))[
            "index"
        ][0]
        more = int(self.state.compiled.shop.mode_s[index] * self.rng.choice((0.2, 0.5, 1.0)))
        old = self.modes[(key[0],)].filter((pl.col("op_no") == key[1]) & (pl.col("mode_no") == key[2]))[
            "lot_s"
        ][0]
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


def disturbed(scene, apart, count, check_every):
    """One row a kind: how soon answered, what moved, and whether the checker agrees."""
    stays = scene.state.standing.stays
    before = scene.state.unchanged.tables
    old = before.operation_plan.with_columns(stays=pl.Series(stays), number=pl.int_range(len(stays)))
    places = before.resource_plan.sort("order_id", "op_no", "demand_no", "unit_no")
    rows = {kind: [] for kind in KINDS}
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        changes, keys = scene.happen(kind)
        begun, begun_cpu = time.perf_counter(), time.process_time()
        result = edit(scene.state, changes)
        took_s, cpu_s = time.perf_counter() - begun, time.process_time() - begun_cpu
        assert result.status == "feasible"
        now = result.tables.operation_plan.join(old, on=["order_id", "op_no"], suffix="_was")
        held = result.tables.resource_plan.join(
            places, on=["order_id", "op_no", "demand_no", "unit_no"], suffix="_was"
        )
        elsewhere = held.filter(
            (pl.col("resource_id") != pl.col("resource_id_was")) | (pl.col("place_no") != pl.col("place_no_was"))
        ).select("order_id", "op_no").unique().with_columns(other=True)  # fmt: skip
        moved = now.join(elsewhere, on=["order_id", "op_no"], how="left").filter(
            (pl.col("start") != pl.col("start_was")) | pl.col("other")
        )
        frozen = int(moved["stays"].sum()) + int((now["stays"] & (now["end"] != now["end_was"])).sum())
        far = apart.of(keys)
        share = far[moved["number"].to_numpy()].sum() / max(1, far.sum())
        wrong = None
        if number % check_every == 0:
            wrong = len(check(with_facts(scene.book, changes), result.tables, scene.params).violations)
        rows[kind].append((took_s, cpu_s, len(moved), frozen, share, wrong))
    rows["all"] = [row for kind in KINDS for row in rows[kind]]
    return [table_row(kind, found) for kind, found in rows.items() if found]


def table_row(kind, found):
    took_s, cpu_s, moved, frozen, share, wrong = zip(*found)
    checked = [faults for faults in wrong if faults is not None]
    return {
        "disturbance": kind,
        "times": len(found),
        "answer p50 ms": round(1000 * statistics.median(took_s)),
        "answer p95 ms (bar 300)": round(1000 * float(np.quantile(took_s, 0.95))),
        "cpu p95 ms": round(1000 * float(np.quantile(cpu_s, 0.95))),
        "moved p50": round(statistics.median(moved)),
        "moved most": max(moved),
        "frozen moved (bar 0)": sum(frozen),
        "apart moved % mean (bar 10)": round(100 * statistics.mean(share), 2),
        "apart moved % most": round(100 * max(share), 2),
        "checked": len(checked),
        "violations": sum(checked),
    }


def improved(scene, count, seconds):
    """`make.repair` for some seconds: the goal and the steps moved, after the first answer and at the end."""
    better, moved, faults, first_moved = [], [], 0, []
    for number in range(count):
        changes, _ = scene.happen(KINDS[number % len(KINDS)])
        book, params = with_facts(scene.book, changes), RepairParams(frozen_min=FROZEN_MIN)
        offers = []
        result = repair(book, params, Run(time_limit_s=seconds, on_offer=offers.append))
        first, last = ({kpi.name: kpi.value for kpi in answer.kpis} for answer in (offers[0], result))
        price = [k["weighted_tardiness_min"] + 30 * k["moved_operations"] for k in (first, last)]
        better.append(price[0] - price[1])
        first_moved.append(first["moved_operations"])
        moved.append(last["moved_operations"])
        faults += len(check_repair(book, result.tables, params).violations)
    return {
        "improved runs": count,
        "seconds": seconds,
        "better in": sum(gain > 0 for gain in better),
        "goal + price min, mean gain": round(statistics.mean(better), 1),
        "most gain": round(max(better), 1),
        "moved first, mean": round(statistics.mean(first_moved), 1),
        "moved last, mean": round(statistics.mean(moved), 1),
        "violations": faults,
    }


def promises(scene, count):
    """New orders of about 30 steps: how soon promised, and whether the promise holds when they are put in."""
    size = dict(scene.book.operations.group_by("order_id").len().iter_rows())
    trees = [tree for tree in scene.trees if 27 <= sum(size[order] for order in tree) <= 33]
    took_s, holds, kept, wrong = [], 0, 0, 0
    params = PromiseParams(frozen_min=FROZEN_MIN, buffer_pct=0)
    for number in range(count):
        now = scene.step()["start"]
        tree = scene.rng.choice(trees)
        changes, _ = scene.copied(tree, "NEW", now, now + timedelta(days=20), 1)
        begun = time.perf_counter()
        result = promise(with_facts(scene.book, changes), params, Run())
        took_s.append(time.perf_counter() - begun)
        until = dict(result.tables.promises.select("order_id", "promised").iter_rows())
        ends = dict(edit(scene.state, changes).tables.order_plan.select("order_id", "end").iter_rows())
        holds += all(ends[order] <= moment for order, moment in until.items())
        book = with_facts(scene.book, changes)
        wrong += number % 10 == 0 and len(check_promise(book, result.tables, params).violations)
        place = ["order_id", "op_no", "mode_no", "start", "end"]
        old = scene.state.unchanged.tables.operation_plan.select(place)
        kept += old.join(result.tables.operation_plan, on=place, how="semi").height == old.height
    return {
        "promises": count,
        "steps": "27 to 33",
        "p50 ms": round(1000 * statistics.median(took_s)),
        "p95 ms (bar 1000)": round(1000 * float(np.quantile(took_s, 0.95))),
        "hold when inserted": f"{holds}/{count}",
        "nothing else moved": f"{kept}/{count}",
        "violations": wrong,
    }


def show(rows):
    heads = list(rows[0])
    print(" | ".join(heads))
    for row in rows:
        print(" | ".join(str(row[head]).rjust(len(head)) for head in heads))
    print(flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=6.9)
    parser.add_argument("--disturbances", type=int, default=1_000)
    parser.add_argument("--improved", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--promises", type=int, default=100)
    parser.add_argument("--check", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    scene = make_scene(asked.scale)
    print(f"{len(scene.steps)} operations in force", file=sys.stderr, flush=True)
    for kind in KINDS:
        edit(scene.state, scene.happen(kind)[0])
    jobs = [lambda: disturbed(scene, Apart(scene.state), asked.disturbances, asked.check)]
    if asked.promises:
        jobs.append(lambda: [promises(scene, asked.promises)])
    if asked.improved:
        jobs.append(lambda: [improved(scene, asked.improved, asked.seconds)])
    tables = []
    for job in jobs:
        tables.append(job())
        if not asked.json:
            show(tables[-1])
    if asked.json:
        print(json.dumps({"operations": len(scene.steps), "tables": tables}))


if __name__ == "__main__":
    main()
