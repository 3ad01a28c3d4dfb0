"""Where runs are done: in this process, in processes of their own, or on the nodes of a Ray cluster.

Whoever holds a run's lease stores its result, so the works is written from one place with every executor. `inline` and
`ray://…` hold it here. A process of its own opens the works itself and holds its own lease: it has the same disk, its
offers need no carrying, and it finishes its run even when the process that asked has gone. A Ray node gets its run by
value and never sees the works.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from lineshaft.core import Missing
from lineshaft.store.companion import OnProgress
from lineshaft.store.worker import in_process, see_to

if TYPE_CHECKING:
    from lineshaft.store.works import Works


class Executor(Protocol):
    """Does queued runs, `places` of them at a time when that many threads ask."""

    @property
    def places(self) -> int:
        """How many runs it can do at a time."""
        ...

    def do(self, works: Works, run: str, on_progress: OnProgress | None = None) -> None:
        """Do a run, or wait while another worker does it.

        Raises
        ------
        LineshaftError
            What the run raised.
        """
        ...


class Inline:
    """In this process, one after the other."""

    places = 1

    def do(self, works: Works, run: str, on_progress: OnProgress | None = None) -> None:
        """Do a run."""
        see_to(works, run, on_progress)


class Processes:
    """Each run in a process of its own, one for each core."""

    places = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def do(self, works: Works, run: str, on_progress: OnProgress | None = None) -> None:
        """Do a run."""
        in_process(works, run, on_progress)


@contextmanager
def executor(name: str) -> Iterator[Executor]:
    """An executor by name: ``inline``, ``process``, or ``ray://local``, ``ray://auto``, ``ray://HOST:PORT``.

    Raises
    ------
    Missing
        No such executor, Ray is not installed, or no cluster answers.
    """
    if name == "inline":
        yield Inline()
    elif name == "process":
        yield Processes()
    elif name.startswith("ray://"):
        from lineshaft.store.executors.on_ray import OnRay

        with OnRay(name) as nodes:
            yield nodes
    else:
        raise Missing(
            f"There is no executor {name!r}: inline, process or ray://ADDRESS.",
            f"没有执行方式 {name!r};可用:inline、process 或 ray://地址。",
        )
