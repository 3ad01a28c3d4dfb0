"""Beside a run: a thread that hands on what it offers and says, and hears whether it shall stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from lineshaft.core import Cancelled, Result, Run, Words
from lineshaft.core.run import Blobs

BEAT_S = 1.0
OnProgress = Callable[[float, Words], None]


@dataclass(frozen=True)
class News:
    """What a run has to say at one beat: an offer when there is a new one, and its progress when it has told any."""

    offer: Result[Any] | None = None
    progress: tuple[float, Words] | None = None


class Companion:
    """A thread beside one run. The newest offer is handed on as soon as `beat` is free; older ones may be skipped.

    Parameters
    ----------
    beat : callable
        Takes the news, at least once in `BEAT_S`; True asks the run to stop.
    on_progress : callable, optional
        Called in the run's own thread.
    """

    def __init__(self, beat: Callable[[News], bool], on_progress: OnProgress | None = None) -> None:
        self._beat, self._on_progress = beat, on_progress
        self._wake = threading.Condition()
        self._offer: Result[Any] | None = None
        self._progress: tuple[float, Words] | None = None
        self._stop = False
        self.newest: Result[Any] | None = None
        self.cancelled = False
        self._thread = threading.Thread(target=self._live, name="lineshaft companion", daemon=True)

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

    def beside(self, run: Run, blobs: Blobs) -> Run:
        """The run with its ways to talk."""
        return replace(
            run,
            on_progress=self.progress,
            on_offer=self.offer,
            is_cancelled=lambda: self.cancelled,
            blobs=blobs,
        )

    def answer(self, search: Callable[[], Result[Any]]) -> Result[Any]:
        """What `search` finds; when it is stopped before its end, the newest offer.

        Raises
        ------
        Cancelled
            Stopped before a first offer.
        """
        try:
            with self:
                return search()
        except (Cancelled, KeyboardInterrupt):
            if self.newest is None:
                raise Cancelled from None
            return replace(self.newest, stopped_by="cancel")

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
            stop = self._beat(News(offer, self._progress))
            self.cancelled = self.cancelled or stop
