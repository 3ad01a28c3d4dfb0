"""The crew: runs of every works are taken, whatever happens to those who take them."""

from __future__ import annotations

import os
import signal
import time

import polars as pl
import pytest
from contract.toy import ENGINE
from sites import new_site

from lineshaft.faces.desk.crew import Crew

PIECES = pl.DataFrame({"piece_id": [*"ABC"], "length_mm": [7_000] * 3})
WAIT_S = 300


def until(true):
    """Wait for something that must come."""
    end = time.monotonic() + WAIT_S
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


@pytest.fixture
def site(toy, tmp_path):
    with new_site(tmp_path / "site", None, "saw", "other") as made:
        for works_id in ("saw", "other"):
            made.open_works(works_id).write({"piece": PIECES}, "boss", "import")
        yield made


def test_a_killed_worker_is_replaced_and_its_run_ends_with_its_best_answer(site):
    saw, other = site.open_works("saw"), site.open_works("other")
    endless = saw.submit(ENGINE, {"bar_mm": 12_001}, {"time_limit_s": 3_600})
    with Crew(site.folder) as crew:
        job = until(lambda: (job := saw.job(endless)).fraction == 1.0 and job)
        until(lambda: any((saw.path / "offers").glob("*")))
        worker = int(job.worker.split(":")[1])
        os.kill(worker, signal.SIGKILL)
        record = until(lambda: (record := saw.run(endless)).ended and record)
        assert (record.status, record.stopped_by) == ("done", "cancel")
        quick = other.submit(ENGINE, limits={"work_limit": 3})
        assert until(lambda: other.run(quick).ended)
        assert other.run(quick).status == "done"
        assert crew.alive() == 1
    assert crew.alive() == 0


def test_a_run_that_fails_says_so_and_the_next_is_taken(site):
    works = site.open_works("saw")
    broken = works.submit(ENGINE, {"bar_mm": 12_001}, {"work_limit": 3})
    (works.path / "blobs").rename(works.path / "away")
    with Crew(site.folder):
        assert until(lambda: works.run(broken).ended)
        assert works.run(broken).status == "failed"
        (works.path / "away").rename(works.path / "blobs")
        whole = works.submit(ENGINE, limits={"work_limit": 3})
        assert until(lambda: works.run(whole).ended)
        assert works.run(whole).status == "done"
