"""Edits by hand on the crane works: how soon a drag is answered, beside planning anew.

python benchmarks/edit.py [--scale 1 10] [--edits 100] [--json]

`answer` is `core.solve.edit`: a drag in time (two thirds) or to another machine at random, with the whole proposal,
validated and stamped; `cpu` is processor time, which a loaded machine disturbs less. Beside it the same shop planned
anew by the best dispatch rule.
"""

import argparse
import json
import random
import statistics
import time
from datetime import timedelta

import polars as pl

from lineshaft.core import Change, Run, find_engine
from lineshaft.core.solve import edit, given_params, on_plan, prepare_edit, read_book, solve, table_name
from lineshaft.crane_works import generate


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, nargs="*", default=[1.0, 10.0])
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    engine = find_engine("make.schedule")
    example = engine.load("example")()
    first = on_plan(engine, example, solve(engine, example, run=Run(work_limit=0)).tables)
    edit(prepare_edit(engine, first), [])
    rows = [measure(engine, scale, asked.edits) for scale in asked.scale]
    if asked.json:
        print(json.dumps(rows))
        return
    heads = list(rows[0])
    print(" | ".join(heads))
    for row in rows:
        print(" | ".join(str(row[head]).rjust(len(head)) for head in heads))


def measure(engine, scale, edits):
    tables = generate(scale=scale)
    members = engine.load("inputs").member_schemas()
    frames = {member: tables.get(table_name(schema)) for member, schema in members.items()}
    begun = time.perf_counter()
    plan = solve(engine, frames, run=Run(work_limit=0)).tables
    anew_s = time.perf_counter() - begun
    frames = on_plan(engine, frames, plan)
    begun = time.perf_counter()
    prepared = prepare_edit(engine, frames)
    prepare_s = time.perf_counter() - begun
    check, book, params = engine.load("check"), read_book(engine, frames), given_params(engine, None)
    took_s, cpu_s, possible, moved, wrong = [], [], 0, [], 0
    for number, change in enumerate(drags(frames, plan, edits)):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        result = edit(prepared, [change])
        took_s.append(time.perf_counter() - begun)
        cpu_s.append(time.process_time() - begun_cpu)
        if result.status == "feasible":
            possible += 1
            moved.append(
                sum(r.code in ("edit_gives_way", "edit_follows", "edit_shifts") for r in result.reasons)
            )
            wrong += number % 20 == 0 and bool(check(book, result.tables, params).violations)
    return {
        "operations": len(plan.operation_plan),
        "plan anew s": round(anew_s, 1),
        "prepare ms": round(1000 * prepare_s),
        "answer median ms": round(1000 * statistics.median(took_s), 1),
        "answer p95 ms": round(1000 * statistics.quantiles(took_s, n=20)[-1], 1),
        "cpu median ms": round(1000 * statistics.median(cpu_s), 1),
        "cpu p95 ms": round(1000 * statistics.quantiles(cpu_s, n=20)[-1], 1),
        "answer worst ms": round(1000 * max(took_s), 1),
        "possible": f"{possible}/{edits}",
        "moved median": statistics.median(moved),
        "moved most": max(moved),
        "violations": wrong,
    }


def drags(frames, plan, edits):
    """Random drags: up to two days either way; every third also to another machine of the class."""
    rng = random.Random(7)
    rows = plan.operation_plan.rows(named=True)
    classes = frames["members"].group_by("class_id").agg("resource_id")
    first = frames["demands"].filter(pl.col("demand_no") == 1).join(classes, on="class_id", how="left")
    can = {
        (row["order_id"], row["op_no"]): [row["resource_id"]]
        if row["resource_id"]
        else row["resource_id_right"]
        for row in first.iter_rows(named=True)
    }
    for number in range(edits):
        row = rng.choice(rows)
        key = (row["order_id"], row["op_no"])
        values = {"start": row["start"] + timedelta(minutes=15 * rng.randint(-192, 192))}
        if number % 3 == 2 and key in can:
            values["resource_id"] = rng.choice(sorted(can[key]))
        yield Change("operation_plan", key, values)


if __name__ == "__main__":
    main()
