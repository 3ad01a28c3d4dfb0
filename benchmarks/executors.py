"""A portfolio of seeds inline, in processes and on two Ray nodes: `python benchmarks/executors.py [--json] [--seeds 8]`

The crane works, each run stopped by work, so that every executor does the same: the digests are compared. A node and a
process have one core each; on a machine with two cores no more than twice the speed can be had. "start" is what there
is to wait for before the first run begins: a cluster and a connection to it. numba's cache is warm.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from lineshaft.core import find_engine
from lineshaft.crane_works import generate
from lineshaft.store import Works, portfolio
from lineshaft.store.executors import executor

HERE = str(Path(__file__).parent)
ENGINE = find_engine("make.schedule")


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--seeds", type=int, default=8)
    options.add_argument("--work", type=int, default=4)
    options.add_argument("--scale", type=float, default=1.0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            measure(Path(folder) / name, where, nodes, given)
            for name, where, nodes in (
                ("inline", "inline", nullcontext()),
                ("process", "process", nullcontext()),
                ("ray, 2 nodes", "ray://auto", two_nodes()),
            )
        ]
    same = len({tuple(row.pop("digests")) for row in rows}) == 1
    if given.json:
        print(json.dumps({"rows": rows, "same_bytes": same}))
        return
    print(f"{'executor':16}{'start s':>10}{'runs s':>10}{'times':>8}")
    for row in rows:
        times = rows[0]["runs_s"] / row["runs_s"]
        print(f"{row['executor']:16}{row['start_s']:10.1f}{row['runs_s']:10.1f}{times:8.2f}")
    print(f"same bytes: {same}")


def measure(folder: Path, where: str, nodes: object, given: argparse.Namespace) -> dict[str, object]:
    """Seconds until the first run can begin, and for all runs."""
    with Works.create(folder, "Crane works") as works:
        works.write(generate(scale=given.scale), "benchmark", "example")
        begun = time.perf_counter()
        with nodes, executor(where) as place:
            start_s = time.perf_counter() - begun
            begun = time.perf_counter()
            seeds = range(1, given.seeds + 1)
            done = portfolio.propose(works, ENGINE, {}, {"work_limit": given.work}, seeds, {}, place=place)
            runs_s = time.perf_counter() - begun
        digests = [works.run(member.run).result_digest for member in done.members]
    return {"executor": folder.name, "start_s": start_s, "runs_s": runs_s, "digests": digests}


def two_nodes() -> object:
    """The cluster of the tests."""
    sys.path.insert(0, str(Path(HERE).parent / "tests" / "store"))
    import nodes

    return nodes.two_nodes()


if __name__ == "__main__":
    main()
