"""Server time and size of every kind of page on a large works.

python benchmarks/pages.py [--scale 10] [--times 5]

Cold is the first view after a start, "written" the first after somebody has moved a due date, warm the median of the
others; kB is what is sent (gzip), scripts and styles aside: those are kept by the browser after the first visit and are
printed below.
"""

import argparse
import re
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from fastapi.testclient import TestClient

from lineshaft.crane_works import generate
from lineshaft.faces.http.app import create_app
from lineshaft.store import Works
from lineshaft.store.site import Site

WORKS, ORIGIN, BAR_MS = "crane-works", "http://127.0.0.1:8000", 300
PAGES = {
    "home": f"/w/{WORKS}/",
    "tables": f"/w/{WORKS}/tables",
    "table": f"/w/{WORKS}/tables/operation",
    "table, filtered and sorted": f"/w/{WORKS}/tables/operation?sort=-order_id&q=turn",
    "object": f"/w/{WORKS}/objects/work_order/W004",
    "engine": f"/w/{WORKS}/engines/make.schedule",
    "runs": f"/w/{WORKS}/runs",
    "run": f"/w/{WORKS}/runs/r2",
    "accept": f"/w/{WORKS}/runs/r2/accept",
    "compare": f"/w/{WORKS}/compare?first=r1&second=r2",
    "board": f"/w/{WORKS}/boards/make.schedule",
    "board's data": f"/v1/works/{WORKS}/boards/make.schedule",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=10)
    parser.add_argument("--times", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site, secret, steps = make_site(Path(folder), args.scale)
        client = TestClient(create_app(site, origin=ORIGIN), base_url=ORIGIN)
        client.headers["Authorization"] = f"Bearer {secret}"
        client.headers["Accept"] = "text/html"
        print(f"{steps:,} operations; bar {BAR_MS} ms")
        print(f"{'page':<30}{'cold ms':>9}{'written ms':>12}{'warm ms':>9}{'kB':>8}")
        for name, address in PAGES.items():
            cold, _ = timed(client, address)
            move_due_date(site.open_works(WORKS))
            written, _ = timed(client, address)
            took = [timed(client, address) for _ in range(args.times)]
            warm = statistics.median(ms for ms, _ in took)
            print(f"{name:<30}{cold:>9.0f}{written:>12.0f}{warm:>9.0f}{took[-1][1] / 1000:>8.1f}", flush=True)
        kept = sorted(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get(PAGES["home"]).text)))
        print(
            f"kept after the first visit of home: {sum(size(client.get(one)) for one in kept) / 1000:.1f} kB"
        )
        site.close()


def make_site(folder, scale):
    """A large works with a plan in force and a second proposal; a token that may read and accept; its operations."""
    with Works.create(folder / WORKS, "Crane works") as works:
        works.write(generate(scale=scale), "benchmark", "example")
        works.accept(works.propose("make.schedule", limits={"work_limit": 1}, actor="benchmark"), "benchmark")
        works.propose("make.schedule", limits={"work_limit": 2}, actor="benchmark")
        steps = works.tables()["operation"]
    site = Site.create(folder)
    site.add_works(folder / WORKS)
    site.people.add("planner", by="benchmark")
    site.grants.give(WORKS, "planner", "manager", by="benchmark")
    ends = datetime.now(UTC) + timedelta(days=1)
    return (
        site,
        site.tokens.make("benchmark", site.who("planner"), None, ["read", "plan", "accept"], ends),
        steps,
    )


def move_due_date(works):
    """Move the due date of one order by a day: every answer that rests on orders is new."""
    order = works.read("work_order").filter(pl.col("due").is_not_null()).head(1)
    works.write(
        {"work_order": order.with_columns(pl.col("due") + timedelta(days=1))},
        "benchmark",
        "write",
        mode="upsert",
    )


def timed(client, address):
    begun = time.perf_counter()
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code, answer.text[:300])
    return 1000 * (time.perf_counter() - begun), size(answer)


def size(answer):
    """Bytes as sent."""
    return int(answer.headers.get("content-length", len(answer.content)))


if __name__ == "__main__":
    main()
