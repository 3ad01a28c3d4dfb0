"""Rate limits and requests that come twice: exact under threads, across processes, and after kill -9."""

import multiprocessing
import threading
from pathlib import Path

import pytest
from sites import QUICK, Clock, new_site

from lineshaft.store.site import Fresh, InProgress, OtherRequest, Site, Stored, Who
from lineshaft.store.site.limits import SWEEP_EVERY
from lineshaft.store.site.once import KEPT_S, LEASE_S, request_digest
from lineshaft.store.site.schema import BUCKET, ONCE

LI, WANG = Who("li"), Who("wang")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site(tmp_path, clock):
    site = new_site(tmp_path / "site", clock)
    yield site
    site.close()


def buckets(site) -> set[str]:
    with site.database.reading() as connection:
        return set(connection.execute(BUCKET.select()).scalars())


def test_a_bucket_empties_says_how_long_to_wait_and_fills_again(site, clock):
    assert [site.limits.take("k", 1, 0.5, 3) for _ in range(3)] == [0, 0, 0]
    assert site.limits.take("k", 1, 0.5, 3) == pytest.approx(2)
    assert site.limits.take("k", 3, 0.5, 3) == pytest.approx(6)
    clock.turn(seconds=1)
    assert site.limits.take("k", 1, 0.5, 3) == pytest.approx(1)
    clock.turn(seconds=1)
    assert site.limits.take("k", 1, 0.5, 3) == 0
    assert site.limits.take("other", 1, 0.5, 3) == 0
    clock.turn(hours=1)
    assert [site.limits.take("k", 1, 0.5, 3) for _ in range(4)] == [0, 0, 0, pytest.approx(2)]
    site.limits.fill("k")
    assert site.limits.take("k", 3, 0.5, 3) == 0


def test_over_any_time_no_more_is_taken_than_burst_and_rate_allow(site, clock):
    taken = 0
    for n in range(100):
        taken += site.limits.take("k", 1 + n % 3, 2, 10) == 0 and 1 + n % 3
        clock.turn(seconds=0.25)
    assert 10 + 2 * 25 - 3 <= taken <= 10 + 2 * 25


def test_a_refusal_writes_nothing(site):
    site.limits.take("k", 1, 1, 1)
    before = site.folder.joinpath("site.db-wal").stat().st_size
    assert all(site.limits.take("k", 1, 1, 1) > 0 for _ in range(10))
    assert site.folder.joinpath("site.db-wal").stat().st_size == before


def test_two_servers_share_a_bucket(site):
    with Site.open(site.folder, site.now, QUICK) as other:
        answers = []

        def ask(server):
            for _ in range(20):
                answers.append(server.limits.take("k", 1, 1, 25))

        threads = [threading.Thread(target=ask, args=(server,)) for server in (site, other) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers.count(0) == 25
    assert len(answers) == 80


def test_buckets_that_are_full_again_are_swept_away(site, clock):
    site.limits.take("old", 1, 1, 1)
    site.limits.take("long", 1, 1e-4, 1)
    clock.turn(minutes=1)
    site.limits._taken = SWEEP_EVERY - 1
    site.limits.take("new", 1, 1, 1)
    assert buckets(site) == {"long", "new"}


def test_a_request_is_fresh_then_in_progress_then_stored(site):
    first = site.once.begin(LI, "k", "d")
    assert isinstance(first, Fresh)
    assert first.attempt == 1
    assert site.once.begin(LI, "k", "d") == InProgress(1.0)
    assert site.once.finish(first, 201, {"location": "/x"}, b"made")
    assert site.once.begin(LI, "k", "d") == Stored(201, {"location": "/x"}, b"made")
    assert not site.once.finish(first, 500, {}, b"again")
    assert site.once.begin(LI, "k", "d") == Stored(201, {"location": "/x"}, b"made")


def test_a_key_belongs_to_one_person_and_one_request(site):
    site.once.begin(LI, "k", "d")
    assert site.once.begin(LI, "k", "other") == OtherRequest()
    assert isinstance(site.once.begin(WANG, "k", "other"), Fresh)
    digests = {
        request_digest(*parts) for parts in (("PUT", "/a", b""), ("POST", "/a", b""), ("POST", "/", b"a"))
    }
    assert len(digests) == 3


def test_a_key_that_was_let_go_is_another_attempt_of_the_same_operation(site):
    first = site.once.begin(LI, "k", "d")
    site.once.let_go(first)
    second = site.once.begin(LI, "k", "d")
    assert (second.attempt, second.operation) == (2, first.operation)
    assert second.operation != site.once.begin(LI, "other", "d").operation


def test_a_worker_that_lost_its_lease_cannot_answer_any_more(site, clock):
    slow = site.once.begin(LI, "k", "d")
    clock.turn(seconds=LEASE_S)
    quick = site.once.begin(LI, "k", "d")
    assert (quick.attempt, quick.operation) == (2, slow.operation)
    assert not site.once.finish(slow, 200, {}, b"slow")
    assert site.once.finish(quick, 200, {}, b"quick")
    assert site.once.begin(LI, "k", "d").body == b"quick"


def test_answers_are_kept_for_a_week(site, clock):
    site.once.finish(site.once.begin(LI, "k", "d"), 200, {}, b"x")
    clock.turn(seconds=KEPT_S)
    assert isinstance(site.once.begin(LI, "k", "d"), Stored)
    clock.turn(seconds=1)
    again = site.once.begin(LI, "k", "another request")
    assert isinstance(again, Fresh)
    assert again.attempt == 1
    with site.database.reading() as connection:
        assert len(connection.execute(ONCE.select()).all()) == 1


def test_of_fifty_that_come_at_once_one_acts(site):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(site.once.begin(LI, "k", "d"))) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, Fresh) for one in found) == 1
    assert sum(isinstance(one, InProgress) for one in found) == 49


def begin_and_wait(folder: Path, told) -> None:
    with Site.open(folder) as site:
        told.send(site.once.begin(LI, "k", "d", lease_s=3_600).operation)
        told.recv()


def test_a_worker_killed_in_between_leaves_the_key_to_the_next_at_once(site):
    here, there = multiprocessing.Pipe()
    worker = multiprocessing.get_context("forkserver").Process(
        target=begin_and_wait, args=(site.folder, there)
    )
    worker.start()
    assert here.poll(60)
    operation = here.recv()
    with Site.open(site.folder) as present:
        assert isinstance(present.once.begin(LI, "k", "d"), InProgress)
        worker.kill()
        worker.join()
        again = present.once.begin(LI, "k", "d")
        assert (again.attempt, again.operation) == (2, operation)
        assert present.once.finish(again, 200, {}, b"done")
        assert present.once.begin(LI, "k", "d").body == b"done"
