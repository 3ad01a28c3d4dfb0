"""Files named by the SHA-256 of their content: written once, never changed, on disk before anyone names them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

from lineshaft.core import Missing


class Blobs(Protocol):
    """Content-addressed files of a works."""

    def path(self, digest: str) -> Path:
        """Where the blob can be read as a file.

        Raises
        ------
        Missing
            No such blob.
        """
        ...

    def read(self, digest: str) -> bytes:
        """The content of a blob; `Missing` when there is none."""
        ...

    def keep(self, content: bytes) -> str:
        """Store content, on disk when this returns, and return its digest."""
        ...

    def is_whole(self, digest: str) -> bool:
        """True when the blob is there and its content still has its digest."""
        ...

    def close(self) -> None:
        """Let go of what was only lent."""
        ...


class BlobFolder:
    """Content-addressed files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the blob is."""
        path = self._place(digest)
        if not path.is_file():
            raise missing(digest)
        return path

    def read(self, digest: str) -> bytes:
        """The content of a blob."""
        return self.path(digest).read_bytes()

    def keep(self, content: bytes) -> str:
        """Store content, on disk when this returns, and return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        place = self._place(digest)
        if place.is_file():
            sync_folder(self.folder)
        else:
            write_whole(place, content)
        return digest

    def is_whole(self, digest: str) -> bool:
        """True when the blob is there and its content still has its digest."""
        place = self._place(digest)
        return place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == digest

    def close(self) -> None:
        """Nothing is held."""

    def _place(self, digest: str) -> Path:
        return self.folder / digest


def missing(digest: str) -> Missing:
    """There is no such blob."""
    return Missing(f"The file {digest} is not in the works.", f"工厂中没有文件 {digest}。")


def write_whole(place: Path, content: bytes) -> None:
    """Put a file there whole or not at all, on disk when this returns."""
    handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable, where the system has such a thing."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
