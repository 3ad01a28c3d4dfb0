"""The crane works at scale, every case in a process of its own with compiled kernels; three tables.

`tardiness`: weighted tardiness against the best of all dispatching rules, by due date factor (of the flow time an
order would have if it never waited, to the second). `scale`: time and memory of
the first checked plan and cost of a step by size. `speed`: full evaluations of sequences and moves a second.

python benchmarks/scale.py [tardiness|scale|speed …] [--time-limit-s 60] [--scale 0.7 2 6.9 22 68]
"""

import argparse
import json
import resource
import subprocess
import sys
import time

TABLES = ("tardiness", "scale", "speed")
DUE_FACTORS = {"loose": 1.5, "medium": 1.3, "tight": 1.1}
LOAD, STEPS_SCALE = 0.85, 6.9
BARS = {"ratio": 0.75, "peak_gib": 1.5, "first_plan_s": 5, "evaluations": 2_000}


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
    print("bars:", "  ".join(f"{name} {value}" for name, value in BARS.items()))
    for name in asked.table:
        cases = (
            [(STEPS_SCALE, due) for due in DUE_FACTORS.values()]
            if name == "tardiness"
            else (
                [
                    (scale, DUE_FACTORS["medium"])
                    for scale in (asked.scale if name == "scale" else [STEPS_SCALE])
                ]
            )
        )
        for scale, due_factor in cases:
            told = in_child(name, scale, due_factor, asked.time_limit_s)
            print(name, "  ".join(f"{key} {value}" for key, value in told.items()), flush=True)


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
    """The first plan, and what the rest of the time limit makes of it."""
    shop, _, engine, frames = laid_out(scale, due_factor)
    planned(engine, frames, None)
    first, first_s = planned(engine, frames, None)
    last, _ = planned(engine, frames, time_limit_s)
    first_h, last_h = (
        next(kpi.value for kpi in result.kpis if kpi.name == "weighted_tardiness_min") / 60
        for result in (first, last)
    )
    return {
        "steps": shop.n_ops,
        "first_plan_s": round(first_s, 2),
        "us_a_step": round(first_s / shop.n_ops * 1e6, 1),
        "first_h": round(first_h),
        "last_h": round(last_h),
        "ratio": round(last_h / first_h, 3),
        "rounds": last.work,
        "peak_gib": peak_gib(),
        "violations": violations(engine, frames, last),
    }


def speed(scale, due_factor, _):
    """Evaluations and moves a second of processor time of one thread."""
    from lineshaft.make.schedule.dispatch.rules import dispatch
    from lineshaft.make.schedule.search import late

    shop, goal, _, _ = laid_out(scale, due_factor)
    state = late.start(shop, goal, dispatch(shop, "WSRPT"), 1)
    late.step(state, 1)
    full = per_second(lambda: late.everything(state.field, state.plan), 50)
    return {
        "steps": shop.n_ops,
        "evaluations": round(full),
        "moves": round(per_second(lambda: late.step(state, 1_000), 3) * 1_000),
    }


def per_second(work, times):
    begun = time.process_time()
    for _ in range(times):
        work()
    return times / (time.process_time() - begun)


def laid_out(scale, due_factor):
    """Shop, goal, engine and frames of the crane works; kernels are compiled on the way."""
    from lineshaft.core import find_engine
    from lineshaft.core.solve import given_params, read_book, table_name
    from lineshaft.crane_works import generate
    from lineshaft.make.schedule.goal import parse_goal
    from lineshaft.make.schedule.layout.compile import compile_shop

    engine = find_engine("make.schedule")
    tables = generate(scale=scale, load=LOAD, due_factor=due_factor, plain_due=True)
    members = engine.load("inputs").member_schemas()
    frames = {member: tables.get(table_name(schema)) for member, schema in members.items()}
    params = given_params(engine, None)
    shop = compile_shop(read_book(engine, frames), params).shop
    return shop, parse_goal(params.objective, int(shop.order_counts.sum())), engine, frames


def planned(engine, frames, time_limit_s):
    """The result of the engine and the seconds it took; without a limit the first plan alone."""
    from lineshaft.core import Run
    from lineshaft.core.solve import solve

    begun = time.perf_counter()
    work = 0 if time_limit_s is None else None
    result = solve(engine, frames, run=Run(time_limit_s=time_limit_s, work_limit=work, workers=2))
    return result, time.perf_counter() - begun


def violations(engine, frames, result):
    """How many the independent check finds."""
    from lineshaft.core.solve import given_params, read_book

    book, params = read_book(engine, frames), given_params(engine, None)
    return len(engine.load("check")(book, result.tables, params).violations)


def peak_gib():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


if __name__ == "__main__":
    main()
