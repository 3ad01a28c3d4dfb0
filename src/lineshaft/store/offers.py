"""The best answer so far of each unfinished run, kept outside the tables until the run ends."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from lineshaft.store.blobs import write_whole


class Offers(Protocol):
    """One offer for each unfinished run."""

    def keep(self, no: int, content: bytes) -> None:
        """Put an offer in the place of the one before, on disk when this returns."""
        ...

    def read(self, no: int) -> bytes | None:
        """The newest offer of a run, or None."""
        ...

    def drop(self, no: int) -> None:
        """Forget a run's offer."""
        ...


class OfferFolder:
    """A file for each run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, no: int, content: bytes) -> None:
        """Put an offer in the place of the one before, on disk when this returns."""
        write_whole(self._place(no), content)

    def read(self, no: int) -> bytes | None:
        """The newest offer of a run, or None."""
        place = self._place(no)
        return place.read_bytes() if place.is_file() else None

    def drop(self, no: int) -> None:
        """Forget a run's offer."""
        self._place(no).unlink(missing_ok=True)

    def _place(self, no: int) -> Path:
        return self.folder / f"r{no}.zip"
