"""Killed with -9 at random moments: what was acknowledged is there, and nothing is there by half."""

import multiprocessing
import random
import time
from pathlib import PosixPath

import pytest
from kill_loop import decide_forever, hang_with_an_offer, plan_digest
from places import Places
from toy_line import TOY, orders

from lineshaft.store import Works
from lineshaft.store.backup import verify

SPAWNER = multiprocessing.get_context("forkserver")
SPAWNER.set_forkserver_preload(
    ["sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql.psycopg", "psycopg", "polars"]
)
TOLD_MAX_S = 60.0
KILLS = {PosixPath: 10, str: 4}


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """A works with three proposals, on a disk that is synced in earnest."""
    server = request.getfixturevalue("safe_server") if request.param == "postgres" else None
    place = Places(request.param, tmp_path, server)("works")
    with Works.create(place, "Test") as works:
        works.use(TOY)
        works.write({"work_order": orders("1", "2", "3")}, "li", "import")
        for delay_h in (1, 2, 3):
            works.propose(TOY, {"delay_h": delay_h})
    return place


def kill_again_and_again(place, times: int) -> int:
    """Kill `times` processes, each at a random moment, on one works; how many died between commit and message."""
    rng, between = random.Random(7), 0
    coming = start(place, 0)
    for number in range(times):
        (process, talk), coming = coming, start(place, number + 1)
        talk.send("go")
        assert talk.poll(TOLD_MAX_S)
        promised = talk.recv()
        until = time.monotonic() + rng.uniform(0, 0.15)
        while (left := until - time.monotonic()) > 0:
            if talk.poll(left):
                promised = talk.recv()
        end(process)
        between += judge(place, last_word(talk) or promised)
    end(coming[0])
    return between


def start(place, seed: int):
    """A process that waits for a word to begin, and the pipe to it."""
    talk, theirs = SPAWNER.Pipe()
    process = SPAWNER.Process(target=decide_forever, args=(place, theirs, seed))
    process.start()
    theirs.close()
    return process, talk


def end(process) -> None:
    process.kill()
    process.join()
    process.close()


def last_word(hear):
    """What was still said before the kill."""
    word = None
    try:
        while hear.poll():
            word = hear.recv()
    except EOFError:
        pass
    return word


def judge(place, promised) -> bool:
    """Check the works after a kill; True when a decision was on disk that nobody had been told of."""
    size, digest = promised
    assert verify(place) == []
    with Works.open(place) as works:
        there = works.root()[0]
        assert there in (size, size + 1)
        if there == size:
            assert plan_digest(works) == digest
        else:
            event, accept = works.log()[-1], works.accepts()[-1]
            side = {"accept": "after", "undo": "before"}[event.action]
            assert accept.undone == (event.action == "undo")
            assert plan_digest(works) == accept.tables["order_plan"][side]
    return there > size


def test_a_few_kills(place):
    kill_again_and_again(place, KILLS[type(place)])


@pytest.mark.slow
def test_two_hundred_kills(place, record_property):
    between = kill_again_and_again(place, 200)
    record_property("kills", 200)
    print(f"200 kills: 0 lost, 0 half-done, {between} between commit and message")


def test_a_killed_run_keeps_its_last_offer(place):
    process = SPAWNER.Process(target=hang_with_an_offer, args=(place,))
    process.start()
    with Works.open(place) as works:
        works.use(TOY)
        deadline = time.monotonic() + TOLD_MAX_S
        while not (works.offers.read(4) and works.job("r4").words.en == "hanging"):
            assert time.monotonic() < deadline
        end(process)
        assert works.run("r4").status == "running"
        while works.recover() != ["r4"]:
            assert time.monotonic() < deadline
        record = works.run("r4")
        assert (record.status, record.stopped_by, record.work) == ("done", "cancel", 2)
        works.accept("r4", "li")
        assert works.offers.read(4) is None
