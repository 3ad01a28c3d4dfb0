"""Executors: the same answer wherever a run is done, and one line when Ray is not there."""

import pickle
import sys
from dataclasses import replace

import pytest
from toy_line import TOY, orders

from lineshaft.core import BadInput, Cancelled, Missing, Refused, Words
from lineshaft.core.digest import result_bytes
from lineshaft.store import Works, companion, jobs, runs
from lineshaft.store.executors import executor
from lineshaft.store.executors.far import Luggage, do_packed, pack_run, unpack_parcel


@pytest.fixture
def works(tmp_path):
    with Works.create(tmp_path / "works", "Test") as works:
        works.use(TOY)
        works.write({"work_order": orders("1", "2")}, "li", "import")
        yield works


def sent(works, run):
    """A run as another machine gets it."""
    return pickle.loads(pickle.dumps(pack_run(works, works.run(run))))


def test_inline_and_process_give_the_same_bytes(works):
    answers = set()
    for name in ("inline", "process"):
        with executor(name) as place:
            assert place.places >= 1
            run = works.submit(TOY, {"delay_h": 3}, again=True)
            place.do(works, run)
            answers.add((works.run(run).result_digest, works.run(run).result_blob))
    assert len(answers) == 1


def test_a_run_done_by_value_has_the_bytes_of_one_done_here(works):
    run = works.propose(TOY, {"delay_h": 3})
    here, told = works.result(run), []
    parcel = pickle.loads(pickle.dumps(do_packed(sent(works, run), told.append)))
    assert result_bytes(unpack_parcel(works, TOY, parcel)) == result_bytes(here)
    assert told[-1].progress == (1.0, Words("round 5", "第 5 轮"))
    assert any(word.offer for word in told)


def test_the_far_side_stops_when_it_is_asked_to(works, monkeypatch):
    monkeypatch.setattr(companion, "BEAT_S", 0.01)
    run = works.submit(TOY, {"stop": "hang"})
    parcel = do_packed(
        sent(works, run), lambda word: bool(word.progress and word.progress[1].en == "hanging")
    )
    assert unpack_parcel(works, TOY, parcel).stopped_by == "cancel"
    with pytest.raises(Cancelled):
        do_packed(sent(works, works.submit(TOY, {"stop": "before"})), lambda _: False)


def test_files_travel_home_with_the_answer(works):
    luggage = Luggage()
    digest = luggage.keep(b"picture")
    parcel = do_packed(sent(works, works.submit(TOY)), lambda _: False)
    unpack_parcel(works, TOY, replace(parcel, files=tuple(luggage.files.values())))
    assert works.blobs.read(digest) == b"picture"
    with pytest.raises(Missing):
        luggage.path(digest)


def test_a_node_with_another_version_refuses(works):
    packed = sent(works, works.submit(TOY))
    with pytest.raises(Refused, match="the works has 9 "):
        do_packed(replace(packed, record=replace(packed.record, lineshaft_version="9")), lambda _: False)


def test_errors_cross_processes_whole():
    with pytest.raises(BadInput) as raised:
        executor_error()
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), again.words, again.faults) == (BadInput, raised.value.words, raised.value.faults)


def executor_error():
    with Works.transient() as works:
        works.submit(TOY, {"delay_h": -1})


def test_a_run_that_another_worker_took_is_waited_for(works, monkeypatch):
    run = works.submit(TOY)
    assert runs.claim(works, jobs.worker_name()) == 1
    result = runs.compute(works, works.run(run), runs.run_of(works.run(run)))
    worker, told = works.job(run).worker, []

    def finish(*said):
        told.append(said)
        assert runs.store_result(works, 1, worker, result)

    works.database.write(
        lambda c: jobs.heartbeat(c, 1, worker, works.now().timestamp(), progress=(0.5, Words("half", "一半")))
    )
    with executor("inline") as place:
        place.do(works, run, finish)
    assert told == [(0.5, Words("half", "一半"))]
    assert works.run(run).status == "done"


@pytest.mark.parametrize("name", ["ray://local", "ray://127.0.0.1:10001"])
def test_without_ray_one_line_says_what_to_install(works, name, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Missing, match=r"pip install 'lineshaft\[ray\]'") as missing:
        works.propose(TOY, executor=name)
    assert "lineshaft[ray]" in missing.value.words.zh
    assert works.runs() == []


def test_an_unknown_executor_is_named(works):
    with pytest.raises(Missing, match="moon"):
        works.propose(TOY, executor="moon")
