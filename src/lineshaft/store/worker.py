"""Doing a run: beside the search a companion renews the lease, stores offers and listens for a cancel."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lineshaft.core import BadInput, Cancelled, Engine, LineshaftError, Refused, Result, Run, Words
from lineshaft.store import jobs, runs
from lineshaft.store.companion import BEAT_S, Companion, News, OnProgress
from lineshaft.store.home import Place
from lineshaft.store.pack import pack, unpack
from lineshaft.store.records import RunRecord, fault_of, find, number, run_id

if TYPE_CHECKING:
    from lineshaft.store.works import Works

Compute = Callable[["Works", RunRecord, Run], Result[Any]]


def execute(
    works: Works,
    no: int,
    worker: str,
    on_progress: OnProgress | None = None,
    compute: Compute = runs.compute,
) -> bool:
    """Do a run that `worker` holds; False when the lease was lost on the way and the answer dropped.

    An interrupt from the keyboard is a cancel: the best offer becomes the result. `compute` may search elsewhere.
    """
    with works.database.reading() as connection:
        record = find(connection, run_id(no))

    def beat(news: News) -> bool:
        if news.offer:
            works.offers.keep(no, pack(news.offer))
        now_s = works.now().timestamp()
        job = works.database.write(
            lambda connection: jobs.heartbeat(connection, no, worker, now_s, progress=news.progress)
        )
        return job is None or job.cancel

    companion = Companion(beat, on_progress)
    run = companion.beside(runs.run_of(record), works.blobs)
    try:
        result = companion.answer(lambda: compute(works, record, run))
    except Exception as error:
        status = "cancelled" if isinstance(error, Cancelled) else "failed"
        runs.store_failure(works, no, worker, status, error)
        raise
    stored = runs.store_result(works, no, worker, result)
    if stored:
        works.offers.drop(no)
    return stored


def work_one(
    works: Works,
    run: str | None = None,
    on_progress: OnProgress | None = None,
    compute: Compute = runs.compute,
) -> str | None:
    """Claim the next run (or a certain one) and do it; its id, or None when nothing waits."""
    worker = jobs.worker_name()
    no = runs.claim(works, worker, None if run is None else number(run, "r"))
    if no is None:
        return None
    execute(works, no, worker, on_progress, compute)
    return run_id(no)


def see_to(
    works: Works, run: str, on_progress: OnProgress | None = None, compute: Compute = runs.compute
) -> None:
    """Do a run, or wait while another worker does it.

    Raises
    ------
    LineshaftError
        What the run raised, or that its process died.
    """
    if work_one(works, run, on_progress, compute) is None:
        _await_other(works, run, _teller(works, run, on_progress))


def in_process(works: Works, run: str, on_progress: OnProgress | None = None) -> None:
    """Do a run in a process of its own and wait for it.

    Raises
    ------
    LineshaftError
        What the run raised, or that its process died.
    """
    with works.database.reading() as connection:
        engine = works.engine(find(connection, run).engine)
    child = multiprocessing.get_context("spawn").Process(target=_child, args=(works.place, engine, run))
    child.start()
    tell = _teller(works, run, on_progress)
    while child.is_alive():
        child.join(BEAT_S / 4)
        tell()
    child.close()
    _await_other(works, run, tell)


def raise_failure(works: Works, run: str) -> None:
    """Raise what a run failed with, if it did."""
    record = works.run(run)
    if record.status in ("queued", "running"):
        raise Refused(
            f"The process of run {run} died; `recover` keeps its best answer so far.",
            f"运行 {run} 的进程已中断;可用 recover 保留目前最好的方案。",
        )
    if record.error is None:
        return
    if record.status == "cancelled":
        raise Cancelled
    if record.error["faults"]:
        raise BadInput([fault_of(row) for row in record.error["faults"]])
    raise LineshaftError(record.error["en"], record.error["zh"])


def recover(works: Works) -> list[str]:
    """Runs whose worker has died: those with an offer become results stopped by "cancel", the others wait again.

    Returns
    -------
    list of str
        Runs that now have a result.
    """
    recovered = []
    now_s = works.now().timestamp()
    with works.database.reading() as connection:
        lost = [
            job for job in jobs.open_jobs(connection) if job.state == "leased" and jobs.is_free(job, now_s)
        ]
    for job in lost:
        content = works.offers.read(job.no)
        if content is None:
            works.database.write(partial(runs.requeue, job=job))
            continue
        with works.database.reading() as connection:
            record = find(connection, run_id(job.no))
        offer = unpack(content, works.engine(record.engine).load("outputs"))
        if runs.store_result(works, job.no, job.worker, replace(offer, stopped_by="cancel")):
            works.offers.drop(job.no)
            recovered.append(record.run_id)
    return recovered


def _await_other(works: Works, run: str, tell: Callable[[], None]) -> None:
    """Wait while another living worker does a run; raise what it failed with."""
    while (job := works.job(run)).state == "leased" and not jobs.is_free(job, works.now().timestamp()):
        tell()
        time.sleep(BEAT_S / 4)
    raise_failure(works, run)


def _teller(works: Works, run: str, on_progress: OnProgress | None) -> Callable[[], None]:
    """Passes on what another worker has told of its progress, when it is new."""
    told: tuple[float, Words] | None = None

    def tell() -> None:
        nonlocal told
        job = works.job(run)
        if on_progress and job.words.en and (job.fraction, job.words) != told:
            told = (job.fraction, job.words)
            on_progress(*told)

    return tell


def _child(place: Place, engine: Engine, run: str) -> None:
    from lineshaft.store.works import Works

    with Works.open(place) as works:
        works.use(engine)
        try:
            work_one(works, run)
        except (LineshaftError, KeyboardInterrupt):
            return
