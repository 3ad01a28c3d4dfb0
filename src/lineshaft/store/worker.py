"""Doing a run: beside the search a companion renews the lease, stores offers and listens for a cancel."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lineshaft.core import BadInput, Cancelled, Engine, LineshaftError, Refused, Result, Words
from lineshaft.store import jobs, runs
from lineshaft.store.home import Place
from lineshaft.store.pack import pack, unpack
from lineshaft.store.records import fault_of, find, number, run_id

if TYPE_CHECKING:
    from lineshaft.store.works import Works

BEAT_S = 1.0
OnProgress = Callable[[float, Words], None]


class Companion:
    """A thread beside one run. The newest offer is stored as soon as the disk is free; older ones may be skipped."""

    def __init__(self, works: Works, no: int, worker: str, on_progress: OnProgress | None) -> None:
        self._works, self._no, self._worker, self._on_progress = works, no, worker, on_progress
        self._wake = threading.Condition()
        self._offer: Result[Any] | None = None
        self._progress: tuple[float, Words] | None = None
        self._stop = False
        self.newest: Result[Any] | None = None
        self.cancelled = False
        self._thread = threading.Thread(target=self._live, name=f"lineshaft run {no}", daemon=True)

    def __enter__(self) -> Companion:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with self._wake:
            self._stop = True
            self._wake.notify()
        self._thread.join()

    def offer(self, result: Result[Any]) -> None:
        """Take a better answer."""
        with self._wake:
            self._offer = self.newest = result
            self._wake.notify()

    def progress(self, fraction: float, words: Words) -> None:
        """Pass progress on."""
        self._progress = (fraction, words)
        if self._on_progress:
            self._on_progress(fraction, words)

    def _live(self) -> None:
        while True:
            with self._wake:
                if not self._offer and not self._stop:
                    self._wake.wait(BEAT_S)
                offer, self._offer = self._offer, None
                if self._stop and offer is None:
                    return
            if offer:
                self._works.offers.keep(self._no, pack(offer))
            self._beat()

    def _beat(self) -> None:
        job = self._works.database.write(
            lambda connection: jobs.heartbeat(
                connection,
                self._no,
                self._worker,
                self._works.now().timestamp(),
                progress=self._progress,
            )
        )
        self.cancelled = self.cancelled or job is None or job.cancel


def execute(works: Works, no: int, worker: str, on_progress: OnProgress | None = None) -> bool:
    """Do a run that `worker` holds; False when the lease was lost on the way and the answer dropped.

    An interrupt from the keyboard is a cancel: the best offer becomes the result.
    """
    with works.database.reading() as connection:
        record = find(connection, run_id(no))
    companion = Companion(works, no, worker, on_progress)
    run = replace(
        runs.run_of(record),
        on_progress=companion.progress,
        on_offer=companion.offer,
        is_cancelled=lambda: companion.cancelled,
        blobs=works.blobs,
    )
    try:
        with companion:
            result = runs.compute(works, record, run)
    except (Cancelled, KeyboardInterrupt):
        if companion.newest is None:
            runs.store_failure(works, no, worker, "cancelled", Cancelled())
            raise Cancelled from None
        result = replace(companion.newest, stopped_by="cancel")
    except Exception as error:
        runs.store_failure(works, no, worker, "failed", error)
        raise
    stored = runs.store_result(works, no, worker, result)
    if stored:
        works.offers.drop(no)
    return stored


def work_one(works: Works, run: str | None = None, on_progress: OnProgress | None = None) -> str | None:
    """Claim the next run (or a certain one) and do it; its id, or None when nothing waits."""
    worker = jobs.worker_name()
    no = runs.claim(works, worker, None if run is None else number(run, "r"))
    if no is None:
        return None
    execute(works, no, worker, on_progress)
    return run_id(no)


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
    told: tuple[float, Words] | None = None
    while child.is_alive():
        child.join(BEAT_S / 4)
        job = works.job(run)
        if on_progress and job.words.en and (job.fraction, job.words) != told:
            told = (job.fraction, job.words)
            on_progress(*told)
    child.close()
    raise_failure(works, run)


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


def _child(place: Place, engine: Engine, run: str) -> None:
    from lineshaft.store.works import Works

    with Works.open(place) as works:
        works.use(engine)
        try:
            work_one(works, run)
        except (LineshaftError, KeyboardInterrupt):
            return
