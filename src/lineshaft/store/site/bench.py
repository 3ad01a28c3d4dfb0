"""The bench of a site: a process of its own that keeps plans ready for changes by hand.

Engines take seconds to load and hold the interpreter while they think; here they do it beside the process that
answers people. It may be killed at any moment: what it keeps can be made again, and the next change starts another.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any

from lineshaft.core import engines, find_engine
from lineshaft.store.database import StorageFailed
from lineshaft.store.site.site import Site

log = logging.getLogger("lineshaft.bench")


class Bench:
    """The process and the questions it is asked; use it in a `with` statement.

    Parameters
    ----------
    folder : Path
        The site's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)
        self._changing = threading.Lock()
        self._pool = self._new_pool()

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, works_id: str, method: str, *args: Any, **named: Any) -> Future[Any]:
        """Ask a works of the site for a method's answer, which comes later."""
        with self._changing:
            try:
                return self._pool.submit(_do, works_id, method, args, named)
            except BrokenProcessPool:
                log.warning("the bench ended; another one begins")
                self._pool = self._new_pool()
                return self._pool.submit(_do, works_id, method, args, named)

    def do(self, works_id: str, method: str, *args: Any, **named: Any) -> Any:
        """The same, waiting for the answer.

        Raises
        ------
        LineshaftError
            What the method raises.
        StorageFailed
            The process ended before it had answered.
        """
        try:
            return self.begin(works_id, method, *args, **named).result()
        except BrokenProcessPool as error:
            raise StorageFailed(error) from error

    def _new_pool(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(1, context, initializer=_open, initargs=(self._folder,))
        pool.submit(_load_engines)
        return pool


_site: Site


def _open(folder: Path) -> None:
    global _site
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=leave_with_parent, name="lineshaft parent", daemon=True).start()
    _site = Site.open(folder)


def _load_engines() -> None:
    """Load what edits need before somebody waits for it."""
    for name in engines():
        engine = find_engine(name)
        if engine.edit:
            engine.load("edit")


def _do(works_id: str, method: str, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    return getattr(_site.open_works(works_id), method)(*args, **named)


def leave_with_parent() -> None:
    """End this process when the one that started it has ended, however it ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
