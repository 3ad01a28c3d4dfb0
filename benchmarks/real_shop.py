"""A real machine shop, three months of 2012: what happened, the best dispatching rule, our plan and its proven bound.

`python benchmarks/real_shop.py [--json] [--time-limit-s 60] [--workers 2] [--seed 1] [--sustained 0.1] [LOG]`

All figures come from the independent checker or from the plan's rows, for history as well as for the plans: the same
tables judge all of them. `--sustained` is the share of busy time that makes a person's usual number of places
(see `lineshaft.store.infer`); other values show how much the answer hangs on it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl

from lineshaft.core import Run, find_engine
from lineshaft.core.solve import read_book, solve, table_name
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.dispatch.rules import best_rule
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.plan import make_plan
from lineshaft.make.schedule.solve import first_plan
from lineshaft.make.schedule.tables import ShopBook, ShopPlan
from lineshaft.store.attendance import busy_times
from lineshaft.store.eventlog import read_event_log
from lineshaft.store.infer import Hours, Inferred, infer_works

LOG = Path(__file__).parents[1] / "../shared/data/shopfloor/Production.xes"
ENGINE = find_engine("make.schedule")
PARAMS = ScheduleParams(objective="mean_flow_time")
DAY_S = 86_400
BAR = 0.15
SAYS = """
What it says: with the same people, in the hours they were really there, no more work in each one's hands at once than
they usually had, every operation as long as it really took, in the order and with no more overlap than really was,
and no order begun before it really was, this is how soon the orders could have been done had each person always
taken the right operation next. History passes the same checker under the same tables.
What it cannot say: how much of the difference was in the planner's hands. The log names no machines, material, tools,
outside work (nitration is seen only by its inspection) or rush orders, and no promised dates; those made work wait in
history and make none wait in the plan. The plan knows every duration beforehand. People are counted as absent when
they logged nothing, though they may have worked on orders that are not in the log."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", nargs="?", type=Path, default=LOG)
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--time-limit-s", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sustained", type=float, default=0.10)
    args = parser.parse_args()
    if not args.log.is_file():
        print(f"no shared data: {args.log} is not there", file=sys.stderr)
        return 0
    answer = compare(args.log, args.time_limit_s, args.workers, args.seed, args.sustained)
    print(json.dumps(answer, indent=2) if args.json else as_text(answer))
    return 0 if answer["met"] else 1


def compare(log: Path, time_limit_s: float, workers: int, seed: int, sustained: float) -> dict:
    """Import, infer, plan and judge; figures in days and hours."""
    begun = time.perf_counter()
    works = infer_works(read_event_log(log), sustained=sustained)
    frames = members(works)
    book = read_book(ENGINE, frames)
    import_s = time.perf_counter() - begun
    plan_by_rule, rule = by_rule(book)
    begun = time.perf_counter()
    result = solve(ENGINE, frames, PARAMS, Run(seed=seed, time_limit_s=time_limit_s, workers=workers))
    solve_s = time.perf_counter() - begun
    plans = {"history": history_of(works), rule: plan_by_rule, "plan": result.tables}
    rows = {name: figures(works, book, plan) for name, plan in plans.items()}
    bound_min = next(kpi.bound for kpi in result.kpis if kpi.name == "mean_flow_time_min")
    orders = works.frames["work_order"].height
    of_rule, of_plan = rows[rule], rows["plan"]
    better = 1 - of_plan["flow_total_d"] / of_rule["flow_total_d"]
    return {
        "operations": works.frames["operation"].height,
        "orders": orders,
        "import_s": round(import_s, 1),
        "solve_s": round(solve_s, 1),
        "work": result.work,
        "stopped_by": result.stopped_by,
        "rows": rows,
        "bound_total_d": None if bound_min is None else bound_min * orders / 1_440,
        "better_than_rule": better,
        "less_than_history": 1 - of_plan["flow_total_d"] / rows["history"]["flow_total_d"],
        "met": better >= BAR and not any(row["violations"] for row in rows.values()),
    }


def members(works: Inferred) -> dict[str, pl.DataFrame]:
    """The inferred tables under the names the engine gives them."""
    names = {member: table_name(schema) for member, schema in ShopBook.member_schemas().items()}
    return {member: works.frames[name] for member, name in names.items() if name in works.frames}


def by_rule(book: ShopBook):
    """The best dispatching rule's plan on the same model, and its name."""
    compiled, goal, _ = first_plan(book, PARAMS)
    timetable, rule, _ = best_rule(compiled.shop, goal)
    return make_plan(compiled, timetable), f"best rule ({rule})"


def figures(works: Inferred, book: ShopBook, plan: ShopPlan) -> dict:
    """What the checker finds, and what it means for orders and people."""
    checked = check(book, plan, PARAMS)
    orders = plan.order_plan.join(book.work_orders.select("order_id", "release", "due"), on="order_id")
    late_d = orders.select(((pl.col("end") - pl.col("due")).dt.total_seconds() / DAY_S).clip(0)).to_series()
    flow_d = checked.kpis["mean_flow_time_min"] / 1_440
    return {
        "violations": len(checked.violations),
        "operations": plan.operation_plan.height,
        "flow_total_d": flow_d * orders.height,
        "flow_mean_d": flow_d,
        "late_orders": int((late_d > 0).sum()),
        "late_mean_d": float(late_d.mean()),
        "makespan_d": checked.kpis["makespan_min"] / 1_440,
        **people_figures(works, plan),
    }


def people_figures(works: Inferred, plan: ShopPlan) -> dict:
    """Load of people, hours after the log's end, and work at once beyond anything the log ever showed."""
    pieces, of_activity = worked(works, plan)
    seen = {name: at_most(some) for name, some in worked(works, history_of(works))[1].items()}
    log_end = int(works.history["operation_plan"]["end"].max().timestamp())
    visitors = {finding.key[0] for finding in works.report if finding.code == "visitor"}
    loads = []
    for person, some in pieces.items():
        if person not in visitors:
            hours = works_hours(works, person)
            there_s = np.clip(np.minimum(hours.ends, log_end) - hours.starts, 0, None).sum()
            busy_s = sum(min(end, log_end) - start for start, end, _ in busy_times(some) if start < log_end)
            loads.append((busy_s / there_s, there_s))
    load = np.average([load for load, _ in loads], weights=[there_s for _, there_s in loads])
    everything = [piece for some in pieces.values() for piece in some]
    over = {
        name: sum(end - start for start, end, at_once in busy_times(some) if at_once > seen[name]) / 3_600
        for name, some in of_activity.items()
    }
    return {
        "busy_share": float(load),
        "after_log_h": sum(max(0, end - max(start, log_end)) for start, end in everything) / 3_600,
        "beyond_seen_h": sum(over.values()),
    }


def history_of(works: Inferred) -> ShopPlan:
    """History as a plan."""
    return ShopPlan.validate({name: works.history[name].lazy() for name in ShopPlan.members()})


def worked(works: Inferred, plan: ShopPlan):
    """Person → and activity → the spans in which work was really going on (UTC s), nights taken out."""
    rows = (
        plan.operation_plan.join(plan.resource_plan, on=["order_id", "op_no"])
        .join(works.frames["operation"].select("order_id", "op_no", "name"), on=["order_id", "op_no"])
        .select("resource_id", "name", pl.col("start", "end").dt.epoch("s"))
        .sort("start", "end")
    )
    pieces, of_activity = defaultdict(list), defaultdict(list)
    for person, name, start, end in rows.iter_rows():
        hours = works_hours(works, person)
        first = np.searchsorted(hours.ends, start, side="right")
        last = np.searchsorted(hours.starts, end, side="left")
        for i in range(first, last):
            piece = (max(start, int(hours.starts[i])), min(end, int(hours.ends[i])))
            pieces[person].append(piece)
            of_activity[name].append(piece)
    return pieces, of_activity


def works_hours(works: Inferred, person: str, known={}) -> Hours:  # noqa: B006 (remembers what it made)
    """The hours of one person, for a year from the log's start."""
    if (id(works), person) not in known:
        first = works.frames["work_order"]["release"].min().timestamp() // DAY_S
        known[id(works), person] = Hours.of(person, works.frames, (int(first), int(first) + 366))
    return known[id(works), person]


def at_most(pieces) -> int:
    """How many at once, at most."""
    return max(at_once for _, _, at_once in busy_times(pieces))


def as_text(answer: dict) -> str:
    """One table, whether the bar is met, and what it all means."""
    columns = {
        "total flow d": ("flow_total_d", ",.0f"),
        "mean flow d": ("flow_mean_d", ".2f"),
        "late orders": ("late_orders", "d"),
        "mean late d": ("late_mean_d", ".2f"),
        "makespan d": ("makespan_d", ".1f"),
        "people busy": ("busy_share", ".0%"),
        "after log h": ("after_log_h", ",.0f"),
        "beyond seen h": ("beyond_seen_h", ",.0f"),
        "violations": ("violations", "d"),
    }
    lines = [f"{'':24}" + "".join(f"{title:>15}" for title in columns)]
    for name, row in answer["rows"].items():
        cells = "".join(f"{format(row[key], form):>15}" for key, form in columns.values())
        lines.append(f"{name:24}{cells}")
    bound = answer["bound_total_d"]
    if bound is not None:
        lines.append(f"{'proven bound':24}{bound:>15,.0f}{bound / answer['orders']:>15.2f}")
    planned = answer["rows"]["plan"]["operations"]
    lines += [
        "",
        f"{planned:,} of {answer['operations']:,} operations planned in {answer['solve_s']} s "
        f"(read and inferred in {answer['import_s']} s; {answer['work']:,.0f} steps of search).",
        f"Total flow time {answer['less_than_history']:.0%} below history, {answer['better_than_rule']:.1%} below the "
        f"best rule (bar {BAR:.0%}: {'met' if answer['met'] else 'NOT met'}).",
        "people busy: share of attended hours with at least one operation in hand; after log: work after the log ends;",
        "beyond seen: hours with more of an activity in work at once than the log ever showed (machines are unknown).",
        SAYS,
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
