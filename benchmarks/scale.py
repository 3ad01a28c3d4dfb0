"""The crane works at scale: first checked plan, its time and memory, in a process of its own with compiled kernels.

python benchmarks/scale.py [--scale 6.7 …] [--time-limit-s 1]
"""

import argparse
import json
import resource
import subprocess
import sys
import time

BAR_S, BAR_GIB, BAR_STEPS = 10, 2, 10_000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, nargs="*", default=[1.0, 6.9])
    parser.add_argument("--time-limit-s", type=float, default=1.0)
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(measure(asked.child, asked.time_limit_s)))
        return
    print(f"bar: {BAR_STEPS:,} steps, plan in {BAR_S} s, memory below {BAR_GIB} GiB")
    for scale in asked.scale:
        command = [sys.executable, __file__, "--child", str(scale), "--time-limit-s", str(asked.time_limit_s)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print("  ".join(f"{name} {value}" for name, value in told.items()), flush=True)


def measure(scale, time_limit_s):
    from lineshaft.core import Run, find_engine
    from lineshaft.core.solve import given_params, read_book, solve, table_name
    from lineshaft.crane_works import generate

    engine = find_engine("make.schedule")
    solve(engine, engine.load("example")(), run=Run(work_limit=0))
    tables = generate(scale=scale)
    members = engine.load("inputs").member_schemas()
    frames = {member: tables.get(table_name(schema)) for member, schema in members.items()}
    begun = time.perf_counter()
    result = solve(engine, frames, run=Run(time_limit_s=time_limit_s, workers=2))
    wall_s = time.perf_counter() - begun
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    checked = engine.load("check")(read_book(engine, frames), result.tables, given_params(engine, None))
    late = next(kpi for kpi in result.kpis if kpi.name == "weighted_tardiness_min")
    return {
        "steps": len(tables["operation"]),
        "plan_s": round(wall_s, 1),
        "peak_gib": round(peak_gib, 2),
        "violations": len(checked.violations),
        "tardiness_gap": round(late.gap, 3),
    }


if __name__ == "__main__":
    main()
