"""make.schedule on published shops, beside its peers, best-known values and bars, in one run.

    python benchmarks/schedule.py [--family fjsp24 | fjsp | bel | jsp-large | fjssp-w | fjsp-sdst] [--seconds 60]
        [--instances mk01 …] [--others 15] [--peers cp-sat pyjobshop aps-kernel job-shop-lib | none] [--json FILE]

Every answer, ours and theirs, is checked by plain loops (`shops.py`). Each method has the same seconds and two workers
and runs alone, one after the other, instance by instance. Answers are kept in the JSON file: a run that was stopped
goes on. "none": the peer found nothing in time, or has no words for such a shop.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from shops import FAMILIES, ROOT, checked_makespan

PEERS = {
    "cp-sat": "cp_sat_peer.py",
    "pyjobshop": "pyjobshop_peer.py",
    "aps-kernel": "aps_kernel_peer.py",
    "job-shop-lib": "job_shop_lib_peer.py",
}
WORKERS = 2
UNIT_S = 60


def main():
    asked = arguments()
    kept = json.loads(asked.json.read_text()) if asked.json.exists() else {}
    reader, plain = FAMILIES[asked.family][1:]
    for name, (path, best, bar) in instances(asked).items():
        row = kept.setdefault(name, {"best": best, "bar": bar, "seconds": asked.seconds})
        shop = plain(path)
        for method in ["ours", *asked.peers]:
            if method not in row:
                row[method] = (
                    ours(path, reader, shop, asked.seconds)
                    if method == "ours"
                    else peer(method, shop, asked.seconds)
                )
                row[method]["makespan"] = checked_makespan(shop, row[method].pop("steps"))
                asked.json.parent.mkdir(parents=True, exist_ok=True)
                asked.json.write_text(json.dumps(kept, indent=1))
        print(line(name, row, asked.peers), flush=True)
    print_means(kept, asked.peers)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", default="fjsp24", choices=list(FAMILIES))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--instances", nargs="*", default=[], help="parts of names; default: all of the family"
    )
    parser.add_argument(
        "--others",
        type=int,
        default=0,
        metavar="N",
        help="every N-th of the family (fjsp) but for the 24",
    )
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=[*PEERS, "none"])
    parser.add_argument("--json", type=Path, help="default: out/bench/schedule-FAMILY.json")
    asked = parser.parse_args()
    asked.json = asked.json or ROOT / "out" / "bench" / f"schedule-{asked.family}.json"
    asked.peers = [name for name in asked.peers if name != "none"]
    return asked


def instances(asked):
    """Name → (path, best known, bar) of the family, thinned out as asked."""
    listed = FAMILIES[asked.family][0]()
    if asked.others:
        left = sorted(set(listed) - set(FAMILIES["fjsp24"][0]()))[:: asked.others]
        listed = {name: listed[name] for name in left}
    parts = asked.instances
    return {name: row for name, row in listed.items() if not parts or any(part in name for part in parts)}


def ours(path, reader, shop, seconds):
    """Our answer in a process of its own."""
    asked = {"path": str(path), "reader": reader, "machines": shop["machines"], "seconds": seconds}
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); import schedule; schedule.solve_ours()"
    return run_json([sys.executable, "-c", code], asked)


def solve_ours():
    """The child of `ours`: JSON in, JSON out."""
    from lineshaft.core import Run, find_engine
    from lineshaft.core.solve import solve, table_name
    from lineshaft.store import instances

    asked = json.load(sys.stdin)
    begun = time.perf_counter()
    engine = find_engine("make.schedule")
    tables = getattr(instances, asked["reader"])(Path(asked["path"]))
    frames = {
        member: tables.get(table_name(schema))
        for member, schema in engine.load("inputs").member_schemas().items()
    }
    run = Run(time_limit_s=asked["seconds"], workers=WORKERS)
    result = solve(engine, frames, {"objective": "makespan"}, run)
    keys = ["order_id", "op_no"]
    held = result.tables.resource_plan.group_by(keys).agg("resource_id")
    first = min(tables["work_order"]["release"])
    rows = {
        (int(row["order_id"][1:]), row["op_no"]): row
        for row in result.tables.operation_plan.join(held, on=keys).iter_rows(named=True)
    }
    behind = {"M": -1, "W": asked["machines"] - 1}
    steps = [
        [
            (row["start"] - first).total_seconds() / UNIT_S,
            [behind[name[0]] + int(name[1:]) for name in row["resource_id"]],
            (row["end"] - first).total_seconds() / UNIT_S,
        ]
        for _, row in sorted(rows.items())
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


def gap(row, method):
    """Distance to the best-known value, or to our bound where none is known, in %; None without an answer."""
    made, goal = row[method]["makespan"], row["best"] or row["ours"]["bound"]
    return None if made is None or not goal else 100 * (made - goal) / goal


def line(name, row, peers):
    best = row["best"] or "-"
    bar = "-" if row["bar"] is None else f"{row['bar']:.0f}"
    met = "" if row["bar"] is None else "met" if reached(row, "ours") <= row["bar"] else "MISSED"
    cells = [f"{name:<20}{best:>9}{bar:>9} {met:<6}"]
    for method in ["ours", *peers]:
        made, apart = row[method]["makespan"], gap(row, method)
        cells.append("     none           " if apart is None else f"{made:>9} {apart:+7.2f} %")
    bound = row["ours"]["bound"]
    return "  ".join([*cells, f"bound {bound:.0f}" if bound is not None else ""])


def print_means(kept, peers):
    """Mean, greatest gap, bars and wins over the instances that every method has done."""
    rows = [row for row in kept.values() if all(method in row for method in ["ours", *peers])]
    print(
        f"\n{len(rows)} instances; gap to best known (to our bound where none is), mean and greatest where there is an "
        "answer; ours better (equal)"
    )
    for method in ["ours", *peers]:
        gaps = [gap(row, method) for row in rows if gap(row, method) is not None]
        wins = sum(reached(row, "ours") < reached(row, method) for row in rows)
        ties = sum(reached(row, "ours") == reached(row, method) for row in rows)
        none = f"; no answer to {len(rows) - len(gaps)}" if len(gaps) < len(rows) else ""
        mean = sum(gaps) / max(1, len(gaps))
        print(f"  {method:<12}{mean:7.2f} %  {max(gaps, default=0):7.2f} %   {wins} ({ties}){none}")
    barred = [row for row in rows if row["bar"] is not None]
    if barred:
        met = sum(reached(row, "ours") <= row["bar"] for row in barred)
        print(f"  bars met by ours: {met} of {len(barred)}")


def reached(row, method):
    """The makespan, endless without an answer."""
    return float("inf") if row[method]["makespan"] is None else row[method]["makespan"]


if __name__ == "__main__":
    main()
