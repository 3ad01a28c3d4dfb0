"""`python ray_story.py FOLDER`: the same portfolio inline and on two Ray nodes; a node is lost on the way. Prints JSON."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from nodes import two_nodes
from toy_line import TOY, orders

from lineshaft.core import Cancelled, find_engine
from lineshaft.crane_works import generate
from lineshaft.store import Cell, Works, portfolio
from lineshaft.store.executors import executor

SCHEDULE = find_engine("make.schedule")
SEEDS = (1, 2, 3)
WAIT_S = 120.0


def main(folder: Path) -> None:
    """Print what a test wants to know."""
    told: dict[str, Any] = {"inline": plan(folder / "inline", "inline")}
    with two_nodes() as cluster:
        told["ray"] = plan(folder / "ray", "ray://auto")
        with Works.create(folder / "toy", "Toy") as works:
            works.use(TOY)
            works.write({"work_order": orders("1", "2")}, "li", "import")
            told["cancelled"] = refused(works)
            told["lost"] = lose_a_node(works, cluster)
    print(json.dumps(told))


def plan(folder: Path, where: str) -> list[list[Any]]:
    """Seed, scenario and digest of each run of a small shop."""
    book = generate(scale=0.05)
    order = book["work_order"]["order_id"][0]
    rush = {"rush": [Cell("work_order", (order,), "weight", 9)]}
    with Works.create(folder, "Shop") as works:
        works.write(book, "li", "import")
        with executor(where) as place:
            done = portfolio.propose(works, SCHEDULE, {}, {"work_limit": 2}, SEEDS, rush, place=place)
        return [
            [m.seed, m.scenario, works.run(m.run).result_digest, works.run(m.run).result_blob]
            for m in done.members
        ] + [[portfolio.best(works, done), portfolio.best(works, done, "rush")]]


def refused(works: Works) -> str:
    """What a run that gives up says on this side."""
    try:
        works.propose(TOY, {"stop": "before"}, executor="ray://auto")
    except Cancelled as error:
        return error.words.en
    return "no error"


def lose_a_node(works: Works, cluster: Any) -> dict[str, Any]:
    """Two runs that go on until they are stopped, one on each node; one node is killed."""
    import ray

    begun, both = set(), threading.Event()

    def tell(run: str) -> Any:
        def hear(_fraction: float, words: Any) -> None:
            if words.en == "hanging":
                begun.add(run)
                if len(begun) == 2:
                    both.set()

        return hear

    with executor("ray://auto") as place:
        runs = [works.submit(TOY, {"stop": "hang", "delay_h": hours}) for hours in (1, 2)]
        threads = [threading.Thread(target=place.do, args=(works, run, tell(run))) for run in runs]
        for thread in threads:
            thread.start()
        assert both.wait(WAIT_S), "the runs do not begin"
        busy = ray.cluster_resources()["CPU"] - ray.available_resources().get("CPU", 0)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        until = time.monotonic() + WAIT_S
        while len(alive := [node for node in ray.nodes() if node["Alive"]]) > 1:
            assert time.monotonic() < until, "the cluster does not see that a node is dead"
            time.sleep(0.1)
        for run in runs:
            works.cancel(run)
        for thread in threads:
            thread.join(WAIT_S)
    records = [works.run(run) for run in runs]
    return {
        "busy": busy,
        "left": sum(node["Resources"]["CPU"] for node in alive),
        "ended": [[record.status, record.stopped_by, record.work] for record in records],
        "kpis": [record.kpis[0].value if record.kpis else None for record in records],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
