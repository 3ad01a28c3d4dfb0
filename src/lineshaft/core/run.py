"""What an engine gets from outside besides its tables: the only door to time, chance, progress and blobs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lineshaft.core.errors import LineshaftError, Missing, Words

if TYPE_CHECKING:
    from lineshaft.core.result import Result


class Cancelled(LineshaftError):
    """The run was cancelled before it had any answer to offer."""

    exit_code = 7

    def __init__(self) -> None:
        super().__init__("Cancelled before a first answer was found.", "在找到第一个可行方案之前已取消。")


class Blobs(Protocol):
    """Content-addressed files beside the tables."""

    def path(self, digest: str) -> Path:
        """The file with this digest."""
        ...

    def keep(self, content: bytes) -> str:
        """Store content and return its digest."""
        ...


class NoBlobs:
    """Keeps blobs in memory only; enough for engines under test."""

    def path(self, digest: str) -> Path:
        """No file is ever there."""
        raise Missing(f"blob {digest} is not here", f"未找到文件 {digest}")

    def keep(self, content: bytes) -> str:
        """The digest under which a real store would keep it."""
        return hashlib.sha256(content).hexdigest()


@dataclass
class Run:
    """One run of one engine: seed, limits and the ways to talk to whoever waits.

    Parameters
    ----------
    seed : int
        Seed of every random choice.
    work_limit : float, optional
        Steps of the engine's own kind; the same limit gives the same bytes.
    time_limit_s : float, optional
        Seconds by `clock`; it can only stop a run sooner. The engine reports the work done (`Result.work`),
        and a replay with that as `work_limit` gives the same bytes.
    workers : int
        Parallel searches allowed.
    clock : callable
        Seconds, only differences matter; tests hand in a fake one.
    """

    seed: int = 1
    work_limit: float | None = None
    time_limit_s: float | None = None
    workers: int = 1
    clock: Callable[[], float] = time.monotonic
    on_progress: Callable[[float, Words], None] | None = None
    on_offer: Callable[[Result[Any]], None] | None = None
    is_cancelled: Callable[[], bool] = lambda: False
    blobs: Blobs = field(default_factory=NoBlobs)
    started_s: float | None = None

    def __post_init__(self) -> None:
        if self.started_s is None:
            self.started_s = self.clock()

    def progress(self, fraction: float, en: str, zh: str) -> None:
        """Tell how far the run is (0 to 1) and what it is doing."""
        if self.on_progress:
            self.on_progress(min(1.0, max(0.0, fraction)), Words(en, zh))

    def offer(self, result: Result[Any]) -> None:
        """Hand over the best answer so far: a cancel or a kill later loses nothing."""
        if self.on_offer:
            self.on_offer(result)

    def cancelled(self) -> bool:
        """True once somebody asked to stop."""
        return self.is_cancelled()

    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return self.clock() - (self.started_s or 0.0)

    def out_of_time(self) -> bool:
        """True once the time limit is used up."""
        return self.time_limit_s is not None and self.elapsed_s() >= self.time_limit_s

    def blob(self, digest: str) -> Path:
        """The file with this digest."""
        return self.blobs.path(digest)

    def keep(self, content: bytes) -> str:
        """Store a file beside the tables and return its digest."""
        return self.blobs.keep(content)
