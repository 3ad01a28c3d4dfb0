"""The real server: kill -9 in the middle of retries, progress as a stream, an end without losses."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import polars as pl
import pytest
from saw import ENGINE, SAW
from server import Server
from sites import new_site

RUN = {"limits": {"work_limit": 40}}
LONG = {"params": {"bar_mm": 12_001}, "limits": {"time_limit_s": 600}}


@pytest.fixture(scope="module")
def site(toy, tmp_path_factory):
    """Seven pieces that never fit as well as their bound says: a run goes on until it is stopped."""
    with new_site(tmp_path_factory.mktemp("served") / "site", None, "saw") as made:
        made.grants.give("saw", made.people.add("ann", by="boss").name, "manager", by="boss")
        pieces = pl.DataFrame({"piece_id": [*"ABCDEFG"], "length_mm": [7_000] * 7})
        made.open_works("saw").write({"piece": pieces}, "boss", "import")
        yield made


@pytest.fixture(scope="module")
def server(site, toy):
    made = Server(site.folder, toy)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def ask(server, site):
    scope, expires = ["read", "plan", "accept"], site.now() + timedelta(days=365)
    secret = site.tokens.make("test", site.who("ann"), None, scope, expires)
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield client


def insist(ask, path, key, body=None, times=25):
    """The same request from many sides; None for those that found no server."""

    def send(_):
        try:
            return ask.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return None

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(send, range(times)))


def events(ask, run, **headers):
    """(id, event, data) of a run's stream until it ends."""
    with ask.stream("GET", f"{SAW}/runs/{run}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for block in "".join(answer.iter_text()).split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "data" in fields:
                yield fields["id"], fields["event"], json.loads(fields["data"])


def begin(ask, body, until):
    """A run, once its stream has said this."""
    run = ask.post(f"{ENGINE}/runs", json=body).json()["run"]
    with ask.stream("GET", f"{SAW}/runs/{run}/events") as answer:
        assert any(until in line for line in answer.iter_lines())
    return run


def test_progress_is_a_stream_that_goes_on_where_it_broke(ask):
    run = ask.post(f"{ENGINE}/runs", json=RUN).json()["run"]
    seen = list(events(ask, run))
    ids = [name for name, _, _ in seen]
    assert len(set(ids)) == len(ids)
    assert [kind for _, kind, _ in seen] == ["progress"] * (len(seen) - 1) + ["end"]
    assert (seen[-1][2]["status"], seen[-1][2]["fraction"]) == ("done", 1.0)
    assert list(events(ask, run, **{"Last-Event-ID": ids[-1]})) == []
    assert ask.get(f"{SAW}/runs/r9/events").status_code == 404


def test_a_run_is_cancelled_and_keeps_its_best_answer(ask):
    run = begin(ask, LONG, '"status":"running"')
    ask.post(f"{SAW}/runs/{run}/cancel")
    assert list(events(ask, run))[-1][2]["status"] == "done"
    assert ask.get(f"{SAW}/runs/{run}").json()["stopped_by"] == "cancel"


def test_through_kill_9_and_restart_one_key_makes_one_run_and_one_accept(server, ask):
    """Plans and accepts are under way when everything dies; the same requests come again to the next server."""
    run = ask.post(f"{ENGINE}/runs", json=RUN | {"params": {"bar_mm": 13_000}}).json()["run"]
    assert list(events(ask, run))[-1][1] == "end"
    asked = [
        (f"{ENGINE}/runs", "plan", RUN | {"params": {"bar_mm": 13_500}}),
        (f"{SAW}/runs/{run}/accept", "accept"),
    ]
    runs = ask.get(f"{SAW}/runs").json()["found"]
    killer = threading.Timer(0.1, server.kill)
    killer.start()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda request: insist(ask, *request), asked))
    killer.join()
    server.start()
    for request in asked:
        answers = insist(ask, *request)
        assert len({(answer.status_code, answer.text) for answer in answers}) == 1, answers[0].text
        assert answers[0].is_success
    assert ask.get(f"{SAW}/runs").json()["found"] == runs + 1
    assert [one["run"] for one in ask.get(f"{SAW}/accepts").json()] == [run]
    assert list(events(ask, f"r{runs + 1}"))[-1][2]["status"] == "done"


def test_an_end_in_the_middle_of_a_run_keeps_its_best_answer(site, server, ask):
    run = begin(ask, LONG | {"params": {"bar_mm": 14_000 - 1}}, '"fraction":1.0')
    server.stop()
    record = site.open_works("saw").run(run)
    assert (record.status, record.stopped_by) == ("done", "cancel")
