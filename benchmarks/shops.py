"""The published shops of `schedule.py`: families, plain readers, best-known values, bars, and a checker of its own.

A shop is {"machines": how many, "resources": those and the workers behind them, "jobs": steps of each job, each step
its ways [[resources], time], "setups": for each machine the times from job to job, or None}. All count from 0.
"""

import csv
import gzip
import zipfile
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data" / "aps"
LARGE = ("tai_1000_10_1", "tai_100_100_1", "dct-long-100-10000-1")
AT_MOST = {"dpp18a": 2110, "behnke60": 402, "mk10": 200}


def fjsp24():
    """The 24 of the table: at most 5 % above the best known, three of them at a figure of their own."""
    bests = fjsp_bests()
    rows = [DATA / row for row in (DATA / "fjsp_bench24.txt").read_text().split()]
    names = [(fjsp_name(path), path) for path in rows]
    return {n: (path, bests[n], AT_MOST.get(n, bests[n] * 1.05)) for n, path in names}


def fjsp():
    """All flexible job shops with a best-known value."""
    bests = fjsp_bests()
    found = {fjsp_name(path): path for path in sorted((DATA / "fjsp").rglob("*.txt"))}
    return {name: (path, bests[name], None) for name, path in found.items() if name in bests}


def bel():
    """A real plant's statistics: within 0.1 % of the optimum."""
    bests = jsp_bests()
    paths = sorted((DATA / "jsp" / "BoverouxErnstLouveaux2025").glob("*.txt"))
    return {path.stem: (path, bests[path.stem], bests[path.stem] * 1.001) for path in paths}


def jsp_large():
    """Job shops of 10,000 steps: at most 4 % above the best known."""
    bests, out = jsp_bests(), {}
    for name in LARGE:
        place = ROOT / "out" / "bench" / "instances" / f"{name}.txt"
        with zipfile.ZipFile(DATA / "jsp" / "DacolTeppan2022" / f"{name}.zip") as packed:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(packed.read(packed.namelist()[0]))
        out[name] = (place, bests[name], bests[name] * 1.04)
    return out


def fjssp_w():
    """Machines and workers: no worse than the published value."""
    with (DATA / "fjssp-w" / "best_known.csv").open() as file:
        bests = {row["Instance"]: round(float(row["UB"])) for row in csv.DictReader(file, delimiter=";")}
    out = {}
    for path in sorted((DATA / "fjssp-w").glob("*.fjsw*")):
        name = path.name.split(".")[0]
        listed = name.lower().replace("brandimartemk", "brandimarte").replace("behnke", "behnkegeiger")
        out[name] = (path, bests[listed], bests[listed])
    return out


def fjsp_sdst():
    """Setups from job to job: no value is published."""
    return {path.stem: (path, None, None) for path in sorted((DATA / "fjsp-sdst").glob("*.fjs"))}


def fjsp_name(path):
    """The name in the table of best-known values: `18a` of Dauzère-Pérès is `dpp18a`, Hurink's carry their set."""
    family, name = path.parent.name, path.stem
    if family == "DauzerePeresPaulli1994":
        return f"dpp{name}"
    return f"{name}_{family}" if family in ("edata", "rdata", "vdata", "sdata") else name


def fjsp_bests():
    with (DATA / "fjsp" / "bks.csv").open() as file:
        return {row["instance"]: int(row["upper_bound"]) for row in csv.DictReader(file)}


def jsp_bests():
    with (DATA / "jsp" / "bks_and_engine_results_10min_4cores.csv").open() as file:
        return {row["instance"]: int(row["upper_bound"]) for row in csv.DictReader(file)}


def plain_fjsp(path):
    """Flexible job shop, with setups where matrices follow."""
    (jobs, machines), numbers = numbers_of(path, 2)

    def step():
        return [([int(next(numbers)) - 1], int(next(numbers))) for _ in range(int(next(numbers)))]

    routes = [[step() for _ in range(int(next(numbers)))] for _ in range(jobs)]
    rest = list(map(int, numbers))
    rows = [rest[i : i + jobs] for i in range(0, len(rest), jobs)]
    setups = [rows[i : i + jobs] for i in range(0, len(rows), jobs)] or None
    return {"machines": machines, "resources": machines, "jobs": routes, "setups": setups}


def plain_jsp(path):
    """Job shop as rows of machine and time."""
    (jobs, machines), _ = numbers_of(path, 2)
    rows = [
        [int(word) for word in text.split()] for text in path.read_text().splitlines()[1:] if text.strip()
    ]
    routes = [[[([at], time)] for at, time in zip(row[::2], row[1::2]) if at >= 0] for row in rows[:jobs]]
    return {"machines": machines, "resources": machines, "jobs": routes, "setups": None}


def plain_fjssp_w(path):
    """Flexible job shop with workers."""
    (jobs, machines, workers), numbers = numbers_of(path, 3)

    def step():
        ways = []
        for _ in range(int(next(numbers))):
            machine = int(next(numbers)) - 1
            for _ in range(int(next(numbers))):
                ways.append(([machine, machines + int(next(numbers)) - 1], int(next(numbers))))
        return ways

    routes = [[step() for _ in range(int(next(numbers)))] for _ in range(jobs)]
    return {"machines": machines, "resources": machines + workers, "jobs": routes, "setups": None}


def numbers_of(path, counts):
    """The first numbers of the first line, and all that follow that line."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    first, rest = text.split("\n", 1)
    return [int(word) for word in first.split()[:counts]], iter(rest.split())


FAMILIES = {
    "fjsp24": (fjsp24, "read_fjsp", plain_fjsp),
    "fjsp": (fjsp, "read_fjsp", plain_fjsp),
    "bel": (bel, "read_jsp", plain_jsp),
    "jsp-large": (jsp_large, "read_jsp", plain_jsp),
    "fjssp-w": (fjssp_w, "read_fjssp_w", plain_fjssp_w),
    "fjsp-sdst": (fjsp_sdst, "read_fjsp_sdst", plain_fjsp),
}


def checked_makespan(shop, steps):
    """The makespan of [start, [resources], end] steps in job order; stops when they break a rule, None when steps lack."""
    if any(step is None for step in steps):
        return None
    left, on = iter(steps), {}
    makespan = 0
    for j, job in enumerate(shop["jobs"]):
        ready = 0
        for ways in job:
            start, held, end = next(left)
            assert start >= ready - 1e-6, "a step starts before the one before it ends"
            assert (sorted(held), round(end - start, 6)) in [(sorted(way), time) for way, time in ways], (
                "no such way"
            )
            for resource in held:
                on.setdefault(resource, []).append((start, end, j))
            ready = end
        makespan = max(makespan, ready)
    for resource, busy in on.items():
        busy.sort()
        for (_, end, a), (start, _, b) in pairwise(busy):
            gap = shop["setups"][resource][a][b] if shop["setups"] else 0
            assert end + gap <= start + 1e-6, "two steps at once on a resource, or no time to set it up"
    return int(makespan)
