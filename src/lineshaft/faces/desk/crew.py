"""The crew of a site: processes that take queued runs of all its works, one at a time each.

Only the crew's own keeper gives up or takes over runs of dead workers (`Works.recover`); the workers take what is
queued. All of it may be killed at any moment: leases in the store say who works on what.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType

from lineshaft.core import LineshaftError, engines, find_engine
from lineshaft.store import jobs
from lineshaft.store.database import StorageFailed
from lineshaft.store.records import run_id
from lineshaft.store.site import Site, Who
from lineshaft.store.site.bench import leave_with_parent
from lineshaft.store.worker import work_one
from lineshaft.store.works import Works

LOOK_S = 0.2
KEEP_S = 1.0
STOP_S = 10.0
NICE = 15
EVERYBODY = Who("lineshaft", admin=True)
log = logging.getLogger("lineshaft.crew")


class Crew:
    """Workers of one site; use it in a `with` statement, or start and stop it.

    Parameters
    ----------
    folder : Path
        The site's folder.
    workers : int
        How many runs may be computed at once.
    """

    def __init__(self, folder: Path, workers: int = 1) -> None:
        self._folder = Path(folder)
        self._workers = workers
        self._processes: list[BaseProcess] = []
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="lineshaft crew", daemon=True)

    def __enter__(self) -> Crew:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to take runs."""
        self._keeper.start()

    def stop(self) -> None:
        """End all workers. What they had found of a run becomes its result; runs without any wait again."""
        self._stopping.set()
        self._keeper.join()

    def alive(self) -> int:
        """How many workers live."""
        return sum(process.is_alive() for process in self._processes)

    def _keep(self) -> None:
        with Site.open(self._folder) as site:
            while not self._stopping.is_set():
                try:
                    self._replace_the_dead()
                    recover(site)
                except (LineshaftError, OSError) as error:
                    log.warning("crew: %s", error)
                self._stopping.wait(KEEP_S)
            for process in self._processes:
                process.terminate()
            for process in self._processes:
                process.join(STOP_S)
                if process.is_alive():
                    process.kill()
                    process.join()
            recover(site)

    def _replace_the_dead(self) -> None:
        living = [process for process in self._processes if process.is_alive()]
        for process in set(self._processes) - set(living):
            log.warning("worker %s ended with code %s", process.pid, process.exitcode)
        spawn = multiprocessing.get_context("spawn")
        while len(living) < self._workers:
            process = spawn.Process(target=work, args=(self._folder,), name="lineshaft worker")
            process.start()
            living.append(process)
        self._processes = living


def recover(site: Site) -> None:
    """Take over the runs of workers that have died, at every works of a site."""
    for works in _open(site):
        try:
            for run in works.recover():
                log.warning("%s: the worker of run %s died; its best answer was kept", works.name, run)
        except LineshaftError as error:
            log.warning("recover: %s", error)


def work(folder: Path) -> None:
    """What one worker process does until it is terminated or its parent is gone.

    Engines are imported while nothing waits, so that no run's clock pays for it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=leave_with_parent, name="lineshaft parent", daemon=True).start()
    os.nice(NICE)
    unread = list(engines())
    with Site.open(folder) as site:
        while True:
            try:
                busy = sum(_take(works) for works in _open(site))
            except StorageFailed as error:
                log.warning("worker: %s", error)
                busy = 0
            if not busy and unread:
                find_engine(unread.pop()).load("solve")
            elif not busy:
                time.sleep(LOOK_S)


def _take(works: Works) -> bool:
    """Do the oldest queued run of a works, if there is one."""
    try:
        with works.database.reading() as connection:
            queued = [job.no for job in jobs.open_jobs(connection) if job.state == "queued"]
        return bool(queued) and work_one(works, run_id(queued[0])) is not None
    except StorageFailed:
        raise
    except LineshaftError:
        return True
    except Exception:
        log.exception("a run failed")
        return True


def _open(site: Site) -> list[Works]:
    found = []
    for entry in site.works(EVERYBODY):
        try:
            found.append(site.open_works(entry.works_id))
        except LineshaftError as error:
            log.warning("works %s: %s", entry.works_id, error)
    return found
