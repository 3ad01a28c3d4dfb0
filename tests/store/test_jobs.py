"""Runs as jobs: leases, dead workers, cancel, and a process of its own."""

from datetime import UTC, datetime, timedelta

import pytest
from places import SLOW_ON_POSTGRES
from toy_line import TOY, orders

from lineshaft.core import BadInput, Cancelled, Missing, Words
from lineshaft.store import Works, companion, jobs, runs


class Clock:
    def __init__(self):
        self.moment = datetime(2026, 1, 5, tzinfo=UTC)

    def __call__(self):
        return self.moment


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def works(place, clock):
    with Works.create(place, "Test", clock=clock) as works:
        works.use(TOY)
        works.write({"work_order": orders("1", "2")}, "li", "import")
        yield works


def test_queued_runs_are_done_in_order(works):
    first, second = works.submit(TOY, {"delay_h": 1}), works.submit(TOY, {"delay_h": 2})
    told = []
    assert works.run(first).status == "queued"
    assert works.work(lambda fraction, words: told.append((fraction, words))) == first
    assert told[0] == (0.2, Words("round 1", "第 1 轮"))
    assert works.work() == second
    assert works.work() is None
    assert works.job(first).state == "done"


def test_a_lease_that_runs_out_goes_to_another_and_the_first_cannot_finish(works, clock):
    no = runs.number(works.submit(TOY), "r")
    assert runs.claim(works, "elsewhere:1:a") == no
    assert runs.claim(works, "elsewhere:2:b") is None
    clock.moment += timedelta(seconds=jobs.LEASE_S + 1)
    assert runs.claim(works, "elsewhere:2:b") == no
    result = runs.compute(works, works.run("r1"), runs.run_of(works.run("r1")))
    assert not runs.store_result(works, no, "elsewhere:1:a", result)
    assert works.run("r1").status == "running"
    assert runs.store_result(works, no, "elsewhere:2:b", result)
    assert works.run("r1").status == "done"


def test_a_heartbeat_keeps_the_lease_and_brings_the_cancel(works, clock):
    no = runs.number(works.submit(TOY), "r")
    runs.claim(works, "elsewhere:1:a")
    told = (0.5, Words("half", "一半"))
    for _ in range(3):
        clock.moment += timedelta(seconds=jobs.LEASE_S - 1)
        beat = works.database.write(
            lambda c: jobs.heartbeat(c, no, "elsewhere:1:a", clock().timestamp(), progress=told)
        )
        assert (beat.cancel, beat.fraction) == (False, 0.5)
    assert runs.claim(works, "elsewhere:2:b") is None
    works.cancel("r1")
    beat = works.database.write(lambda c: jobs.heartbeat(c, no, "elsewhere:1:a", clock().timestamp()))
    assert beat.cancel
    assert works.database.write(lambda c: jobs.heartbeat(c, no, "elsewhere:2:b", clock().timestamp())) is None


def test_a_run_that_kills_every_worker_is_given_up(works, clock):
    works.submit(TOY)
    for attempt in range(jobs.ATTEMPTS_MAX):
        assert runs.claim(works, f"elsewhere:{attempt}:a") == 1
        clock.moment += timedelta(seconds=jobs.LEASE_S + 1)
    assert runs.claim(works, "elsewhere:9:a") is None
    assert works.recover() == []
    assert works.run("r1").status == "failed"


def test_a_dead_process_of_this_machine_is_known_at_once(works):
    alive = jobs.worker_name()
    host = alive.partition(":")[0]
    assert not jobs.is_dead(alive)
    assert jobs.is_dead(f"{host}:{2**22 + 1}:x")
    assert not jobs.is_dead(f"not-{host}:{2**22 + 1}:x")
    works.submit(TOY)
    runs.claim(works, f"{host}:{2**22 + 1}:x")
    assert works.recover() == []
    assert works.run("r1").status == "queued"
    assert works.work() == "r1"


def test_cancelling_what_nobody_has_begun_ends_it(works):
    run = works.submit(TOY)
    works.cancel(run)
    assert works.run(run).status == "cancelled"
    assert works.work() is None
    with pytest.raises(Missing):
        works.cancel("r9")
    with pytest.raises(Missing):
        works.job("r9")


def test_a_cancel_from_outside_stops_a_run_with_what_it_has(works, monkeypatch):
    monkeypatch.setattr(companion, "BEAT_S", 0.01)
    run = works.submit(TOY, {"stop": "hang"})

    def ask(fraction, words):
        if words.en == "hanging" and not works.job(run).cancel:
            works.cancel(run)

    assert works.work(ask) == run
    record = works.run(run)
    assert (record.status, record.stopped_by, record.work) == ("done", "cancel", 2)


def test_a_process_of_its_own_gives_the_same_answer(works):
    with Works.open(works.place) as real:
        real.use(TOY)
        told = []
        run = real.propose(
            TOY, {"delay_h": 3}, executor="process", on_progress=lambda *said: told.append(said)
        )
        inline = real.propose(TOY, {"delay_h": 3})
        assert real.run(run).result_digest == real.run(inline).result_digest
        assert told


@SLOW_ON_POSTGRES
def test_a_process_of_its_own_says_why_it_has_no_answer(works):
    with Works.open(works.place) as real:
        real.use(TOY)
        with pytest.raises(Cancelled):
            real.propose(TOY, {"stop": "before"}, executor="process")
        with pytest.raises(BadInput):
            real.propose(TOY, {"delay_h": -1}, executor="process")
