"""Commits a second that are on disk when acknowledged: ours alone, ours in groups, and plain sqlite3 beside them.

`python benchmarks/store.py [--json] [--seconds 3]`

Every commit appends one entry to the event log (hashed), WAL with synchronous=FULL. "tables" writes and reads a plan
of 10,000 steps through the works' door, with every check.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from lineshaft.store import Works, log
from lineshaft.store.database import connect_sqlite

STEPS = 10_000


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--seconds", type=float, default=3.0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            {"what": "sqlite3, one thread", "per_s": raw_commits(Path(folder), given.seconds)},
            *(
                {"what": f"works, {threads} threads", "per_s": grouped(Path(folder), given.seconds, threads)}
                for threads in (1, 8, 64)
            ),
            {"what": "write 10,000 orders (rows/s)", "per_s": write_rows(Path(folder))},
            {"what": "read 10,000 orders (rows/s)", "per_s": read_rows(Path(folder))},
        ]
    base = rows[0]["per_s"]
    if given.json:
        print(json.dumps(rows))
        return
    print(f"{'what':32}{'a second':>12}{'ratio':>8}")
    for row in rows:
        ratio = "" if "rows" in row["what"] else f"{row['per_s'] / base:.1f}"
        print(f"{row['what']:32}{row['per_s']:12,.0f}{ratio:>8}")


def raw_commits(folder: Path, seconds: float) -> float:
    """One row a commit through plain sqlite3."""
    connection = connect_sqlite(folder / "raw.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body TEXT)")

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t (body) VALUES (?)", ("x" * 300,))
        connection.execute("COMMIT")

    try:
        return rate(commit, seconds, threads=1)
    finally:
        connection.close()


def grouped(folder: Path, seconds: float, threads: int) -> float:
    """One log entry a commit, from many threads."""
    with Works.create(folder / f"works{threads}", "Benchmark") as works:

        def commit() -> None:
            works.database.write(lambda c: log.append(c, works.now(), "li", "note", {"body": "x" * 100}))

        return rate(commit, seconds, threads)


def rate(act: Callable[[], object], seconds: float, threads: int) -> float:
    """How often a second `threads` threads together get `act` done."""
    done = [0] * threads
    until = time.perf_counter() + seconds

    def work(number: int) -> None:
        while time.perf_counter() < until:
            act()
            done[number] += 1

    begun = time.perf_counter()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - begun)


def write_rows(folder: Path) -> float:
    """A whole table through `Works.write`: checked, compared, digested, logged."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "order_id": [f"WO-{i:05}" for i in range(STEPS)],
            "quantity": 1,
            "release": [start + timedelta(minutes=i) for i in range(STEPS)],
            "weight": 1,
        }
    )
    with Works.create(folder / "tables", "Benchmark") as works:
        begun = time.perf_counter()
        works.write({"work_order": frame}, "li", "import")
        return STEPS / (time.perf_counter() - begun)


def read_rows(folder: Path) -> float:
    """The same table through `Works.read`."""
    with Works.open(folder / "tables") as works:
        begun = time.perf_counter()
        works.read("work_order")
        return STEPS / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
