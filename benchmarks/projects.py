"""make.schedule on calendar-free projects (RCPSP, multi-mode RCPSP), beside PyJobShop and the best-known values.

    python benchmarks/projects.py [--sets mm j60 j120] [--seconds 30] [--most 30] [--peers pyjobshop | none] [--json FILE]

Every answer, ours and the peer's, is checked here by plain loops. Each has the same seconds and two workers and runs
alone, one after the other. Answers are kept in the JSON file: a run that was stopped goes on. Instances without any
plan (their budgets cannot be kept) have no best-known value and are left out.
"""

import argparse
import csv
import json
import sys
import time
from pathlib import Path

from schedule import DATA, ROOT, UNIT_S, WORKERS, peer_python, run_json

SETS = {"mm": "mmrcpsp/*.mm", "j30": "rcpsp/j30/*.rcp", "j60": "rcpsp/j60/*.rcp", "j120": "rcpsp/j120/*.rcp"}
BARS = {"mm": 0.5, "j60": 0.5, "j120": 2.5}
PEERS = {"pyjobshop": "pyjobshop_project_peer.py"}


def main():
    asked = arguments()
    kept = json.loads(asked.json.read_text()) if asked.json.exists() else {}
    for name in asked.sets:
        bests = best_known(name)
        paths = [path for path in sorted(DATA.glob(SETS[name])) if path.stem in bests][: asked.most]
        for path in paths:
            row = kept.setdefault(
                path.stem, {"set": name, "best": bests[path.stem], "seconds": asked.seconds}
            )
            project = read(path)
            for method in ["ours", *asked.peers]:
                if method not in row:
                    row[method] = answer(method, path, project, asked.seconds)
                    row[method]["makespan"] = checked_makespan(project, row[method].pop("steps"))
                    asked.json.parent.mkdir(parents=True, exist_ok=True)
                    asked.json.write_text(json.dumps(kept, indent=1))
            made = "  ".join(f"{method} {row[method]['makespan']}" for method in ["ours", *asked.peers])
            print(
                f"{path.stem:<12} best {row['best']:>4}  {made}  bound {row['ours']['bound']:.0f}", flush=True
            )
    for name in asked.sets:
        print_means(name, [row for row in kept.values() if row["set"] == name], asked.peers)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=["mm", "j60", "j120"], choices=SETS)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--most", type=int, default=30, help="instances of each set")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=[*PEERS, "none"])
    parser.add_argument("--json", type=Path, default=ROOT / "out" / "bench" / "projects.json")
    asked = parser.parse_args()
    asked.peers = [name for name in asked.peers if name != "none"]
    return asked


def best_known(name):
    """Best-known makespan by name of file: PSPLIB's list, or the upper bounds of the FDS paper for several modes."""
    if name == "mm":
        rows = [
            line.strip().split(";") for line in (DATA / "mmrcpsp" / "fds-paper.csv").open() if line.strip()
        ]
        return {row[0].removesuffix(".mm"): int(row[2]) for row in rows}
    with (DATA / "rcpsp" / f"{name}.optimum.csv").open() as file:
        return {
            f"{name}_{row['problem'].removesuffix('.sm').removeprefix(name)}": int(
                row["optimum"].split("..")[-1]
            )
            for row in csv.DictReader(file)
        }


def read(path):
    """`modes` (for each activity: [time, needs of every resource]), `followers` (from 0), `capacity`, `spent`.

    `spent[r]` is true for a resource that is used up.
    """
    return read_mm(path) if path.suffix == ".mm" else read_rcp(path)


def read_rcp(path):
    numbers = iter(map(int, path.read_text().split()))
    many, resources = next(numbers), next(numbers)
    capacity = [next(numbers) for _ in range(resources)]
    modes, followers = [], []
    for _ in range(many):
        modes.append([[next(numbers), [next(numbers) for _ in capacity]]])
        followers.append([next(numbers) - 1 for _ in range(next(numbers))])
    return {"modes": modes, "followers": followers, "capacity": capacity, "spent": [False] * resources}


def read_mm(path):
    precedence, _, rest = path.read_text().partition("REQUESTS/DURATIONS")
    requests, _, limits = rest.partition("RESOURCEAVAILABILITIES")
    arcs = [row for row in rows_of(precedence.partition("PRECEDENCE RELATIONS")[2]) if len(row) >= 3]
    modes = []
    for row in rows_of(requests):
        if len(row) == 7:
            modes.append([])
        modes[-1].append([row[-5], row[-4:]])
    capacity = rows_of(limits)[0]
    return {
        "modes": modes,
        "followers": [[follower - 1 for follower in row[3:]] for row in arcs],
        "capacity": capacity,
        "spent": [False, False, True, True],
    }


def rows_of(text):
    """The lines that are nothing but whole numbers."""
    lines = [line.split() for line in text.splitlines()]
    return [list(map(int, line)) for line in lines if line and all(word.isdigit() for word in line)]


def answer(method, path, project, seconds):
    """Steps as [start, mode] with the bound and the wall time, in a process of its own."""
    if method == "ours":
        place = str(ROOT / "benchmarks")
        code = f"import sys; sys.path.insert(0, {place!r}); import projects; projects.solve_ours()"
        return run_json([sys.executable, "-c", code], {"path": str(path), "seconds": seconds})
    script = ROOT / "benchmarks" / "peers" / PEERS[method]
    return run_json([peer_python(method), script], {**project, "seconds": seconds, "workers": WORKERS})


def solve_ours():
    """The child of `answer`: JSON in, JSON out."""
    from lineshaft.core import Run, find_engine
    from lineshaft.core.solve import solve, table_name
    from lineshaft.store.projects import read_mmrcpsp, read_rcpsp

    asked = json.load(sys.stdin)
    begun = time.perf_counter()
    path, engine = Path(asked["path"]), find_engine("make.schedule")
    tables = (read_mmrcpsp if path.suffix == ".mm" else read_rcpsp)(path)
    schemas = engine.load("inputs").member_schemas()
    frames = {member: tables.get(table_name(schema)) for member, schema in schemas.items()}
    run = Run(time_limit_s=asked["seconds"], workers=WORKERS)
    result = solve(engine, frames, {"objective": "makespan"}, run)
    first = min(tables["work_order"]["release"])
    steps = [
        [(row["start"] - first).total_seconds() / UNIT_S, row["mode_no"] - 1]
        for row in result.tables.operation_plan.sort("op_no").iter_rows(named=True)
    ]
    wall_s = time.perf_counter() - begun
    bound = result.kpis[0].bound
    json.dump({"steps": steps, "bound": bound, "wall_s": wall_s, "work": result.work}, sys.stdout)


def checked_makespan(project, steps):
    """The makespan of [start, mode] steps; stops when they break a rule, None without an answer."""
    if not steps:
        return None
    taken = [modes[mode] for modes, (_, mode) in zip(project["modes"], steps, strict=True)]
    ends = [start + work for (start, _), (work, _) in zip(steps, taken)]
    for activity, followers in enumerate(project["followers"]):
        for follower in followers:
            assert steps[follower][0] >= ends[activity], "an activity starts before one that it follows ends"
    for r, capacity in enumerate(project["capacity"]):
        if project["spent"][r]:
            assert sum(needs[r] for _, needs in taken) <= capacity, "a budget is overdrawn"
            continue
        for moment, _ in steps:
            held = sum(n[r] for (s, _), e, (_, n) in zip(steps, ends, taken) if s <= moment < e)
            assert held <= capacity, "a resource serves more than it can"
    return int(max(ends))


def print_means(name, rows, peers):
    """Mean deviation from best known, and how many answers reach it."""
    print(f"\n{name}: {len(rows)} instances, {rows[0]['seconds']:g} s each" if rows else f"\n{name}: none")
    for method in ["ours", *peers]:
        made = [(row[method]["makespan"], row["best"]) for row in rows if row.get(method, {}).get("makespan")]
        if made:
            mean = sum(100 * (a - b) / b for a, b in made) / len(made)
            best = 100 * sum(a <= b for a, b in made) / len(made)
            bar = f"  bar {BARS[name]} %  ratio {mean / BARS[name]:.2f}" if name in BARS else ""
            print(f"  {method:<10} n {len(made):>3}  mean {mean:+.2f} %  at best known {best:.0f} %{bar}")


if __name__ == "__main__":
    main()
