"""Edits beside the process that answers people: the same answers, the same errors, and again after a kill -9."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from sites import new_site

from lineshaft.core import Change, Missing, Refused
from lineshaft.core.digest import result_bytes
from lineshaft.crane_works import generate
from lineshaft.store.database import StorageFailed
from lineshaft.store.site.bench import Bench

ENGINE = "make.schedule"


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    with new_site(tmp_path_factory.mktemp("site") / "s", None, "north") as site:
        works = site.open_works("north")
        works.write(generate(scale=0.1), "boss", "example")
        works.accept(works.propose(ENGINE, limits={"work_limit": 1}, actor="boss"), "boss")
        with Bench(site.folder) as bench:
            yield works, bench


def lock(works):
    row = works.read("operation_plan").row(0, named=True)
    return Change("operation_plan", (row["order_id"], row["op_no"]), {"locked": True})


def test_it_answers_as_this_process_would(planned):
    works, bench = planned
    changes = [lock(works)]
    here, there = works.edit(ENGINE, changes), bench.do("north", "edit", ENGINE, changes, None)
    assert result_bytes(there) == result_bytes(here)


def test_errors_come_across(planned):
    works, bench = planned
    with pytest.raises(Missing):
        bench.do("north", "edit", ENGINE, [lock(works)], "r99")
    with pytest.raises(Missing):
        bench.do("nowhere", "edit", ENGINE, [], None)


def test_after_a_kill_the_next_question_is_answered(planned):
    works, bench = planned
    (pid,) = bench._pool._processes
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(bench.do, "north", "edit", ENGINE, [lock(works)], None)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(StorageFailed):
            asked.result()
    assert bench.do("north", "edit", ENGINE, [lock(works)], None).status == "feasible"


def test_an_edit_that_cannot_be_is_refused(planned):
    works, bench = planned
    row = works.read("operation_plan").row(0, named=True)
    early = Change("operation_plan", (row["order_id"], row["op_no"]), {"start": "1990-01-01T00:00:00Z"})
    with pytest.raises(Refused):
        bench.do("north", "propose_edit", ENGINE, [early], None, "boss", "")
