"""make.schedule on the 24 flexible job shops, beside its peers and the best-known values, in one run.

    python benchmarks/schedule.py [--seconds 60] [--instances mk01 …] [--others 15] [--peers pyjobshop aps-kernel | none]
        [--json FILE]

Every answer, ours and theirs, is checked here by plain loops. Each method has the same seconds and two workers and runs
alone, one after the other, instance by instance. Answers are kept in the JSON file: a run that was stopped goes on.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data" / "aps"
PEERS = {"pyjobshop": "pyjobshop_peer.py", "aps-kernel": "aps_kernel_peer.py"}
WORKERS = 2
UNIT_S = 60


def main():
    asked = arguments()
    bests = best_known()
    kept = json.loads(asked.json.read_text()) if asked.json.exists() else {}
    for path in instances(asked.instances, asked.others):
        name = instance_name(path)
        row = kept.setdefault(name, {"best": bests[name], "seconds": asked.seconds})
        shop = read(path)
        for method in ["ours", *asked.peers]:
            if method not in row:
                row[method] = (
                    ours(path, asked.seconds) if method == "ours" else peer(method, shop, asked.seconds)
                )
                row[method]["makespan"] = checked_makespan(shop, row[method].pop("steps"))
                asked.json.parent.mkdir(parents=True, exist_ok=True)
                asked.json.write_text(json.dumps(kept, indent=1))
        print(line(name, row, asked.peers), flush=True)
    print_means(kept, asked.peers)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--instances", nargs="*", default=[], help="parts of names; default: all 24")
    parser.add_argument(
        "--others",
        type=int,
        default=0,
        metavar="N",
        help="every N-th of the other instances instead of the 24",
    )
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=[*PEERS, "none"])
    parser.add_argument("--json", type=Path, default=ROOT / "out" / "bench" / "schedule.json")
    asked = parser.parse_args()
    asked.peers = [name for name in asked.peers if name != "none"]
    return asked


def instances(parts, others):
    """Paths of the 24 instances, or of every `others`-th that is not among them, whose name holds one of the parts."""
    listed = [DATA / row for row in (DATA / "fjsp_bench24.txt").read_text().split()]
    if others:
        bests = best_known()
        files = sorted(path for path in (DATA / "fjsp").rglob("*.txt") if instance_name(path) in bests)
        listed = [path for path in files if path not in listed][::others]
    return [path for path in listed if not parts or any(part in instance_name(path) for part in parts)]


def instance_name(path):
    """The name in the table of best-known values: `18a` of Dauzère-Pérès is `dpp18a`, Hurink's carry their set."""
    family, name = path.parent.name, path.stem
    if family == "DauzerePeresPaulli1994":
        return f"dpp{name}"
    return f"{name}_{family}" if family in ("edata", "rdata", "vdata", "sdata") else name


def best_known():
    with (DATA / "fjsp" / "bks.csv").open() as file:
        return {row["instance"]: int(row["upper_bound"]) for row in csv.DictReader(file)}


def read(path):
    """Machines and, for each job, steps of (machine, time) ways; machines counted from 0."""
    lines = path.read_text().splitlines()
    jobs_many, machines = map(int, lines[0].split()[:2])
    jobs = []
    for text in lines[1 : jobs_many + 1]:
        numbers = iter(map(int, text.split()))
        jobs.append(
            [[(next(numbers) - 1, next(numbers)) for _ in range(next(numbers))] for _ in range(next(numbers))]
        )
    return {"machines": machines, "jobs": jobs}


def ours(path, seconds):
    """Our answer in a process of its own."""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); import schedule; schedule.solve_ours()"
    return run_json([sys.executable, "-c", code], {"path": str(path), "seconds": seconds})


def solve_ours():
    """The child of `ours`: JSON in, JSON out."""
    from lineshaft.core import Run, find_engine
    from lineshaft.core.solve import solve, table_name
    from lineshaft.store.instances import read_fjsp

    asked = json.load(sys.stdin)
    begun = time.perf_counter()
    engine = find_engine("make.schedule")
    tables = read_fjsp(Path(asked["path"]))
    frames = {
        member: tables.get(table_name(schema))
        for member, schema in engine.load("inputs").member_schemas().items()
    }
    run = Run(time_limit_s=asked["seconds"], workers=WORKERS)
    result = solve(engine, frames, {"objective": "makespan"}, run)
    keys = ["order_id", "op_no"]
    plan = result.tables.operation_plan.join(result.tables.resource_plan, on=keys).sort(keys)
    first = min(tables["work_order"]["release"])
    rows = {(row["order_id"], row["op_no"]): row for row in plan.iter_rows(named=True)}
    steps = [
        [
            (r["start"] - first).total_seconds() / UNIT_S,
            int(r["resource_id"][1:]) - 1,
            (r["end"] - first).total_seconds() / UNIT_S,
        ]
        for r in (rows[key] for key in sorted(rows, key=lambda key: (int(key[0][1:]), key[1])))
    ]
    wall_s = time.perf_counter() - begun
    json.dump(
        {"steps": steps, "bound": result.kpis[0].bound, "wall_s": wall_s, "work": result.work}, sys.stdout
    )


def peer(method, shop, seconds):
    """A peer's answer, in its own environment."""
    python = peer_python(method)
    script = ROOT / "benchmarks" / "peers" / PEERS[method]
    return run_json([python, script], {**shop, "seconds": seconds, "workers": WORKERS})


def peer_python(method):
    """The interpreter of the peer's environment, made on first use from its pinned list."""
    place = ROOT / "out" / "peers" / method
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
        wanted = ROOT / "benchmarks" / "peers" / f"{method}.txt"
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", wanted], check=True)
    return python


def run_json(command, asked):
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout[done.stdout.index('{"steps"') :])


def checked_makespan(shop, steps):
    """The makespan of [start, machine, end] steps in job order; stops when they break a rule, None when steps lack."""
    if any(step is None for step in steps):
        return None
    left, on = iter(steps), {}
    makespan = 0
    for job in shop["jobs"]:
        ready = 0
        for ways in job:
            start, machine, end = next(left)
            assert start >= ready, "a step starts before the one before it ends"
            assert end - start == dict(ways)[machine], "a step has a wrong time or machine"
            on.setdefault(machine, []).append((start, end))
            ready = end
        makespan = max(makespan, ready)
    for busy in on.values():
        busy.sort()
        assert all(a[1] <= b[0] for a, b in pairwise(busy)), "two steps at once on a machine"
    return int(makespan)


def gap(row, method):
    """Distance to the best-known value in %, None without an answer."""
    made = row[method]["makespan"]
    return None if made is None else 100 * (made - row["best"]) / row["best"]


def line(name, row, peers):
    cells = [f"{name:<12}{row['best']:>7}"]
    for method in ["ours", *peers]:
        made, apart = row[method]["makespan"], gap(row, method)
        cells.append("     none        " if made is None else f"{made:>7} {apart:+7.2f} %")
    bound = row["ours"]["bound"]
    return "  ".join([*cells, f"bound {bound:.0f}" if bound is not None else ""])


def print_means(kept, peers):
    """Mean, greatest gap and wins over the instances that every method has done."""
    rows = [row for row in kept.values() if all(method in row for method in ["ours", *peers])]
    print(
        f"\n{len(rows)} instances; gap to best known, mean and greatest where there is an answer; ours better (equal)"
    )
    for method in ["ours", *peers]:
        gaps = [gap(row, method) for row in rows if gap(row, method) is not None]
        wins = sum(reached(row, "ours") < reached(row, method) for row in rows)
        ties = sum(reached(row, "ours") == reached(row, method) for row in rows)
        none = f"; no answer to {len(rows) - len(gaps)}" if len(gaps) < len(rows) else ""
        mean = sum(gaps) / max(1, len(gaps))
        print(f"  {method:<12}{mean:7.2f} %  {max(gaps, default=0):7.2f} %   {wins} ({ties}){none}")


def reached(row, method):
    """The makespan, endless without an answer."""
    return float("inf") if row[method]["makespan"] is None else row[method]["makespan"]


if __name__ == "__main__":
    main()
