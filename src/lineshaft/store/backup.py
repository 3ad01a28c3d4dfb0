"""A copy that can be trusted: back up while others work, verify every digest, restore into an empty place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from lineshaft.core import BadInput, Fault, Missing, Refused, Words
from lineshaft.core.digest import frame_digest
from lineshaft.store import log, state
from lineshaft.store.blobs import BlobFolder, sync_folder
from lineshaft.store.database import StorageFailed
from lineshaft.store.system import RUN, VERSIONS
from lineshaft.store.works import Works

EDITED = Words("its content no longer has the digest that was written down", "内容与记录的摘要不符")
LOST = Words("it is missing or damaged", "缺失或已损坏")


def backup(path: Path, target: Path) -> None:
    """Copy a works to a new folder, which is a works itself; all or nothing, and others may go on writing.

    Raises
    ------
    Missing
        No works at `path`.
    Refused
        `target` is there already.
    """
    with Works.open(path) as works:
        _refuse_existing(target)
        _whole_or_nothing(target, lambda folder: _copy(works, folder))


def restore(source: Path, path: Path) -> None:
    """Bring a backup back into a new folder, after every digest in it has been recomputed.

    Raises
    ------
    Missing
        No backup at `source`.
    Refused
        `path` is there already.
    BadInput
        The backup is damaged; nothing was written.
    """
    _refuse_existing(path)
    faults = verify(source)
    if faults:
        raise BadInput(faults)
    with Works.open(source) as works:
        _whole_or_nothing(path, lambda folder: _copy(works, folder))


def verify(path: Path) -> list[Fault]:
    """Recompute what can be recomputed: the database's structure, each table, each log entry, each stored file.

    Returns
    -------
    list of Fault
        One for each place that does not hold; empty when all does.

    Raises
    ------
    Missing
        No works at `path`.
    """
    try:
        with Works.open(path) as works, works.database.reading() as connection:
            return list(_faults(works, connection))
    except StorageFailed as error:
        words = Words(f"the database is damaged: {error.cause}", f"数据库已损坏:{error.cause}")
        return [Fault("works.db", (), "", None, "database", words)]


def named_blobs(connection: sa.Connection) -> list[str]:
    """Every file that the database names."""
    names = set(connection.execute(sa.select(VERSIONS.c.blob)).scalars())
    names |= set(
        connection.execute(sa.select(RUN.c.result_blob).where(RUN.c.result_blob.is_not(None))).scalars()
    )
    return sorted(names)


def _faults(works: Works, connection: sa.Connection) -> Iterator[Fault]:
    for (found,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if found != "ok":
            words = Words(f"the database is damaged: {found}", f"数据库已损坏:{found}")
            yield Fault("works.db", (), "", None, "database", words)
    noted = state.digests(connection)
    for name, schema in works.catalog.schemas.items():
        if frame_digest(state.read(connection, works.catalog, name), schema) != noted[name]:
            yield Fault(name, (), "", None, "digest", EDITED)
    for seq in log.broken(connection):
        yield Fault("ls_event", (seq,), "", None, "digest", EDITED)
    for digest in named_blobs(connection):
        if not works.blobs.is_whole(digest):
            yield Fault("blobs", (digest,), "", None, "blob", LOST)


def _copy(works: Works, folder: Path) -> None:
    """The database first: files are never deleted, so every file it names is there afterwards."""
    works.database.backup(folder / "works.db")
    (folder / "offers").mkdir()
    target = BlobFolder(folder / "blobs")
    target.folder.mkdir()
    with Works(folder) as copied, copied.database.reading() as connection:
        names = named_blobs(connection)
    for digest in names:
        target.keep(works.blobs.read(digest))


def _whole_or_nothing(target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder beside the target and give it its name when it is whole and on disk."""
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        fill(part)
        _sync_file(part / "works.db")
        sync_folder(part)
        os.replace(part, target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync_folder(target.parent)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise Refused(f"{path} is there already.", f"{path} 已存在。")
    if not path.parent.is_dir():
        raise Missing(f"There is no folder {path.parent}.", f"没有文件夹 {path.parent}。")
