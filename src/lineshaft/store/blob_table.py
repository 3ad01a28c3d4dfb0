"""Blobs and offers of a works that has no folder: rows beside its tables, so that one backup holds everything."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lineshaft.store.blobs import missing, write_whole
from lineshaft.store.database import Database
from lineshaft.store.sql import TEXT

PIECE_BYTES = 4 << 20
KEPT = sa.MetaData()

BLOB = sa.Table(
    "ls_blob",
    KEPT,
    sa.Column("digest", TEXT, primary_key=True),
    sa.Column("piece", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

OFFER = sa.Table(
    "ls_offer",
    KEPT,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)


class BlobTable:
    """Content-addressed files as rows of `PIECE_BYTES` or less; whoever needs a file gets one that goes on `close`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lent: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def path(self, digest: str) -> Path:
        """A file with the blob's content."""
        with self._lock:
            self._lent = self._lent or tempfile.TemporaryDirectory(prefix="lineshaft-blobs-")
            place = Path(self._lent.name) / digest
        if not place.is_file():
            write_whole(place, self.read(digest))
        return place

    def read(self, digest: str) -> bytes:
        """The content of a blob."""
        pieces = self._pieces(digest)
        if not pieces:
            raise missing(digest)
        return b"".join(pieces)

    def keep(self, content: bytes) -> str:
        """Store content, on disk when this returns, and return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        there = sa.select(BLOB.c.digest).where(BLOB.c.digest == digest).limit(1)
        with self._database.aside() as connection:
            if connection.execute(there).first() is None:
                starts = range(0, max(1, len(content)), PIECE_BYTES)
                rows = [
                    {"digest": digest, "piece": no, "content": content[start : start + PIECE_BYTES]}
                    for no, start in enumerate(starts)
                ]
                connection.execute(insert(BLOB).on_conflict_do_nothing(), rows)
        return digest

    def is_whole(self, digest: str) -> bool:
        """True when the blob is there and its content still has its digest."""
        pieces = self._pieces(digest)
        return bool(pieces) and hashlib.sha256(b"".join(pieces)).hexdigest() == digest

    def close(self) -> None:
        """Remove the files that were made for reading."""
        with self._lock:
            if self._lent:
                self._lent.cleanup()
            self._lent = None

    def _pieces(self, digest: str) -> list[bytes]:
        wanted = sa.select(BLOB.c.content).where(BLOB.c.digest == digest).order_by(BLOB.c.piece)
        with self._database.reading() as connection:
            return list(connection.execute(wanted).scalars())


class OfferTable:
    """Best answers so far, one row for each unfinished run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, no: int, content: bytes) -> None:
        """Put an offer in the place of the one before, on disk when this returns."""
        row = {"run": no, "content": content}
        with self._database.aside() as connection:
            connection.execute(
                insert(OFFER).values(row).on_conflict_do_update(index_elements=["run"], set_=row)
            )

    def read(self, no: int) -> bytes | None:
        """The newest offer of a run, or None."""
        with self._database.reading() as connection:
            found: bytes | None = connection.execute(
                sa.select(OFFER.c.content).where(OFFER.c.run == no)
            ).scalar_one_or_none()
        return found

    def drop(self, no: int) -> None:
        """Forget a run's offer."""
        with self._database.aside() as connection:
            connection.execute(OFFER.delete().where(OFFER.c.run == no))
