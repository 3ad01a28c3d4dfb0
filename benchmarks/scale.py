"""The crane works at scale, every case in a process of its own with compiled kernels; three tables.

`tardiness`: weighted tardiness against the best of all dispatching rules, by due date factor (of the flow time an
order would have if it never waited, to the second). `scale`: time and memory of the first plan after reading, by size,
and what the rest of the time limit makes of it; the cost of a step is also drawn (`docs/pictures/scale.svg`). `speed`:
operations dispatched, full evaluations of sequences and moves a second.

python benchmarks/scale.py [tardiness|scale|speed …] [--time-limit-s 60] [--scale 0.7 2 6.9 22 68]

With `--time-limit-s 0` the table `scale` shows first plans alone.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

TABLES = ("tardiness", "scale", "speed")
DUE_FACTORS = {"loose": 1.5, "medium": 1.3, "tight": 1.1}
LOAD, STEPS_SCALE = 0.85, 6.9
BARS = {
    "tardiness": {"ratio": 0.75, "peak_gib": 1.5},
    "scale": {"first_plan_s": 5, "ratio": 0.9, "peak_gib": 4, "of_n_log_n": 1},
    "speed": {"dispatched_plain": 1_000_000, "dispatched_all": 200_000, "evaluations": 2_000},
}
PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "scale.svg"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("table", nargs="*", default=list(TABLES), help=", ".join(TABLES))
    parser.add_argument("--time-limit-s", type=float, default=60.0)
    parser.add_argument("--scale", type=float, nargs="*", default=[0.7, 2.0, 6.9, 22.0, 68.0])
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        name, scale, due_factor = asked.child
        print(json.dumps(globals()[name](float(scale), float(due_factor), asked.time_limit_s)))
        return
    for name in asked.table:
        print(name, "bars:", "  ".join(f"{what} {value}" for what, value in BARS[name].items()))
        factors = DUE_FACTORS.values() if name == "tardiness" else [DUE_FACTORS["medium"]]
        rows = []
        for scale in asked.scale if name == "scale" else [STEPS_SCALE]:
            for due_factor in factors:
                rows.append(in_child(name, scale, due_factor, asked.time_limit_s))
                if name == "scale":
                    rows[-1]["of_n_log_n"] = round(rows[-1]["us_a_step"] / n_log_n(rows[0], rows[-1]), 2)
                print(name, "  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
        if name == "scale" and len(rows) > 1:
            PICTURE.write_text(drawn(rows))


def in_child(name, scale, due_factor, time_limit_s):
    """What a case measures in a process of its own."""
    command = [sys.executable, __file__, "--child", name, str(scale), str(due_factor)]
    command += ["--time-limit-s", str(time_limit_s)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def tardiness(scale, due_factor, time_limit_s):
    """Ours against the best rule; `of_avoidable`: the same ratio of what lies above the bound."""
    from lineshaft.make.schedule.dispatch.rules import best_rule

    shop, goal, engine, frames = laid_out(scale, due_factor)
    _, rule, scores = best_rule(shop, goal)
    rule_h = scores[rule].weighted_tardiness_s / 3_600
    result, _ = planned(engine, frames, time_limit_s)
    late = next(kpi for kpi in result.kpis if kpi.name == "weighted_tardiness_min")
    late = weighted_tardiness(result)
    ours_h, bound_h = late.value / 60, late.bound / 60
    return {
        "due_factor": due_factor,
        "steps": shop.n_ops,
        "best_rule": rule.replace(" ", "_"),
        "rule_h": round(rule_h),
        "ours_h": round(ours_h),
        "bound_h": round(bound_h),
        "ratio": round(ours_h / rule_h, 3),
        "of_avoidable": round((ours_h - bound_h) / (rule_h - bound_h), 3),
        "peak_gib": peak_gib(),
        "violations": violations(engine, frames, result),
    }


def scale(scale, due_factor, time_limit_s):
    """The first plan and what the rest of the time limit makes of it.

    `fresh_process_s` is the first time in a process, which loads kernels from numba's cache; `first_plan_s` the second
    time. `us_a_step` is processor time. Up to 20,000 steps some 25 rules are tried, above one.
    """
    from lineshaft.core import Run
    from lineshaft.core.solve import given_params, read_book, stamp

    engine, frames = works(scale, due_factor)
    book, read_s = timed(lambda: read_book(engine, frames))
    params, solve = given_params(engine, None), engine.load("solve")

    def first_plan():
        return stamp(engine, "", solve(book, params, Run(work_limit=0)))

    _, fresh_s = timed(first_plan)
    cpu_s = time.process_time()
    first, first_s = timed(first_plan)
    cpu_s = time.process_time() - cpu_s
    steps = len(frames["operations"])
    told = {
        "steps": steps,
        "read_s": round(read_s, 2),
        "fresh_process_s": round(fresh_s, 2),
        "first_plan_s": round(first_s, 2),
        "cpu_s": round(cpu_s, 2),
        "us_a_step": round(cpu_s / steps * 1e6, 1),
        "violations": violations(engine, frames, first),
    }
    if time_limit_s:
        last, _ = planned(engine, frames, time_limit_s)
        first_h, last_h = (weighted_tardiness(result).value / 60 for result in (first, last))
        told |= {"first_h": round(first_h), "last_h": round(last_h), "ratio": round(last_h / first_h, 3)}
        told |= {"rounds": last.work, "violations": told["violations"] + violations(engine, frames, last)}
    return told | {"peak_gib": peak_gib()}


def speed(scale, due_factor, _):
    """Operations, evaluations and moves a second: on both cores, each with a plan of its own, and of one thread."""
    from lineshaft.make.schedule.dispatch.rules import dispatch
    from lineshaft.make.schedule.search import late
    from lineshaft.make.schedule.search.propagate import everything

    shop, goal, _, _ = laid_out(scale, due_factor)
    first = dispatch(shop, "WSRPT")
    states = [late.start(shop, goal, first, seed) for seed in (1, 2)]
    for state in states:
        late.step(state, 1, 1)
    told = {
        "dispatched_plain": [dispatching(without_constraints(shop)) for _ in states],
        "dispatched_all": [dispatching(shop) for _ in states],
        "evaluations": [lambda state=state: everything(state.field, state.plan) for state in states],
        "moves": [lambda state=state: late.step(state, 1_000, 0) for state in states],
        "exchanges": [lambda state=state: late.step(state, 0, 50) for state in states],
    }
    each = {
        "dispatched_plain": shop.n_ops,
        "dispatched_all": shop.n_ops,
        "evaluations": 1,
        "moves": 1_000,
        "exchanges": 50,
    }
    rates = {name: (per_second(works), per_second(works[:1])) for name, works in told.items()}
    return {"steps": shop.n_ops} | {
        f"{name}{which}": round(rate * each[name])
        for name, pair in rates.items()
        for which, rate in zip(("", "_one_thread"), pair)
    }


def dispatching(shop):
    """A call that list-schedules a shop by weighted remaining work."""
    import numpy as np

    from lineshaft.make.schedule.dispatch import decode
    from lineshaft.make.schedule.dispatch.deck import lay_out
    from lineshaft.make.schedule.dispatch.rules import rules

    deck, blank, outlook = lay_out(shop)
    policy, nothing_s = rules(shop, outlook)["WSRPT"], np.zeros(shop.n_ops, dtype=np.int64)
    return lambda: decode.non_delay(deck, blank, policy, nothing_s)


def without_constraints(shop):
    """The same steps with their first demand alone, on lanes that work around the clock and need no setup."""
    import numpy as np

    from lineshaft.make.schedule.layout.calendars import pointers

    asks = np.diff(shop.demand_ptr) > 0
    first = shop.demand_ptr[:-1][asks]
    return replace(
        shop,
        demand_ptr=pointers(asks.astype(np.int64)),
        demand_pool=shop.demand_pool[first],
        demand_quantity=np.ones(len(first), dtype=np.int64),
        lane_calendar=np.zeros_like(shop.lane_calendar),
        lane_group=np.full_like(shop.lane_group, -1),
    )


def per_second(works):
    """How often a second all calls together are done, each over and over in a thread of its own; best of three seconds."""
    from concurrent.futures import ThreadPoolExecutor

    def repeat(work, until):
        count = 0
        while time.perf_counter() < until:
            work()
            count += 1
        return count

    for work in works:
        work()
    rates = []
    with ThreadPoolExecutor(len(works)) as pool:
        for _ in range(3):
            begun = time.perf_counter()
            counts = list(pool.map(repeat, works, [begun + 1] * len(works)))
            rates.append(sum(counts) / (time.perf_counter() - begun))
    return max(rates)


def timed(work):
    """What `work` returns and the seconds it took."""
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def works(scale, due_factor):
    """The engine and the frames of the crane works."""
    from lineshaft.core import find_engine
    from lineshaft.core.solve import table_name
    from lineshaft.crane_works import generate

    engine = find_engine("make.schedule")
    tables = generate(scale=scale, load=LOAD, due_factor=due_factor, plain_due=True)
    members = engine.load("inputs").member_schemas()
    return engine, {member: tables.get(table_name(schema)) for member, schema in members.items()}


def laid_out(scale, due_factor):
    """Shop, goal, engine and frames of the crane works; kernels are compiled on the way."""
    from lineshaft.core.solve import given_params, read_book
    from lineshaft.make.schedule.goal import parse_goal
    from lineshaft.make.schedule.layout.compile import compile_shop

    engine, frames = works(scale, due_factor)
    params = given_params(engine, None)
    shop = compile_shop(read_book(engine, frames), params).shop
    return shop, parse_goal(params.objective, int(shop.order_counts.sum())), engine, frames


def planned(engine, frames, time_limit_s):
    """The result of the engine and the seconds it took."""
    from lineshaft.core import Run
    from lineshaft.core.solve import solve

    return timed(lambda: solve(engine, frames, run=Run(time_limit_s=time_limit_s, workers=2)))


def weighted_tardiness(result):
    """The figure of a result."""
    return next(kpi for kpi in result.kpis if kpi.name == "weighted_tardiness_min")


def violations(engine, frames, result):
    """How many the independent check finds."""
    from lineshaft.core.solve import given_params, read_book

    book, params = read_book(engine, frames), given_params(engine, None)
    return len(engine.load("check")(book, result.tables, params).violations)


def peak_gib():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def n_log_n(first, row):
    """Cost of a step if all cost n log n of the steps, from that of the smallest works."""
    return first["us_a_step"] * math.log(row["steps"]) / math.log(first["steps"])


def drawn(rows):
    """Cost of a step by size on logarithmic axes, ours and n log n, as SVG."""
    steps, ours = [row["steps"] for row in rows], [row["us_a_step"] for row in rows]
    bar = [n_log_n(rows[0], row) for row in rows]
    low, high = (
        10**edge for edge in (math.floor(math.log10(min(ours + bar))), math.ceil(math.log10(max(ours + bar))))
    )

    def at(n, cost):
        x = 70 + 480 * math.log(n / steps[0]) / math.log(steps[-1] / steps[0])
        return f"{x:.1f},{290 - 250 * math.log(cost / low) / math.log(high / low):.1f}"

    def line(costs, colour, dash):
        points = " ".join(map(at, steps, costs))
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'

    def text(x, y, words, anchor="middle", colour="#333"):
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{words}</text>'

    marks = [(at(n, low).split(",")[0], f"{n:,}") for n in steps]
    decades = [low * 10**k for k in range(round(math.log10(high / low)) + 1)]
    heights = [(float(at(steps[0], cost).split(",")[1]), f"{cost:g}") for cost in decades]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 340" font-family="sans-serif" font-size="12">',
        '<rect width="620" height="340" fill="white"/>',
        *(f'<path d="M70 {y}H550" stroke="#ddd"/>' + text(62, y + 4, cost, "end") for y, cost in heights),
        *(text(x, 308, n) for x, n in marks),
        text(310, 330, "operations"),
        text(70, 24, "processor time of the first plan, microseconds an operation", "start"),
        line(bar, "#999", "6 4"),
        text(545, float(at(steps[-1], bar[-1]).split(",")[1]) - 8, "n log n", "end", "#777"),
        line(ours, "#0a58ca", "none"),
        text(545, float(at(steps[-1], ours[-1]).split(",")[1]) - 8, "make.schedule", "end", "#0a58ca"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
