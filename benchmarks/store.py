"""Commits a second that are on disk when acknowledged, in a folder (SQLite) and in PostgreSQL, plain drivers beside them.

`python benchmarks/store.py [--json] [--seconds 3]`

Every commit appends one entry to the event log (hashed). SQLite: WAL with synchronous=FULL. PostgreSQL: Debian's own
settings on loopback, fsync on, synchronous_commit on, in a temporary directory; left out where it is not installed.
"orders" writes and reads a table of 10,000 rows through the works' door, with every check; "crane works" writes all
tables of about 10,000 operations, with the rules across tables.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from lineshaft.crane_works import generate
from lineshaft.store import Works, log
from lineshaft.store.dialects import connect_sqlite
from lineshaft.store.home import Place

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "store"))
from postgres_server import NoServer, Server

ORDERS = 10_000
SCALE = 6.7
BODY = "x" * 300
NewPlace = Callable[[str], Place]


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--seconds", type=float, default=3.0)
    given = options.parse_args()
    columns: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        columns["sqlite"] = {
            "plain driver, 1 thread": raw_sqlite(Path(folder), given.seconds),
            **measured(lambda name: Path(folder) / name, given.seconds),
        }
    try:
        with server() as running:
            columns["postgresql"] = {
                "plain driver, 1 thread": raw_postgres(running, given.seconds),
                **measured(running.url, given.seconds),
            }
    except NoServer as reason:
        print(reason, file=sys.stderr)
    show(columns, given.json)


def show(columns: dict[str, dict[str, float]], as_json: bool) -> None:
    """The columns side by side."""
    if as_json:
        print(json.dumps(columns))
        return
    print(f"{'a second':34}" + "".join(f"{name:>14}" for name in columns))
    for what in columns["sqlite"]:
        print(f"{what:34}" + "".join(f"{column[what]:14,.0f}" for column in columns.values()))


def measured(place: NewPlace, seconds: float) -> dict[str, float]:
    """Everything that goes through the works' door."""
    written, read = orders(place("orders"))
    return {
        **{f"works, {n} threads": grouped(place(f"threads{n}"), seconds, n) for n in (1, 8, 64)},
        "orders written (rows)": written,
        "orders read (rows)": read,
        "crane works written (rows)": crane_works(place("crane")),
        "works opened": opened(place("orders"), seconds),
    }


@contextmanager
def server() -> Iterator[Server]:
    """A server that syncs in earnest."""
    running = Server(safe=True)
    try:
        yield running
    finally:
        running.stop()


def raw_sqlite(folder: Path, seconds: float) -> float:
    """One row a commit through plain sqlite3."""
    with closing(connect_sqlite(folder / "raw.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body TEXT)")

        def commit() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t (body) VALUES (?)", (BODY,))
            connection.execute("COMMIT")

        return rate(commit, seconds, threads=1)


def raw_postgres(running: Server, seconds: float) -> float:
    """One row a commit through plain psycopg."""
    import psycopg

    with psycopg.connect(running.url("raw").partition("?")[0], autocommit=True) as connection:
        connection.execute("SET synchronous_commit TO on")
        connection.execute("CREATE TABLE t (n SERIAL PRIMARY KEY, body TEXT)")
        return rate(
            lambda: connection.execute("INSERT INTO t (body) VALUES (%s)", (BODY,)), seconds, threads=1
        )


def grouped(place: Place, seconds: float, threads: int) -> float:
    """One log entry a commit, from many threads."""
    with Works.create(place, "Benchmark") as works:

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


def orders(place: Place) -> tuple[float, float]:
    """Rows a second of a whole table through `Works.write` (checked, compared, digested, logged) and `Works.read`."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "order_id": [f"WO-{i:05}" for i in range(ORDERS)],
            "quantity": 1,
            "release": [start + timedelta(minutes=i) for i in range(ORDERS)],
            "weight": 1,
        }
    )
    with Works.create(place, "Benchmark") as works:
        begun = time.perf_counter()
        works.write({"work_order": frame}, "li", "import")
        written = time.perf_counter()
        works.read("work_order")
        return ORDERS / (written - begun), ORDERS / (time.perf_counter() - written)


def crane_works(place: Place) -> float:
    """Rows a second of every table of a plant."""
    frames = generate(scale=SCALE)
    with Works.create(place, "Benchmark") as works:
        begun = time.perf_counter()
        works.write(frames, "li", "import")
        return sum(map(len, frames.values())) / (time.perf_counter() - begun)


def opened(place: Place, seconds: float) -> float:
    """How often a second a works can be opened and closed."""
    return rate(lambda: Works.open(place).close(), seconds, threads=1)


if __name__ == "__main__":
    main()
