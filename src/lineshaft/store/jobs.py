"""Who works on which run: a lease that has to be renewed, so that a dead worker's run goes to another.

Leases are counted by the workers' own clocks: machines that share a works keep them together to a few seconds.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from lineshaft.core import Words
from lineshaft.store.system import JOB

LEASE_S = 15.0
ATTEMPTS_MAX = 3


@dataclass(frozen=True)
class Job:
    """A run's place in the queue. `state` is "queued", "leased" or "done"."""

    no: int
    state: str
    worker: str
    lease_until: float
    attempts: int
    cancel: bool
    fraction: float
    words: Words


@cache
def machine() -> str:
    """Where process numbers mean what they mean here: two containers may share a host's name, but not its processes."""
    try:
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        return f"{socket.gethostname()}/{kernel}/{Path('/proc/self/ns/pid').readlink().name.strip('pid:[]')}"
    except OSError:
        return socket.gethostname()


def worker_name() -> str:
    """A name for a new worker that tells where it lives."""
    return f"{machine()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def is_dead(worker: str) -> bool:
    """True when the worker was a process of this machine that is no more."""
    host, _, rest = worker.partition(":")
    pid = rest.partition(":")[0]
    if host != machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def enqueue(connection: sa.Connection, no: int) -> None:
    """Put a run in the queue."""
    connection.execute(
        JOB.insert(),
        {
            "no": no,
            "state": "queued",
            "worker": "",
            "lease_until": 0.0,
            "attempts": 0,
            "cancel": False,
            "fraction": 0.0,
            "en": "",
            "zh": "",
        },
    )


def claim(
    connection: sa.Connection, worker: str, now_s: float, lease_s: float = LEASE_S, no: int | None = None
) -> Job | None:
    """Take the oldest run that nobody works on (or run `no`), or None when there is none.

    A lease that has run out, or whose worker is known to be dead, is free for the taking `ATTEMPTS_MAX` times in all.
    """
    waiting = sa.select(JOB).where(JOB.c.state != "done", JOB.c.attempts < ATTEMPTS_MAX).order_by(JOB.c.no)
    if no is not None:
        waiting = waiting.where(JOB.c.no == no)
    for row in connection.execute(waiting):
        job = _job(row)
        if is_free(job, now_s):
            taken = {
                "state": "leased",
                "worker": worker,
                "lease_until": now_s + lease_s,
                "attempts": job.attempts + 1,
            }
            connection.execute(JOB.update().where(JOB.c.no == job.no).values(taken))
            return find(connection, job.no)
    return None


def is_free(job: Job, now_s: float) -> bool:
    """True when nobody alive works on the job."""
    return job.state == "queued" or (
        job.state == "leased" and (job.lease_until < now_s or is_dead(job.worker))
    )


def heartbeat(
    connection: sa.Connection,
    no: int,
    worker: str,
    now_s: float,
    lease_s: float = LEASE_S,
    progress: tuple[float, Words] | None = None,
) -> Job | None:
    """Renew the lease and tell the progress; None when the lease is lost to another worker."""
    values: dict[str, float | str] = {"lease_until": now_s + lease_s}
    if progress:
        fraction, words = progress
        values |= {"fraction": fraction, "en": words.en, "zh": words.zh}
    renewed = connection.execute(JOB.update().where(*_held(no, worker)).values(values)).rowcount
    return find(connection, no) if renewed else None


def finish(connection: sa.Connection, no: int, worker: str) -> bool:
    """Close the job; False when the lease was lost, and then what was done must not be stored."""
    done = JOB.update().where(*_held(no, worker)).values(state="done", fraction=1.0)
    return bool(connection.execute(done).rowcount)


def close(connection: sa.Connection, no: int) -> None:
    """Close the job whoever holds it."""
    connection.execute(JOB.update().where(JOB.c.no == no).values(state="done"))


def release(connection: sa.Connection, no: int, worker: str) -> None:
    """Give the job back to the queue."""
    connection.execute(
        JOB.update().where(*_held(no, worker)).values(state="queued", worker="", lease_until=0.0)
    )


def cancel(connection: sa.Connection, no: int) -> None:
    """Ask whoever works on the job to stop."""
    connection.execute(JOB.update().where(JOB.c.no == no, JOB.c.state != "done").values(cancel=True))


def find(connection: sa.Connection, no: int) -> Job | None:
    """A job by the number of its run."""
    row = connection.execute(sa.select(JOB).where(JOB.c.no == no)).one_or_none()
    return _job(row) if row else None


def open_jobs(connection: sa.Connection) -> list[Job]:
    """Jobs that are not done."""
    return [
        _job(row)
        for row in connection.execute(sa.select(JOB).where(JOB.c.state != "done").order_by(JOB.c.no))
    ]


def _held(no: int, worker: str) -> tuple[sa.ColumnElement[bool], ...]:
    return JOB.c.no == no, JOB.c.worker == worker, JOB.c.state == "leased"


def _job(row: sa.Row[tuple[object, ...]]) -> Job:
    return Job(
        row.no,
        row.state,
        row.worker,
        row.lease_until,
        row.attempts,
        row.cancel,
        row.fraction,
        Words(row.en, row.zh),
    )
