"""A run by value: whoever gets one needs the same Lineshaft and engine, and no works."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import lineshaft
from lineshaft.core import Engine, Refused, Result, Words, engines, find_engine
from lineshaft.core.run import NoBlobs
from lineshaft.core.solve import solve
from lineshaft.store import runs
from lineshaft.store.companion import Companion, News
from lineshaft.store.pack import pack, pack_frames, unpack, unpack_frames
from lineshaft.store.records import RunRecord

if TYPE_CHECKING:
    from lineshaft.store.works import Works


@dataclass(frozen=True)
class PackedRun:
    """All that a run needs: the engine's manifest, what was asked, and the tables it reads by member."""

    engine: Engine
    record: RunRecord
    tables: bytes


@dataclass(frozen=True)
class Parcel:
    """A packed result with the files its rows name."""

    result: bytes
    files: tuple[bytes, ...]


@dataclass(frozen=True)
class Word:
    """What the far side says at one beat."""

    offer: Parcel | None
    progress: tuple[float, Words] | None


class Luggage(NoBlobs):
    """Files that the engine keeps travel home with its answer; it cannot reach those of the works."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def keep(self, content: bytes) -> str:
        """Take a file along."""
        digest = hashlib.sha256(content).hexdigest()
        self.files[digest] = content
        return digest


def pack_run(works: Works, record: RunRecord) -> PackedRun:
    """A run with its inputs, ready to travel."""
    return PackedRun(works.engine(record.engine), record, pack_frames(runs.inputs(works, record)))


def do_packed(packed: PackedRun, tell: Callable[[Word], bool]) -> Parcel:
    """Do a run on the far side. `tell` is called at every beat; True asks the run to stop.

    Raises
    ------
    Refused
        Another version of Lineshaft or of the engine is installed here.
    LineshaftError
        What the run raised.
    """
    _refuse_other_versions(packed)
    luggage = Luggage()

    def parcel(result: Result[Any]) -> Parcel:
        return Parcel(pack(result), tuple(luggage.files.values()))

    def beat(news: News) -> bool:
        return tell(Word(parcel(news.offer) if news.offer else None, news.progress))

    companion = Companion(beat)
    run = companion.beside(runs.run_of(packed.record), luggage)
    frames = unpack_frames(packed.tables)
    return parcel(companion.answer(lambda: solve(packed.engine, frames, packed.record.params, run)))


def unpack_parcel(works: Works, engine: Engine, parcel: Parcel) -> Result[Any]:
    """A result that came home; its files are kept first."""
    for content in parcel.files:
        works.blobs.keep(content)
    return unpack(parcel.result, engine.load("outputs"))


def _refuse_other_versions(packed: PackedRun) -> None:
    record, name = packed.record, packed.record.engine
    here = find_engine(name).version if name in engines() else record.engine_version
    if (lineshaft.__version__, here) != (record.lineshaft_version, record.engine_version):
        raise Refused(
            f"The node has Lineshaft {lineshaft.__version__} with {name} version {here}, the works has "
            f"{record.lineshaft_version} with version {record.engine_version}: install the same on both.",
            f"计算节点为 Lineshaft {lineshaft.__version__}({name} 第 {here} 版),本机为 "
            f"{record.lineshaft_version}(第 {record.engine_version} 版);请安装相同版本。",
        )
