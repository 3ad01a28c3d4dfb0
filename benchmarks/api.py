"""The workbench under a shift's load: 200 people each read a page every 5 s while 5 plans are computed.

python benchmarks/api.py [--users 200] [--plans 5] [--seconds 180] [--scale 1]

The server has loaded its parts and shown each page once, as in a works that has been open since the morning.
"""

import argparse
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from lineshaft.crane_works import generate
from lineshaft.store import Works
from lineshaft.store.site import Site

EVERY_S = 5.0
SETTLE_S = 30.0
BAR_MS = 300
WORKS = "crane-works"
API, WEB = f"/v1/works/{WORKS}", f"/w/{WORKS}"
READS = {
    "home page": f"{WEB}/",
    "table page": f"{WEB}/tables/work_order",
    "object page": f"{WEB}/objects/work_order/{{order}}",
    "run page": f"{WEB}/runs/r1",
    "board page": f"{WEB}/boards/make.schedule",
    "API rows": f"{API}/tables/operation/rows?sort=-order_id&offset={{offset}}",
    "API filter": f"{API}/tables/operation_plan/rows?f=order_id:eq:{{order}}",
    "API thread": f"{API}/tables/work_order/thread?key={{order}}",
    "API attention": f"{API}/attention",
    "API run": f"{API}/runs/r1",
    "API reasons": f"{API}/runs/r1/reasons",
    "API board": f"{API}/boards/make.schedule",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--plans", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--scale", type=float, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sessions, form_token, orders = make_site(Path(folder), args)
        begun = time.perf_counter()
        server, url = serve(Path(folder), max(1, args.plans))
        print(
            f"{args.users} people, {args.plans} plans, {args.seconds:g} s, crane works at scale {args.scale:g}"
        )
        print(f"server answers after {time.perf_counter() - begun:.1f} s", flush=True)
        time.sleep(SETTLE_S)
        for path in READS.values():
            address = url + path.format(order=orders[0], offset=0)
            httpx.get(address, headers=cookie(sessions[0]), timeout=60).raise_for_status()
        try:
            taken, errors = load(url, sessions, form_token, orders, args)
        finally:
            os.killpg(server.pid, signal.SIGINT)
            server.wait(60)
    report(taken, errors)


def make_site(folder, args):
    """A planned crane works; a session for each person, the form token of the first, the orders to look at."""
    with Works.create(folder / WORKS, "Crane works") as works:
        works.write(generate(scale=args.scale), "benchmark", "example")
        works.accept(works.propose("make.schedule", limits={"work_limit": 1}, actor="benchmark"), "benchmark")
        orders = works.read("work_order")["order_id"].to_list()
    with Site.create(folder) as site:
        site.add_works(folder / WORKS)
        names = [f"person-{number}" for number in range(args.users)]
        for name in names:
            site.people.add(name, by="benchmark")
            site.grants.give(WORKS, name, "planner", by="benchmark")
        sessions = [site.sessions.start(name) for name in names]
        return sessions, site.sessions.form_token(sessions[0]), orders


def serve(folder, workers):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        Path(sys.executable).parent / "lineshaft",
        "serve",
        folder,
        "--port",
        port,
        "--workers",
        workers,
    ]
    server = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            httpx.get(f"{url}/v1/health", timeout=60).raise_for_status()
        except httpx.TransportError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.05)
        else:
            return server, url


def load(url, sessions, form_token, orders, args):
    """Kind of read → seconds taken; and what went wrong."""
    begin_plans(url, {**cookie(sessions[0]), "X-CSRF-Token": form_token, "Origin": url}, args)
    taken, errors = defaultdict(list), []
    until = time.perf_counter() + args.seconds
    people = [
        threading.Thread(
            target=person, args=(url, session, orders, random.Random(number), until, taken, errors)
        )
        for number, session in enumerate(sessions)
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return taken, errors


def begin_plans(url, headers, args):
    for seed in range(1, args.plans + 1):
        body = {"limits": {"seed": seed, "time_limit_s": args.seconds}}
        path = f"{url}{API}/engines/make.schedule/runs"
        httpx.post(path, json=body, headers=headers, timeout=60).raise_for_status()


def person(url, session, orders, chance, until, taken, errors):
    """One person: a page, then a while of reading it."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {**cookie(session), "Accept-Encoding": "gzip"}
    time.sleep(chance.uniform(0, EVERY_S))
    while time.perf_counter() < until:
        kind = chance.choice(list(READS))
        path = READS[kind].format(order=chance.choice(orders), offset=chance.randrange(0, 500, 100))
        begun = time.perf_counter()
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                errors.append(f"{answer.status} {path}")
        except (http.client.HTTPException, OSError) as error:
            errors.append(f"{error!r} {path}")
            connection.close()
        taken[kind].append(time.perf_counter() - begun)
        time.sleep(max(0.0, EVERY_S - (time.perf_counter() - begun)))


def cookie(session):
    return {"Cookie": f"lineshaft={session}"}


def report(taken, errors):
    def line(name, times):
        times = sorted(times)
        parts = [1000 * times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.95, 0.99)]
        print(f"{name:<14}{len(times):>7}" + "".join(f"{part:>9.0f}" for part in parts))
        return parts[1]

    print(f"\n{'reads':<14}{'many':>7}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    for kind in READS:
        if taken[kind]:
            line(kind, taken[kind])
    p95 = line("all", [one for times in taken.values() for one in times])
    print(f"\nerrors: {len(errors)}" + "".join(f"\n  {error}" for error in errors[:10]))
    print(
        f"p95 of reads {p95:.0f} ms (bar {BAR_MS} ms): {'kept' if p95 <= BAR_MS and not errors else 'MISSED'}"
    )


if __name__ == "__main__":
    main()
