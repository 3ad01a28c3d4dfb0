"""A copy that can be trusted: back up while others work, verify every digest, restore into an empty place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import sqlalchemy as sa

from lineshaft.core import BadInput, Fault, Words
from lineshaft.core.digest import frame_digest
from lineshaft.store import log, state
from lineshaft.store.copying import copy_rows
from lineshaft.store.database import StorageFailed
from lineshaft.store.home import Home, Place, home_of
from lineshaft.store.system import RUN, VERSIONS
from lineshaft.store.works import Works

EDITED = Words("its content no longer has the digest that was written down", "内容与记录的摘要不符")
LOST = Words("it is missing or damaged", "缺失或已损坏")


def backup(place: Place, target: Place) -> None:
    """Copy a works to a new place, where it is a works itself; all or nothing, and others may go on writing.

    The places may be of either kind: a folder is what to take away from a PostgreSQL works.

    Raises
    ------
    Missing
        No works at `place`.
    Refused
        `target` is there already.
    BadInput
        A stored file is damaged.
    """
    with Works.open(place) as works, closing(home_of(target)) as home:
        home.refuse_unless_free()
        _whole_or_nothing(works, home)


def restore(source: Place, place: Place) -> None:
    """Bring a backup back into a new place, after every digest in it has been recomputed.

    Raises
    ------
    Missing
        No backup at `source`.
    Refused
        `place` is there already.
    BadInput
        The backup is damaged; nothing was written.
    """
    with closing(home_of(place)) as home:
        home.refuse_unless_free()
        faults = verify(source)
        if faults:
            raise BadInput(faults)
        with Works.open(source) as works:
            _whole_or_nothing(works, home)


def verify(place: Place) -> list[Fault]:
    """Recompute what can be recomputed: the database's structure, each table, each log entry, each stored file.

    Returns
    -------
    list of Fault
        One for each place that does not hold; empty when all does.

    Raises
    ------
    Missing
        No works at `place`.
    """
    try:
        with Works.open(place) as works, works.database.reading() as connection:
            return list(_faults(works, connection))
    except StorageFailed as error:
        return [_damaged(error.cause)]


def named_blobs(connection: sa.Connection) -> list[str]:
    """Every file that the database names."""
    names = set(connection.execute(sa.select(VERSIONS.c.blob)).scalars())
    names |= set(
        connection.execute(sa.select(RUN.c.result_blob).where(RUN.c.result_blob.is_not(None))).scalars()
    )
    return sorted(names)


def _faults(works: Works, connection: sa.Connection) -> Iterator[Fault]:
    for found in works.database.dialect.damage(connection):
        yield _damaged(found)
    noted = state.digests(connection)
    for name, schema in works.catalog.schemas.items():
        if frame_digest(state.stored(connection, works.catalog, name), schema) != noted[name]:
            yield Fault(name, (), "", None, "digest", EDITED)
    for seq in log.broken(connection):
        yield Fault("ls_event", (seq,), "", None, "digest", EDITED)
    for digest in named_blobs(connection):
        if not works.blobs.is_whole(digest):
            yield Fault("blobs", (digest,), "", None, "blob", LOST)


def _damaged(what: str) -> Fault:
    words = Words(f"the database is damaged: {what}", f"数据库已损坏:{what}")
    return Fault("works.db", (), "", None, "database", words)


def _whole_or_nothing(works: Works, target: Home) -> None:
    """Fill a place beside the target and give it its name when it is whole and on disk."""
    with closing(target.part()) as part:
        try:
            _copy(works, part)
            target.become(part)
        except BaseException:
            part.clear()
            raise


def _copy(works: Works, target: Home) -> None:
    """Rows of one moment; files are never deleted, so every file that they name is there."""
    with works.database.reading() as connection:
        target.database.write(lambda into: copy_rows(connection, into))
        names = named_blobs(connection)
    for digest in names:
        if target.blobs.keep(works.blobs.read(digest)) != digest:
            raise BadInput([Fault("blobs", (digest,), "", None, "blob", LOST)])
